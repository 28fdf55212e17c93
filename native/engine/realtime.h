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
/// Its real-time priority; 0: none.
[[nodiscard]] int worker_priority(const Options& options);

/// vrrp_rlimit_rttime: a real-time thread that computes for longer than that without a pause must not keep
/// others from a processor for good. keepalived is killed by the kernel then, as it may be with 200 instances
/// at work at one instant; a thread of ours goes on without its class until it has slept. Thread: one
/// real-time thread.
class RealtimeLease {
 public:
  RealtimeLease();
  /// When the thread has slept: back to `priority` (0: it has no class) if it had to leave it. True: it had.
  bool renew(int priority, const Options& options);

 private:
  unsigned seen_;
};

/// keepalived max_auto_priority: a thread that wakes too late becomes a real-time thread (SCHED_RR), one
/// priority higher each time. Thread: engine.
class AutoPriority {
 public:
  /// Changes nothing when `late` is less than the delay that was configured, or the highest priority is
  /// reached: std::nullopt. Else the new priority, or why it was refused (kPermission), which is final.
  [[nodiscard]] std::optional<Result<int>> woke_late(Micros late, const Options& options);
  /// The real-time priority that the thread has now; 0: none.
  [[nodiscard]] int current(const Options& options) const {
    return options.realtime_priority.value_or(0) + raised_;
  }

 private:
  int raised_ = 0;  // beyond what was configured
  bool is_refused_ = false;
};

}  // namespace ka::engine
