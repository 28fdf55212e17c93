// The Ipvs object of the addon: commands, dumps and counters of the kernel's IPVS as promises.
#pragma once

#include <napi.h>

namespace ka::addon {

/// Adds the class `Ipvs` to the exports.   Thread: js
void init_ipvs(Napi::Env env, Napi::Object exports);

}  // namespace ka::addon
