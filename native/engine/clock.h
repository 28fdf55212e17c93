// The engine's only source of time, and the relation of the kernel's wall-clock time stamps to it.
#pragma once

#include <cstdint>
#include <ctime>
#include <utility>

#include "native/base/units.h"

namespace ka::engine {

/// CLOCK_MONOTONIC.
[[nodiscard]] inline Instant monotonic_now() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return Instant{std::chrono::seconds{now.tv_sec} + Nanos{now.tv_nsec}};
}

/// CLOCK_REALTIME in nanoseconds since 1970.
[[nodiscard]] inline std::int64_t realtime_now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

/// CLOCK_BOOTTIME, which goes on while the machine is suspended.
[[nodiscard]] inline Instant boottime_now() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return Instant{std::chrono::seconds{now.tv_sec} + Nanos{now.tv_nsec}};
}

/// Finds that the machine was suspended: CLOCK_BOOTTIME went on and CLOCK_MONOTONIC did not.
class SuspendClock {
 public:
  /// How long it was suspended since the last call. `boottime` is to be read before `monotonic`: whatever
  /// comes in between makes the difference smaller, and never looks like a suspension.
  [[nodiscard]] Nanos slept(Instant boottime, Instant monotonic) {
    const Nanos difference = boottime - monotonic;
    const Nanos grown = difference - difference_;
    const bool is_first = !std::exchange(is_known_, true);
    if (is_first || grown > Nanos{0}) difference_ = difference;
    return is_first || grown < kLeast ? Nanos{0} : grown;
  }

 private:
  /// The clocks are read one after the other.
  static constexpr Nanos kLeast = std::chrono::milliseconds{1};
  Nanos difference_{};
  bool is_known_ = false;
};

/// Turns wall-clock time stamps of packets into monotonic time. A packet was received between the last time
/// its socket was found empty and now; what a stepped clock makes of it is kept within that.
class StampClock {
 public:
  /// Begins a wake-up at `now`, which is `wall_ns` on the wall clock.
  void begin(Instant now, std::int64_t wall_ns) {
    now_ = now;
    const std::int64_t offset = now.time_since_epoch().count() - wall_ns;
    const std::int64_t moved = offset > offset_ns_ ? offset - offset_ns_ : offset_ns_ - offset;
    // A clock that is only disciplined runs off by less than 500 ppm.
    const std::int64_t slewed = (now - offset_at_).count() / 1000 + 1'000'000;
    is_stepped_ = moved > slewed;
    offset_ns_ = offset;
    offset_at_ = now;
  }
  /// False: when a packet with this stamp came is not known better than "by now".
  [[nodiscard]] bool is_known(std::int64_t realtime_ns) const { return realtime_ns != 0 && !is_stepped_; }
  /// `earliest`: when the socket was last known to be empty. 0 stands for "no time stamp".
  [[nodiscard]] Instant received_at(std::int64_t realtime_ns, Instant earliest) const {
    if (!is_known(realtime_ns)) return now_;
    const Instant stamp{Nanos{realtime_ns + offset_ns_}};
    return stamp > now_ ? now_ : stamp < earliest ? earliest : stamp;
  }

 private:
  Instant now_{};
  Instant offset_at_{};
  std::int64_t offset_ns_ = 0;
  bool is_stepped_ = true;
};

}  // namespace ka::engine
