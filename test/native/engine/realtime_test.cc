// What the engine's thread asks of the scheduler when it has no real-time class.
#include "native/engine/realtime.h"

#include <doctest/doctest.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <thread>

namespace ka::engine {
namespace {

constexpr std::uint64_t kSliceNs = 100'000;

/// Attributes as the kernel lays them out: nice at byte 16, the slice at byte 24 (sched_setattr(2)).
struct Attributes {
  std::array<std::byte, 56> bytes{};

  static Attributes of_this_thread() {
    Attributes result;
    REQUIRE(::syscall(SYS_sched_getattr, 0, result.bytes.data(), result.bytes.size(), 0) == 0);
    return result;
  }
  [[nodiscard]] std::uint64_t slice_ns() const {
    std::uint64_t value = 0;
    std::memcpy(&value, bytes.data() + 24, sizeof value);
    return value;
  }
  [[nodiscard]] std::int32_t nice() const {
    std::int32_t value = 0;
    std::memcpy(&value, bytes.data() + 16, sizeof value);
    return value;
  }
  void set_slice_ns(std::uint64_t value) { std::memcpy(bytes.data() + 24, &value, sizeof value); }
};

template <typename Body>
Attributes after(Body body) {
  Attributes found;
  std::thread([&] {
    body();
    found = Attributes::of_this_thread();
  }).join();
  return found;
}

/// What this kernel makes of such a wish: 0 where it does not know slices.
std::uint64_t possible_slice_ns() {
  return after([] {
           Attributes wish = Attributes::of_this_thread();
           wish.set_slice_ns(kSliceNs);
           REQUIRE(::syscall(SYS_sched_setattr, 0, wish.bytes.data(), 0) == 0);
         })
      .slice_ns();
}

TEST_CASE("threads of the engine have a short slice, and their nice value") {
  const std::uint64_t possible = possible_slice_ns();
  Options options;
  options.niceness = 3;  // which takes no privilege
  const Attributes engine = after([&] { CHECK(apply_realtime(options).empty()); });
  CHECK(engine.slice_ns() == possible);
  CHECK(engine.nice() == 3);
  const Attributes worker = after([&] { apply_worker_scheduling(options); });
  CHECK(worker.slice_ns() == possible);
  CHECK(worker.nice() == 3);
}

TEST_CASE("a thread that wakes too late becomes real-time, by steps [keepalived: max_auto_priority]") {
  Options options;
  options.max_auto_priority = 2;
  options.auto_priority_delay = Micros{1000};
  std::thread([&] {
    AutoPriority automatic;
    const auto priority = [] {
      sched_param parameters{};
      REQUIRE(::sched_getparam(0, &parameters) == 0);
      return parameters.sched_priority;
    };
    CHECK_FALSE(automatic.woke_late(Micros{999}, options));
    CHECK(::sched_getscheduler(0) == SCHED_OTHER);
    for (const int expected : {1, 2}) {
      const auto raised = automatic.woke_late(Micros{1000}, options);
      REQUIRE(raised);
      REQUIRE(raised->ok());
      CHECK(**raised == expected);
      CHECK(::sched_getscheduler(0) == (SCHED_RR | SCHED_RESET_ON_FORK));
      CHECK(priority() == expected);
    }
    CHECK_FALSE(automatic.woke_late(Micros{5000}, options));
    CHECK(priority() == 2);
  }).join();
}

TEST_CASE(
    "from the priority that was asked for, and not without being asked [keepalived: max_auto_priority]") {
  Options options;
  options.auto_priority_delay = Micros{1000};
  CHECK_FALSE(AutoPriority().woke_late(Micros{2000}, options));
  options.realtime_priority = 4;
  options.max_auto_priority = 4;
  CHECK_FALSE(AutoPriority().woke_late(Micros{2000}, options));
  options.max_auto_priority = 5;
  std::thread([&] {
    const auto raised = AutoPriority().woke_late(Micros{2000}, options);
    REQUIRE(raised);
    REQUIRE(raised->ok());
    CHECK(**raised == 5);
  }).join();
}

TEST_CASE("a real-time thread that computes for too long goes on without its class until it sleeps") {
  Options options;
  options.realtime_priority = 3;
  options.rlimit_rttime = Micros{10'000};
  std::thread([&] {
    RealtimeLease lease;
    REQUIRE(apply_realtime(options).empty());
    REQUIRE(::sched_getscheduler(0) == (SCHED_RR | SCHED_RESET_ON_FORK));
    CHECK_FALSE(lease.renew(3, options));
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while (::sched_getscheduler(0) != (SCHED_OTHER | SCHED_RESET_ON_FORK) &&
           std::chrono::steady_clock::now() < limit) {
    }
    CHECK(::sched_getscheduler(0) == (SCHED_OTHER | SCHED_RESET_ON_FORK));
    CHECK(lease.renew(3, options));
    CHECK(::sched_getscheduler(0) == (SCHED_RR | SCHED_RESET_ON_FORK));
    rlimit now{};
    REQUIRE(::getrlimit(RLIMIT_RTTIME, &now) == 0);
    CHECK(now.rlim_cur == 10'000);
    CHECK_FALSE(lease.renew(3, options));
  }).join();
}

}  // namespace
}  // namespace ka::engine
