// Runs programs for the JavaScript side on a thread of its own: starts them, keeps the beginning of their
// output, ends their process groups, and reports how they ended. One epoll instance watches any number of
// them by pidfd, so nobody else's children are ever waited for. It knows nothing of time limits, nor of
// whether a script is safe to run.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "native/base/result.h"
#include "native/launch/child.h"

namespace ka::launch {

enum class End : std::uint8_t {
  kExited = 0,      // `status` is the exit status
  kSignalled = 1,   // `status` is the signal's number
  kNotStarted = 2,  // `err_no` and `op` say why
};

struct Report {
  std::uint32_t id = 0;
  End end = End::kExited;
  int status = 0;
  int err_no = 0;
  /// The call that failed, static storage.
  const char* op = "";
  /// The first capture_bytes of the output.
  std::string output;
  /// Bytes written up to the end.
  std::uint64_t output_bytes = 0;
};

/// Called on the launcher's thread with what ended since the last call.
using Sink = std::function<void(std::vector<Report>&&)>;

/// Owner of the thread. Children that still run when it goes get SIGTERM from the kernel.
class Launcher {
 public:
  /// Errors: kUnsupported (before Linux 5.4 nobody can wait for a pidfd), kKernel.
  static Result<std::unique_ptr<Launcher>> start(Sink sink);
  Launcher(const Launcher&) = delete;
  Launcher& operator=(const Launcher&) = delete;
  /// Stops the thread; what still runs ends without a report.
  ~Launcher();

  /// Runs `spec`; exactly one report follows.   Thread: any
  void launch(Spec spec);
  /// Sends a signal to the process group of a run. From then on the group is killed when its leader ends. A
  /// run that has ended is left alone.   Thread: any
  void signal(std::uint32_t id, int number);

 private:
  class Thread;
  explicit Launcher(std::unique_ptr<Thread> thread);
  std::unique_ptr<Thread> thread_;
};

}  // namespace ka::launch
