// The Launcher object of the addon: programs whose ends come back in batches.
#pragma once

#include <napi.h>

namespace ka::addon {

/// Adds the class `Launcher` to the exports.   Thread: js
void init_launcher(Napi::Env env, Napi::Object exports);

}  // namespace ka::addon
