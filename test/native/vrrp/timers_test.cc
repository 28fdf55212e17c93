#include "native/vrrp/timers.h"

#include <doctest/doctest.h>

using namespace ka;
using vrrp::active_down_interval;
using vrrp::skew_time;
using vrrp::Version;

TEST_CASE("v2 skew is (256 - priority) / 256 seconds, whatever the interval [RFC3768-6.1]") {
  CHECK(skew_time(Version::kV2, 100, std::chrono::seconds(1)) == Nanos(609'375'000));
  CHECK(skew_time(Version::kV2, 100, std::chrono::seconds(5)) == Nanos(609'375'000));
  CHECK(skew_time(Version::kV2, 1, std::chrono::seconds(1)) == Nanos(996'093'750));
  CHECK(skew_time(Version::kV2, 255, std::chrono::seconds(1)) == Nanos(3'906'250));
}

TEST_CASE("v3 skew is (256 - priority) / 256 of the master's interval [RFC9568-6.1]") {
  CHECK(skew_time(Version::kV3, 100, Millis(1000)) == Nanos(609'375'000));
  CHECK(skew_time(Version::kV3, 100, Millis(100)) == Nanos(60'937'500));
  CHECK(skew_time(Version::kV3, 100, Millis(10)) == Nanos(6'093'750));
  CHECK(skew_time(Version::kV3, 254, Millis(10)) == Nanos(78'125));
  CHECK(skew_time(Version::kV3, 255, Millis(10)) == Nanos(39'062));  // 39 062.5 ns
  CHECK(skew_time(Version::kV3, 100, Millis(10'000)) == Nanos(6'093'750'000));
  CHECK(skew_time(Version::kV3, 1, Millis(40'950)) == Nanos(40'790'039'062));
}

TEST_CASE("the interval until takeover is three adverts and the skew, as keepalived was measured") {
  CHECK(active_down_interval(Version::kV2, 100, std::chrono::seconds(1)) == Nanos(3'609'375'000));
  CHECK(active_down_interval(Version::kV2, 1, std::chrono::seconds(1)) == Nanos(3'996'093'750));
  CHECK(active_down_interval(Version::kV2, 150, std::chrono::seconds(1)) == Nanos(3'414'062'500));
  CHECK(active_down_interval(Version::kV3, 100, Millis(100)) == Nanos(360'937'500));
  CHECK(active_down_interval(Version::kV3, 200, Millis(5000)) == Nanos(16'093'750'000));
  CHECK(active_down_interval(Version::kV3, 254, Millis(10)) == Nanos(30'078'125));
}

TEST_CASE("down_timer_adverts changes how many adverts may be missed [keepalived: down_timer_adverts]") {
  CHECK(active_down_interval(Version::kV2, 100, std::chrono::seconds(1), 1) == Nanos(1'609'375'000));
  CHECK(active_down_interval(Version::kV2, 100, std::chrono::seconds(1), 10) == Nanos(10'609'375'000));
}
