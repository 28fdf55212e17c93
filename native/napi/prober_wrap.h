// The Prober object of the addon: layer-4 probes whose results come back in batches.
#pragma once

#include <napi.h>

namespace ka::addon {

/// Adds the class `Prober` to the exports.   Thread: js
void init_prober(Napi::Env env, Napi::Object exports);

}  // namespace ka::addon
