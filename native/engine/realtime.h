// Scheduling wishes for the engine thread: real-time class, nice value, affinity, memory locking.
#pragma once

#include <optional>
#include <vector>

#include "native/base/result.h"
#include "native/engine/config.h"

namespace ka::engine {

/// Does what `options` asks for, for the calling thread (memory locking and RLIMIT_RTTIME: for the process).
/// Without a real-time class the thread gets the shortest slice of its class (sched_setattr(2), Linux 6.12),
/// so that it need not wait for a busy one's to end. What could not be had is returned; it is a warning, not
/// a failure. Thread: engine.
[[nodiscard]] std::vector<Error> apply_realtime(const Options& options);

/// The scheduling class of the worker beside the engine's thread, one real-time priority below it: an address
/// is there soon, and never in front of an advert. Affinity is inherited. What is refused was told of
/// already.
void apply_worker_scheduling(const Options& options);

/// keepalived max_auto_priority: a thread that wakes too late becomes a real-time thread (SCHED_RR), one
/// priority higher each time. Thread: engine.
class AutoPriority {
 public:
  /// Changes nothing when `late` is less than the delay that was configured, or the highest priority is
  /// reached: std::nullopt. Else the new priority, or why it was refused (kPermission), which is final.
  [[nodiscard]] std::optional<Result<int>> woke_late(Micros late, const Options& options);

 private:
  int raised_ = 0;  // beyond what was configured
  bool is_refused_ = false;
};

}  // namespace ka::engine
