#include "native/napi/namespace_wrap.h"

#include <fcntl.h>
#include <sched.h>

#include <cerrno>
#include <string>

#include "native/net/fd.h"

namespace ka::addon {
namespace {

/// enterNamespace(path): 0 or -errno. Of the calling thread, and of all threads and processes that it starts
/// afterwards.   Equivalent: nsenter --net=PATH   Thread: js
Napi::Value enter_namespace(const Napi::CallbackInfo& info) {
  const std::string path = info[0].ToString().Utf8Value();
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const bool is_in = fd.valid() && ::setns(fd.get(), CLONE_NEWNET) == 0;
  return Napi::Number::New(info.Env(), is_in ? 0 : -errno);
}

}  // namespace

void init_namespace(Napi::Env env, Napi::Object exports) {
  exports.Set("enterNamespace", Napi::Function::New(env, enter_namespace, "enterNamespace"));
}

}  // namespace ka::addon
