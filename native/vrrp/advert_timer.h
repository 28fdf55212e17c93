// When an Active Router's adverts are due. Knows no clock.
#pragma once

#include <algorithm>

#include "native/base/units.h"

namespace ka::vrrp {

/// Adverts keep to a grid, so that lateness never adds up. One that left late does not make the next interval
/// shorter by all of its lateness, which would be a second wrong interval: the grid is reached again in small
/// steps. Periods slept through are not made up for.
class AdvertTimer {
 public:
  /// The least by which an interval is shortened to reach the grid, and with it the lateness that the next
  /// interval makes good at once: a thousandth, but no less than what wake-ups are late by anyway.
  static constexpr Nanos least_step(Nanos interval) {
    return std::max<Nanos>(interval / 1000, std::chrono::microseconds{250});
  }

  AdvertTimer() = default;
  explicit AdvertTimer(Instant first) : grid_(first), due_(first) {}

  [[nodiscard]] Instant due() const { return due_; }

  /// The advert that was due leaves at `now`. Preconditions: due() <= now, interval > 0.
  void next(Instant now, Nanos interval) {
    const bool slept_through = now - due_ >= interval;
    grid_ += interval * ((now - grid_) / interval + 1);
    const Nanos behind = now + interval - grid_;
    due_ =
        slept_through ? grid_ : now + interval - std::min(behind, std::max(least_step(interval), behind / 8));
  }

 private:
  Instant grid_{};  // where the next advert belongs; never after due_
  Instant due_{};
};

}  // namespace ka::vrrp
