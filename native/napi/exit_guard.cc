#include "native/napi/exit_guard.h"

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <utility>
#include <vector>

namespace ka::addon {
namespace {

/// Guards of all environments of the process. A global, because exit() knows no environment: process.exit()
/// on the main thread runs no cleanup hooks, only what atexit() was told.
struct Registry {
  std::mutex mutex;
  std::vector<ExitGuard*> guards;
  bool is_registered = false;
};

Registry& registry() {
  // Never destroyed: guards may outlive static destructors.
  static Registry* const instance = new Registry;
  return *instance;
}

void run_all() {
  std::vector<ExitGuard*> guards;
  {
    const std::lock_guard lock(registry().mutex);
    guards = std::exchange(registry().guards, {});
  }
  for (ExitGuard* guard : guards) guard->run(Ending::kProcess);
}

void run_one(void* guard) {
  static_cast<ExitGuard*>(guard)->run(Ending::kEnvironment);
}

}  // namespace

ExitGuard::ExitGuard(Napi::Env env, std::function<void(Ending)> stop) : env_(env), stop_(std::move(stop)) {
  napi_add_env_cleanup_hook(env_, run_one, this);
  const std::lock_guard lock(registry().mutex);
  registry().guards.push_back(this);
  if (!std::exchange(registry().is_registered, true)) static_cast<void>(std::atexit(run_all));
}

ExitGuard::~ExitGuard() {
  napi_remove_env_cleanup_hook(env_, run_one, this);
  const std::lock_guard lock(registry().mutex);
  std::erase(registry().guards, this);
}

void ExitGuard::run(Ending ending) {
  if (const auto stop = std::exchange(stop_, nullptr)) stop(ending);
}

}  // namespace ka::addon
