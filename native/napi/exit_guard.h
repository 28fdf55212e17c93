// Runs something when the JavaScript environment, or the whole process, ends in any way that runs code at
// all: worker terminated, event loop empty, process.exit, uncaught exception.
#pragma once

#include <napi.h>

#include <cstdint>
#include <functional>

namespace ka::addon {

/// What ends: an environment that can still be cleaned up, or the process.
enum class Ending : std::uint8_t { kEnvironment, kProcess };

/// `stop` runs at most once, on the thread of the environment; never after the guard is gone. Thread: js.
class ExitGuard {
 public:
  ExitGuard(Napi::Env env, std::function<void(Ending)> stop);
  ~ExitGuard();
  ExitGuard(const ExitGuard&) = delete;
  ExitGuard& operator=(const ExitGuard&) = delete;

  void run(Ending ending);

 private:
  napi_env env_;
  std::function<void(Ending)> stop_;
};

}  // namespace ka::addon
