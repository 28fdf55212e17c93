// A native failure as a JavaScript error.
#pragma once

#include <napi.h>

#include <cstring>
#include <string>

#include "native/base/result.h"

namespace ka::addon {

/// An Error with `code`, `errno` (0: none) and `syscall`; its message says what it was about, and why.
/// Thread: js
inline Napi::Error failure(Napi::Env env, const char* code, const Error& error) {
  const std::string about = error.detail.empty() ? std::string(error.op) : error.detail;
  const std::string reason =
      error.err_no == 0 ? std::string() : std::string(": ") + std::strerror(error.err_no);
  Napi::Error made = Napi::Error::New(env, about + reason);
  made.Set("code", Napi::String::New(env, code));
  made.Set("errno", Napi::Number::New(env, error.err_no));
  made.Set("syscall", Napi::String::New(env, error.op));
  return made;
}

}  // namespace ka::addon
