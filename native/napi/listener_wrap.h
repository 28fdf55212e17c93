// listenForAdverts of the addon.
#pragma once

#include <napi.h>

namespace ka::addon {

/// Adds `listenForAdverts(interface, milliseconds)` to the exports: a promise.   Thread: js
void init_listener(Napi::Env env, Napi::Object exports);

}  // namespace ka::addon
