// The AddressWatch object of the addon: addresses that come to the host and leave it.
#pragma once

#include <napi.h>

namespace ka::addon {

/// Adds the class `AddressWatch` to the exports.   Thread: js
void init_address_watch(Napi::Env env, Napi::Object exports);

}  // namespace ka::addon
