// What the flight recorder keeps of adverts and of lateness without JavaScript: runs of like adverts instead
// of one record each, and the latest wake-up of each second. Fixed size, nothing allocates.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "native/base/ip.h"
#include "native/base/units.h"
#include "native/engine/seq_lock.h"
#include "native/wire/vrrp.h"

namespace ka::engine {

enum class AdvertFate : std::uint8_t { kSent, kReceived, kRefused };

/// Adverts that were alike and came at their interval: how many, from when to when.
struct AdvertRun {
  AdvertFate fate = AdvertFate::kSent;
  Priority priority = 0;
  /// kRefused: what was wrong.
  wire::DropReason reason = wire::DropReason::kTruncated;
  /// kSent: 0, or why they did not leave.
  int err_no = 0;
  /// As advertised; zero when it could not be read.
  Micros interval{0};
  /// The sender; of sent ones the last destination.
  IpAddr peer;
  /// 0: this place is empty.
  std::uint64_t count = 0;
  /// CLOCK_REALTIME in nanoseconds: of reception by the kernel, or of sending.
  std::int64_t first_ns = 0;
  std::int64_t last_ns = 0;
  /// Longest pause within the run.
  std::int64_t longest_gap_ns = 0;
};

/// The runs of one router: some of each fate, so that a flood of bad adverts cannot push out the good ones.
/// Thread: the writer; load() any.
class AdvertLog {
 public:
  static constexpr std::size_t kSent = 4;
  static constexpr std::size_t kReceived = 6;
  static constexpr std::size_t kRefused = 4;
  static constexpr std::size_t kSize = kSent + kReceived + kRefused;

  /// One more advert, as a run of its own. It lengthens the run of its kind when it came within
  /// kPatience intervals, and begins another one when it did not: a silence stays visible.
  void add(const AdvertRun& one) {
    const auto [begin, end] = places(one.fate);
    std::size_t& recent = recent_[static_cast<std::size_t>(one.fate)];
    if (recent < begin || recent >= end) recent = begin;
    if (lengthen(recent, one)) return;
    std::size_t oldest = begin;
    std::int64_t oldest_ns = INT64_MAX;
    for (std::size_t i = begin; i < end; ++i) {
      if (i != recent && lengthen(i, one)) {
        recent = i;
        return;
      }
      const AdvertRun run = runs_[i].load();
      const std::int64_t used_ns = run.count == 0 ? INT64_MIN : run.last_ns;
      if (used_ns < oldest_ns) {
        oldest_ns = used_ns;
        oldest = i;
      }
    }
    AdvertRun fresh = one;
    fresh.count = 1;
    fresh.last_ns = one.first_ns;
    fresh.longest_gap_ns = 0;
    runs_[oldest].store(fresh);
    recent = oldest;
  }

  /// Place `i` below kSize; a run of count 0 is none.
  [[nodiscard]] AdvertRun load(std::size_t i) const { return runs_[i].load(); }

 private:
  /// Intervals after which a silence is a silence: as many as a backup waits for.
  static constexpr int kPatience = 3;

  static constexpr std::pair<std::size_t, std::size_t> places(AdvertFate fate) {
    switch (fate) {
      case AdvertFate::kSent:
        return {0, kSent};
      case AdvertFate::kReceived:
        return {kSent, kSent + kReceived};
      case AdvertFate::kRefused:
        break;
    }
    return {kSent + kReceived, kSize};
  }

  bool lengthen(std::size_t at, const AdvertRun& one) {
    AdvertRun run = runs_[at].load();
    const bool is_alike = run.count != 0 && run.priority == one.priority && run.reason == one.reason &&
                          run.err_no == one.err_no && run.interval == one.interval &&
                          (one.fate == AdvertFate::kSent || run.peer == one.peer);
    if (!is_alike) return false;
    const std::int64_t gap = one.first_ns - run.last_ns;
    const Nanos interval = one.interval > Micros{0} ? Nanos{one.interval} : Nanos{std::chrono::seconds{1}};
    if (gap > kPatience * interval.count()) return false;
    ++run.count;
    run.peer = one.peer;
    // The wall clock may have been set back.
    if (gap > 0) run.last_ns = one.first_ns;
    if (gap > run.longest_gap_ns) run.longest_gap_ns = gap;
    runs_[at].store(run);
    return true;
  }

  std::array<SeqLock<AdvertRun>, kSize> runs_;
  std::array<std::size_t, 3> recent_{};
};

/// The latest wake-up of one second.
struct LateSecond {
  /// CLOCK_MONOTONIC of it; 0: this place is empty.
  std::int64_t at_ns = 0;
  std::int64_t late_us = 0;
};

/// The latest wake-up of each of the last kSize seconds in which a timer ended. Thread: the writer; load()
/// any.
class LatenessLog {
 public:
  static constexpr std::size_t kSize = 64;

  void add(Instant now, Micros late) {
    const std::int64_t at_ns = now.time_since_epoch().count();
    const std::int64_t second = at_ns / 1'000'000'000;
    if (second == second_ && late.count() <= worst_us_) return;
    second_ = second;
    worst_us_ = late.count();
    seconds_[static_cast<std::size_t>(second) % kSize].store({at_ns, late.count()});
  }
  [[nodiscard]] LateSecond load(std::size_t i) const { return seconds_[i].load(); }

 private:
  std::array<SeqLock<LateSecond>, kSize> seconds_;
  std::int64_t second_ = -1;
  std::int64_t worst_us_ = 0;
};

}  // namespace ka::engine
