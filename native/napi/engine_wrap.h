// The Engine object of the addon: start, apply, status, stop, heartbeat.
#pragma once

#include <napi.h>

namespace ka::addon {

/// Adds the class `Engine` to the exports.   Thread: js
void init_engine(Napi::Env env, Napi::Object exports);

}  // namespace ka::addon
