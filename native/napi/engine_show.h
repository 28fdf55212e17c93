// Engine values -> JavaScript objects, in the shapes of bindings/native-*.ts.   Thread: js
#pragma once

#include <napi.h>

#include <memory>
#include <string>
#include <vector>

#include "native/base/result.h"
#include "native/engine/events.h"
#include "native/engine/status.h"

namespace ka::addon {

/// What the JavaScript side keeps of a router: what the engine thread writes, and names for it.
struct KnownRouter {
  vrrp::RouterId id = 0;
  std::shared_ptr<engine::RouterShared> shared;
  std::shared_ptr<engine::InstalledFlags> installed;
  /// Names of the addresses behind `installed`.
  std::vector<std::string> addresses;
};

/// An Error with `code`, `errno` and `syscall`.
[[nodiscard]] Napi::Object error_to_js(Napi::Env env, const Error& error);
[[nodiscard]] Napi::Object event_to_js(Napi::Env env, const engine::Event& event);
[[nodiscard]] Napi::Object overflow_to_js(Napi::Env env, std::uint64_t lost);
[[nodiscard]] Napi::Object router_status_to_js(Napi::Env env, const KnownRouter& router);
/// NativeRecord: the adverts of one router in runs, oldest first, and the latest wake-ups.
[[nodiscard]] Napi::Object record_to_js(Napi::Env env, const engine::RouterShared& router,
                                        const engine::EngineShared& shared);
/// Everything of NativeEngineStatus but `routers`.
[[nodiscard]] Napi::Object engine_status_to_js(Napi::Env env, const engine::EngineShared& shared);

}  // namespace ka::addon
