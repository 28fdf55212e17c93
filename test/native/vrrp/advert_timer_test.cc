#include "native/vrrp/advert_timer.h"

#include <doctest/doctest.h>
#include <vector>

#include "test/native/vrrp/rig.h"

using namespace ka;
using namespace ka::test;

namespace {

constexpr Nanos us(std::int64_t count) {
  return std::chrono::microseconds(count);
}

/// How far behind its grid each advert leaves, in microseconds, when the first is late by `late` and the
/// others leave when they are due.
std::vector<std::int64_t> behind(Nanos late, Nanos interval, int adverts) {
  AdvertTimer timer(at(Nanos{0}));
  std::vector<std::int64_t> found;
  for (int i = 0; i < adverts; ++i) {
    const Instant leaves = timer.due() + (i == 0 ? late : Nanos{0});
    const Nanos from_grid = leaves - at(i * interval);
    found.push_back(std::chrono::duration_cast<std::chrono::microseconds>(from_grid).count());
    timer.next(leaves, interval);
  }
  return found;
}

}  // namespace

TEST_CASE("a little lateness is made good by the next interval") {
  CHECK(behind(us(40), ms(10), 3) == std::vector<std::int64_t>{40, 0, 0});
  CHECK(behind(us(250), ms(10), 3) == std::vector<std::int64_t>{250, 0, 0});
  CHECK(behind(us(1000), seconds(1), 3) == std::vector<std::int64_t>{1000, 0, 0});
}

TEST_CASE("a late advert makes one wrong interval, and the grid is reached again in small steps") {
  CHECK(behind(us(1100), ms(10), 7) == std::vector<std::int64_t>{1100, 850, 600, 350, 100, 0, 0});
  CHECK(behind(us(1100), ms(100), 7) == std::vector<std::int64_t>{1100, 850, 600, 350, 100, 0, 0});
  CHECK(behind(us(4500), seconds(1), 7) == std::vector<std::int64_t>{4500, 3500, 2500, 1500, 500, 0, 0});
}

TEST_CASE("much lateness is made good in eighths") {
  CHECK(behind(ms(8), ms(10), 5) == std::vector<std::int64_t>{8000, 7000, 6125, 5359, 4689});
  CHECK(behind(ms(640), seconds(1), 3) == std::vector<std::int64_t>{640'000, 560'000, 490'000});
}

TEST_CASE("lateness on the way back to the grid does not add up") {
  AdvertTimer timer(at(Nanos{0}));
  Instant leaves = at(Nanos{0});
  // Each advert is late by 100 us, every 40th by 3 ms.
  for (int i = 0; i < 2000; ++i) {
    leaves = timer.due() + (i % 40 == 0 ? ms(3) : us(100));
    timer.next(leaves, ms(10));
  }
  // The 2,000th is the 40th after a very late one.
  CHECK(leaves - at(1999 * ms(10)) == us(100));
}

TEST_CASE("an advert that is always late stays behind by what a step does not make good") {
  AdvertTimer timer(at(Nanos{0}));
  Instant leaves = at(Nanos{0});
  for (int i = 0; i < 1000; ++i) {
    leaves = timer.due() + us(400);
    timer.next(leaves, ms(10));
  }
  // 3.2 ms / 8 is 400 us: no advert is missing, and the distance does not grow.
  CHECK(leaves - at(999 * ms(10)) > ms(3));
  CHECK(leaves - at(999 * ms(10)) < ms(3.3));
}

TEST_CASE("periods slept through are not made up for, and the grid stays") {
  for (const Nanos interval : {ms(10), seconds(1)}) {
    AdvertTimer timer(at(Nanos{0}));
    timer.next(at(interval), interval);
    CHECK(timer.due() == at(2 * interval));
    timer.next(at(interval * 25 / 4), interval);
    CHECK(timer.due() == at(interval * 7));
  }
}

TEST_CASE("on the way back to the grid one that sleeps past the next place of the grid leaves it out") {
  AdvertTimer timer(at(Nanos{0}));
  timer.next(at(ms(8)), ms(10));
  CHECK(timer.due() == at(ms(17)));
  timer.next(at(ms(22)), ms(10));  // 5 ms late; its place is taken for that of 20 ms
  CHECK(timer.due() == at(ms(31.75)));
}
