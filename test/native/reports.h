// What a thread with numbered reports (launcher, prober) has told so far.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

namespace ka::test {

template <typename Report>
class Reports {
 public:
  /// For the thread: keeps each report under its number, the last one of a number.
  auto sink() {
    return [this](std::vector<Report>&& reports) {
      const std::lock_guard lock(mutex_);
      for (Report& report : reports) all_.insert_or_assign(report.id, std::move(report));
      changed_.notify_all();
    };
  }
  Report wait_for(std::uint32_t id) {
    std::unique_lock lock(mutex_);
    REQUIRE(changed_.wait_for(lock, std::chrono::seconds(60), [&] { return all_.contains(id); }));
    return all_.at(id);
  }
  bool has(std::uint32_t id) {
    const std::lock_guard lock(mutex_);
    return all_.contains(id);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::uint32_t, Report> all_;
};

}  // namespace ka::test
