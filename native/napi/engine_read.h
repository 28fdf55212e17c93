// JavaScript objects -> engine values. The shapes are those of bindings/native-config.ts; a mistake is
// answered with where it is, what was expected and what came.   Thread: js
#pragma once

#include <napi.h>

#include "native/base/result.h"
#include "native/engine/config.h"

namespace ka::addon {

Result<engine::Options> read_options(const Napi::Object& from);
/// Routers come without `shared` and `installed`; the caller puts them in.
Result<engine::Transaction> read_transaction(const Napi::Object& from);

}  // namespace ka::addon
