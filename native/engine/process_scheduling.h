// Scheduling of a whole process that runs no engine: the checkers (keepalived checker_priority and its kin).
#pragma once

#include <optional>
#include <vector>

#include "native/base/result.h"
#include "native/base/units.h"

namespace ka::engine {

/// What is absent stays as it is.
struct ProcessScheduling {
  /// Nice value, -20 .. 19 (setpriority).
  std::optional<int> niceness;
  /// SCHED_RR priority 1 .. 99; 0: back to SCHED_OTHER. Programs that the process starts do not inherit it.
  std::optional<int> realtime_priority;
  /// CPUs that may be used; an empty list: all.
  std::optional<std::vector<int>> cpus;
  /// true: see MemoryLock, false: munlockall.
  std::optional<bool> lock_memory;
  /// RLIMIT_RTTIME: CPU time of a real-time thread without a pause, after which the kernel kills the process.
  std::optional<Micros> rlimit_rttime;
};

/// Does it for every thread that the process has now (memory and the limit: for the process).
/// What could not be had is returned, each thing once; it is a warning, not a failure. Thread: any.
[[nodiscard]] std::vector<Error> schedule_process(const ProcessScheduling& wanted);

}  // namespace ka::engine
