#include "native/engine/rival_watch.h"

#include <doctest/doctest.h>

#include "native/engine/clock.h"
#include "native/engine/vip_probe.h"

using namespace ka;
using namespace ka::engine;

namespace {

constexpr Nanos kInterval = std::chrono::seconds{1};
constexpr Instant at(double seconds) {
  return Instant{std::chrono::hours{1}} + Nanos{static_cast<std::int64_t>(seconds * 1e9)};
}
Rival adverts() {
  return {RivalSign::kAdverts, IpAddr::v4({10, 0, 0, 28}), 90, {}, {}};
}
Rival neighbour() {
  return {RivalSign::kNeighbour, {}, 0, IpAddr::v4({10, 0, 0, 100}), MacAddr{2, 0, 0, 0, 0, 28}};
}

}  // namespace

TEST_CASE("the one or two adverts of a handover are no alarm, those that go on are, within three intervals") {
  RivalWatch watch;
  CHECK(watch.seen(adverts(), kInterval, at(0)) == RivalNews::kNone);
  CHECK(watch.seen(adverts(), kInterval, at(1)) == RivalNews::kNone);
  CHECK(watch.seen(adverts(), kInterval, at(2)) == RivalNews::kRaised);
  CHECK(watch.seen(adverts(), kInterval, at(3)) == RivalNews::kNone);
  CHECK(watch.rival().peer == IpAddr::v4({10, 0, 0, 28}));
}

TEST_CASE("adverts far apart, and many at one moment, are no alarm") {
  RivalWatch watch;
  for (int i = 0; i < 10; ++i) CHECK(watch.seen(adverts(), kInterval, at(4 * i)) == RivalNews::kNone);
  RivalWatch burst;
  for (int i = 0; i < 10; ++i) CHECK(burst.seen(adverts(), kInterval, at(0)) == RivalNews::kNone);
}

TEST_CASE("an answer for the address is a sign when it comes twice") {
  RivalWatch watch;
  CHECK(watch.seen(neighbour(), kInterval, at(0)) == RivalNews::kNone);
  CHECK(watch.seen(neighbour(), kInterval, at(0)) == RivalNews::kNone);
  CHECK(watch.seen(neighbour(), kInterval, at(1)) == RivalNews::kRaised);
  CHECK(watch.rival().mac == MacAddr{2, 0, 0, 0, 0, 28});
}

TEST_CASE("the alarm ends when the signs have ended, once, and when the router is Active no more") {
  RivalWatch watch;
  for (const double second : {0.0, 1.0, 2.0}) static_cast<void>(watch.seen(adverts(), kInterval, at(second)));
  CHECK(watch.look(at(4.9)) == RivalNews::kNone);
  CHECK(watch.look(at(5.1)) == RivalNews::kCleared);
  CHECK(watch.look(at(6)) == RivalNews::kNone);
  for (const double second : {10.0, 11.0, 12.0})
    static_cast<void>(watch.seen(adverts(), kInterval, at(second)));
  CHECK(watch.forget() == RivalNews::kCleared);
  CHECK(watch.forget() == RivalNews::kNone);
}

TEST_CASE("answers for the address keep an alarm of adverts alive") {
  RivalWatch watch;
  for (const double second : {0.0, 1.0, 2.0}) static_cast<void>(watch.seen(adverts(), kInterval, at(second)));
  CHECK(watch.seen(neighbour(), kInterval, at(4)) == RivalNews::kNone);
  CHECK(watch.look(at(6)) == RivalNews::kNone);
  CHECK(watch.rival().sign == RivalSign::kAdverts);
}

TEST_CASE("the prober asks a hundred times a second at most, after a burst of twenty") {
  VipProber prober;
  const auto asked = [&](double from, double until) {
    int count = 0;
    for (double second = from; second < until; second += 0.001) count += prober.may_ask(at(second)) ? 1 : 0;
    return count;
  };
  const int first = asked(0, 1);
  CHECK(first >= 115);
  CHECK(first <= 121);
  const int second = asked(1, 2);
  CHECK(second >= 98);
  CHECK(second <= 101);
}

TEST_CASE("a suspension is what CLOCK_BOOTTIME counted beyond CLOCK_MONOTONIC, and nothing else is") {
  SuspendClock clock;
  CHECK(clock.slept(at(100), at(40)) == Nanos{0});
  CHECK(clock.slept(at(101), at(41)) == Nanos{0});
  // Interrupted between the two readings: the difference shrinks, and is back at the next.
  CHECK(clock.slept(at(102), at(45)) == Nanos{0});
  CHECK(clock.slept(at(106), at(46)) == Nanos{0});
  CHECK(clock.slept(at(116), at(47)) == Nanos{std::chrono::seconds{9}});
  CHECK(clock.slept(at(117), at(48)) == Nanos{0});
  // Below a millisecond it is the time between the readings.
  CHECK(clock.slept(at(118.0005), at(49)) == Nanos{0});
}
