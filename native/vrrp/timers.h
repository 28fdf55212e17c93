// The two intervals of VRRP, exact. Nanoseconds, because 1/256 of 10 ms is no whole number of microseconds.
#pragma once

#include "native/base/units.h"
#include "native/vrrp/types.h"

namespace ka::vrrp {

/// How much later a router of lower priority gives the master up, so that the best Backup Router is first.
/// v2 (RFC 3768 section 6.1): (256 - priority) / 256 seconds, whatever the interval.
/// v3 (RFC 9568 section 6.1): (256 - priority) * Active_Adver_Interval / 256.
constexpr Nanos skew_time(Version version, Priority own, Micros active_adver_interval) {
  const Nanos unit = version == Version::kV2 ? Nanos(std::chrono::seconds(1)) : Nanos(active_adver_interval);
  return unit * (256 - int{own}) / 256;
}

/// Time a Backup Router waits before it takes over.
/// RFC 9568 section 6.1: (3 * Active_Adver_Interval) + Skew_Time; keepalived lets 3 be configured
/// (down_timer_adverts).
constexpr Nanos active_down_interval(Version version, Priority own, Micros active_adver_interval,
                                     int missed_adverts = 3) {
  return Nanos(active_adver_interval) * missed_adverts + skew_time(version, own, active_adver_interval);
}

/// How long an Active Router that has offered its mastership waits for somebody to speak: the Skew_Time of
/// the lowest priority, half of it again for scheduling, and the way of the adverts.
constexpr Nanos offer_time(Version version, Micros advert_interval) {
  return skew_time(version, 1, advert_interval) * 3 / 2 + Nanos(std::chrono::milliseconds(100));
}

}  // namespace ka::vrrp
