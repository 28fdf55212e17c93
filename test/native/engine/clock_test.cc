#include "native/engine/clock.h"

#include <doctest/doctest.h>

namespace ka::engine {
namespace {

constexpr Instant kBoot{std::chrono::seconds{100}};
constexpr std::int64_t kWall = 1'700'000'000'000'000'000;

TEST_CASE("a packet's wall-clock stamp becomes monotonic time, between the last empty socket and now") {
  StampClock clock;
  clock.begin(kBoot, kWall);
  clock.begin(kBoot + Millis{20}, kWall + 20'000'000);
  const Instant now = kBoot + Millis{20};
  CHECK(clock.received_at(kWall + 15'000'000, kBoot) == kBoot + Millis{15});
  CHECK(clock.received_at(kWall + 15'000'000, kBoot + Millis{18}) == kBoot + Millis{18});
  CHECK(clock.received_at(kWall + 25'000'000, kBoot) == now);
  CHECK(clock.received_at(0, kBoot) == now);
  CHECK_FALSE(clock.is_known(0));
}

TEST_CASE("a stepped wall clock dates packets by the wake-up, once, and by itself again after that") {
  for (const std::int64_t step : {std::int64_t{3'600'000'000'000}, std::int64_t{-3'600'000'000'000}}) {
    StampClock clock;
    clock.begin(kBoot, kWall);
    clock.begin(kBoot + Millis{10}, kWall + 10'000'000);
    REQUIRE(clock.is_known(kWall));
    // Stepped while asleep: the stamp may be from before or after the step.
    const Instant now = kBoot + Millis{20};
    clock.begin(now, kWall + 20'000'000 + step);
    for (const std::int64_t stamp : {kWall + 15'000'000, kWall + 19'000'000 + step}) {
      CHECK(clock.received_at(stamp, kBoot + Millis{10}) == now);
      CHECK_FALSE(clock.is_known(stamp));
    }
    clock.begin(kBoot + Millis{30}, kWall + 30'000'000 + step);
    CHECK(clock.received_at(kWall + 25'000'000 + step, kBoot + Millis{20}) == kBoot + Millis{25});
  }
}

TEST_CASE("a wall clock that is only disciplined is not a step") {
  StampClock clock;
  clock.begin(kBoot, kWall);
  for (int i = 1; i <= 10; ++i) {
    // 400 ppm fast.
    clock.begin(kBoot + std::chrono::seconds{i}, kWall + i * 1'000'400'000LL);
    CHECK(clock.is_known(kWall + i * 1'000'400'000LL));
  }
}

}  // namespace
}  // namespace ka::engine
