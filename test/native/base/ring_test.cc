#include "native/base/ring.h"

#include <doctest/doctest.h>
#include <thread>

TEST_CASE("a ring gives back in order, and counts what it could not take") {
  ka::Ring<int> ring(4);
  CHECK(ring.capacity() == 4);
  for (int i = 1; i <= 4; ++i) CHECK(ring.push(i));
  CHECK(!ring.push(5));
  CHECK(!ring.push(6));
  CHECK(ring.dropped() == 2);
  CHECK(ring.pop() == 1);
  CHECK(ring.push(7));
  for (const int expected : {2, 3, 4, 7}) CHECK(ring.pop() == expected);
  CHECK(!ring.pop());
  CHECK(ring.empty());
  CHECK(ring.take_dropped() == 2);
  CHECK(ring.dropped() == 0);
}

TEST_CASE("a ring between two threads loses nothing but what it counts, and keeps the order") {
  constexpr int kItems = 200'000;
  ka::Ring<int> ring(64);
  std::thread producer([&] {
    for (int i = 0; i < kItems; ++i) ring.push(i);
  });
  int last = -1;
  int received = 0;
  bool ordered = true;
  const auto drain = [&] {
    while (const auto item = ring.pop()) {
      ordered = ordered && *item > last;
      last = *item;
      ++received;
    }
  };
  while (last < kItems - 1 && received + static_cast<int>(ring.dropped()) < kItems) drain();
  producer.join();
  drain();
  CHECK(ordered);
  CHECK(received + static_cast<int>(ring.dropped()) == kItems);
}
