// Signals whose default would end the process without a word on the wire. It knows nothing of those that mean
// something to the daemon.
#pragma once

#include <napi.h>

namespace ka::addon {

/// Adds the function `outliveSignals` to the exports.   Thread: js
void init_signals(Napi::Env env, Napi::Object exports);

}  // namespace ka::addon
