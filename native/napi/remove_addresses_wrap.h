// `removeAddresses` of the addon: what a process that died has left.
#pragma once

#include <napi.h>

namespace ka::addon {

/// Adds the function `removeAddresses` to the exports.   Thread: js
void init_remove_addresses(Napi::Env env, Napi::Object exports);

}  // namespace ka::addon
