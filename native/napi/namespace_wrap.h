// Network namespaces of this process's own thread.
#pragma once

#include <napi.h>

namespace ka::addon {

/// Adds enterNamespace(path) to the addon.
void init_namespace(Napi::Env env, Napi::Object exports);

}  // namespace ka::addon
