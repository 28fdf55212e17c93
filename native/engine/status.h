// What the engine lets other threads read while it runs: counters as atomics, and views under a sequence
// lock. The engine thread writes and never waits; readers retry.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <memory>
#include <vector>

#include "native/engine/advert_log.h"
#include "native/engine/seq_lock.h"
#include "native/vrrp/types.h"
#include "native/wire/vrrp.h"

namespace ka::engine {

/// A counter that one thread increments and others read.
class Counter {
 public:
  void add(std::uint64_t n = 1) {
    // One writer: a plain load and store, no locked instruction.
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void raise_to(std::uint64_t n) {
    if (n > value_.load(std::memory_order_relaxed)) value_.store(n, std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// Counts by errno: the first few different ones each have a place, the rest share the last (errno 0).
class ErrnoCounters {
 public:
  static constexpr std::size_t kSize = 8;
  void add(int err_no) {
    for (std::size_t i = 0; i + 1 < kSize; ++i) {
      const int known = errno_[i].load(std::memory_order_relaxed);
      if (known == 0) errno_[i].store(err_no, std::memory_order_relaxed);
      if (known == 0 || known == err_no) return count_[i].add();
    }
    count_[kSize - 1].add();
  }
  [[nodiscard]] int err_no(std::size_t i) const { return errno_[i].load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t count(std::size_t i) const { return count_[i].get(); }

 private:
  std::array<std::atomic<int>, kSize> errno_{};
  std::array<Counter, kSize> count_{};
};

using DropCounters = std::array<Counter, wire::kDropReasonCount>;

/// vrrp::View plus what the engine knows.
struct RouterView {
  vrrp::View view;
  IpAddr source;
  /// Time spent in each state before the current one began.
  std::array<Micros, 3> time_in_state{};
};

/// One router, as other threads see it.
struct RouterShared {
  SeqLock<RouterView> view;
  Counter sent;
  Counter send_failed;
  ErrnoCounters send_errors;
  Counter received;
  Counter priority_zero_sent;
  Counter priority_zero_received;
  Counter became_active;
  Counter released_active;
  Counter announced;
  Counter split_brains;
  std::atomic<bool> is_split{false};
  DropCounters dropped;
  AdvertLog adverts;
};

using InstalledFlags = std::vector<std::atomic<bool>>;

/// A link, as other threads see it.
struct LinkView {
  char name[16] = {};
  IfIndex index = 0;
  bool is_up = false;
};

/// The engine as a whole, as other threads see it.
struct EngineShared {
  static constexpr std::size_t kLatenessBuckets = 24;
  Counter wake_ups;
  /// Bucket i counts wake-ups later than their deadline by less than 2^i microseconds; the last: all above.
  std::array<Counter, kLatenessBuckets> lateness;
  Counter max_lateness_us;
  Counter lateness_sum_us;
  LatenessLog late_seconds;
  Counter netlink_overruns;
  DropCounters dropped_unknown;
  /// Links that routers use; those beyond the last place are not shown.
  std::array<SeqLock<LinkView>, 512> links;
  std::atomic<std::uint32_t> link_count{0};

  void record_lateness(Micros late, Instant now) {
    const auto us = static_cast<std::uint64_t>(late.count() > 0 ? late.count() : 0);
    const auto bucket = static_cast<std::size_t>(std::bit_width(us));
    lateness[bucket < kLatenessBuckets ? bucket : kLatenessBuckets - 1].add();
    max_lateness_us.raise_to(us);
    lateness_sum_us.add(us);
    late_seconds.add(now, late);
  }
};

}  // namespace ka::engine
