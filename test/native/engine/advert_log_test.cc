#include "native/engine/advert_log.h"

#include <doctest/doctest.h>

#include <vector>

using namespace ka;
using namespace ka::engine;

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

AdvertRun received(std::int64_t at_ns, std::uint8_t last_octet = 18, Priority priority = 150) {
  AdvertRun one;
  one.fate = AdvertFate::kReceived;
  one.priority = priority;
  one.interval = std::chrono::seconds(1);
  one.peer = IpAddr::v4({10, 0, 0, last_octet});
  one.first_ns = at_ns;
  return one;
}

std::vector<AdvertRun> runs_of(const AdvertLog& log) {
  std::vector<AdvertRun> runs;
  for (std::size_t i = 0; i < AdvertLog::kSize; ++i) {
    if (const AdvertRun run = log.load(i); run.count != 0) runs.push_back(run);
  }
  return runs;
}

}  // namespace

TEST_CASE("adverts at their interval are one run, with the longest pause") {
  AdvertLog log;
  for (const std::int64_t at : {10, 11, 13, 14}) log.add(received(at * kSecond));
  const auto runs = runs_of(log);
  REQUIRE(runs.size() == 1);
  CHECK(runs[0].count == 4);
  CHECK(runs[0].first_ns == 10 * kSecond);
  CHECK(runs[0].last_ns == 14 * kSecond);
  CHECK(runs[0].longest_gap_ns == 2 * kSecond);
}

TEST_CASE("a silence, another sender and another priority begin runs of their own") {
  AdvertLog log;
  log.add(received(10 * kSecond));
  log.add(received(14 * kSecond));
  log.add(received(15 * kSecond, 28));
  log.add(received(15 * kSecond, 18));
  log.add(received(16 * kSecond, 18, 0));
  const auto runs = runs_of(log);
  REQUIRE(runs.size() == 4);
  CHECK(runs[0].last_ns == 10 * kSecond);
  CHECK(runs[1].count == 2);
  CHECK(runs[1].last_ns == 15 * kSecond);
  CHECK(runs[2].peer == IpAddr::v4({10, 0, 0, 28}));
  CHECK(runs[3].priority == 0);
}

TEST_CASE("a flood from invented senders pushes out the oldest of its kind, and nothing of another") {
  AdvertLog log;
  AdvertRun sent = received(10 * kSecond);
  sent.fate = AdvertFate::kSent;
  log.add(sent);
  log.add(received(10 * kSecond));
  for (std::uint8_t i = 0; i < 100; ++i) {
    AdvertRun bad = received(11 * kSecond + i, i);
    bad.fate = AdvertFate::kRefused;
    bad.reason = wire::DropReason::kAuthFailed;
    log.add(bad);
  }
  std::size_t sent_runs = 0;
  std::size_t received_runs = 0;
  std::size_t refused_runs = 0;
  std::uint8_t last = 0;
  for (const AdvertRun& run : runs_of(log)) {
    if (run.fate == AdvertFate::kSent) ++sent_runs;
    if (run.fate == AdvertFate::kReceived) ++received_runs;
    if (run.fate != AdvertFate::kRefused) continue;
    ++refused_runs;
    last = std::max(last, run.peer.bytes()[3]);
  }
  CHECK(sent_runs == 1);
  CHECK(received_runs == 1);
  CHECK(refused_runs == AdvertLog::kRefused);
  CHECK(last == 99);
}

TEST_CASE("a wall clock that is set back costs no run") {
  AdvertLog log;
  log.add(received(10 * kSecond));
  log.add(received(5 * kSecond));
  log.add(received(6 * kSecond));
  const auto runs = runs_of(log);
  REQUIRE(runs.size() == 1);
  CHECK(runs[0].count == 3);
  CHECK(runs[0].last_ns == 10 * kSecond);
}

TEST_CASE("of each second the latest wake-up stays, of the last minute's seconds") {
  LatenessLog log;
  const auto at = [](std::int64_t ms) { return Instant{Nanos{ms * 1'000'000}}; };
  log.add(at(5'000), Micros{10});
  log.add(at(5'100), Micros{900});
  log.add(at(5'200), Micros{20});
  log.add(at(6'000), Micros{30});
  CHECK(log.load(5).late_us == 900);
  CHECK(log.load(5).at_ns == 5'100'000'000);
  CHECK(log.load(6).late_us == 30);
  log.add(at(5'000 + 64'000), Micros{7});
  CHECK(log.load(5).late_us == 7);
}
