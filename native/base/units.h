// Units of time and the small integers of VRRP, as types. Knows no clock: core code is handed every Instant.
#pragma once

#include <chrono>
#include <cstdint>

namespace ka {

using Nanos = std::chrono::nanoseconds;
using Micros = std::chrono::microseconds;
using Millis = std::chrono::milliseconds;
/// VRRPv3 advert intervals travel in centiseconds (RFC 9568 section 5.2.7).
using Centis = std::chrono::duration<std::int64_t, std::centi>;

/// The time line of CLOCK_MONOTONIC. It has no now(): only the engine (or a test) says what time it is.
struct Monotonic {
  using duration = Nanos;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<Monotonic>;
  static constexpr bool is_steady = true;
};
using Instant = Monotonic::time_point;

/// Virtual Router Identifier, 1..255 (RFC 9568 section 5.2.3).
using Vrid = std::uint8_t;
/// 0 (leaving), 1..254, 255 (address owner) (RFC 9568 section 5.2.4).
using Priority = std::uint8_t;
/// Kernel interface index; 0 means none.
using IfIndex = std::uint32_t;

inline constexpr Priority kPriorityLeaving = 0;
inline constexpr Priority kPriorityOwner = 255;

}  // namespace ka
