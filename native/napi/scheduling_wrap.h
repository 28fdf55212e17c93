// How the whole process is scheduled, for a process that has no engine thread of its own.
#pragma once

#include <napi.h>

namespace ka::addon {

/// Adds the function `scheduleProcess` to the exports.   Thread: js
void init_scheduling(Napi::Env env, Napi::Object exports);

}  // namespace ka::addon
