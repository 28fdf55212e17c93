// Many seeds through the simulator. `ka_sim --seed N` replays one and tells every event; KA_SIM_SEEDS sets
// how many run.
#include <doctest/doctest.h>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <string>

#include "test/sim/world.h"

using ka::sim::Sabotage;
using ka::sim::World;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t kSeeds = 1'000;
#else
constexpr std::uint64_t kSeeds = 10'000;
#endif

/// The number after --seed on the command line.
std::optional<std::uint64_t> seed_to_replay() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::string word;
  bool is_next = false;
  while (std::getline(file, word, '\0')) {
    if (is_next) return std::strtoull(word.c_str(), nullptr, 10);
    is_next = word == "--seed";
  }
  return std::nullopt;
}

std::uint64_t seeds_to_run() {
  const char* wanted = std::getenv("KA_SIM_SEEDS");
  return wanted == nullptr ? kSeeds : std::strtoull(wanted, nullptr, 10);
}

/// How many of the first `seeds` runs the oracle condemns.
int caught(Sabotage sabotage, std::uint64_t seeds, const char* what) {
  int count = 0;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    const auto failure = World(seed, sabotage).run();
    if (failure && failure->find(what) != std::string::npos) ++count;
  }
  return count;
}

}  // namespace

TEST_CASE("routers on a bad network keep their promises, whatever the seed") {
  if (const auto seed = seed_to_replay()) {
    World world(*seed, Sabotage::kNone);
    world.set_verbose(true);
    const auto failure = world.run();
    MESSAGE("seed ", *seed, ": ", failure.value_or("passed"));
    CHECK(!failure);
    return;
  }
  std::uint64_t passed = 0;
  std::size_t transitions = 0;
  std::size_t checks = 0;
  const std::uint64_t seeds = seeds_to_run();
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    World world(seed, Sabotage::kNone);
    const auto failure = world.run();
    transitions += world.transitions();
    checks += world.checks();
    if (failure) {
      MESSAGE("seed ", seed, ": ", *failure, "; replay: ka_sim --seed ", seed);
      CHECK_MESSAGE(false, "seed ", seed);
      if (seed - passed >= 5) break;  // enough to look at
    } else {
      ++passed;
    }
  }
  MESSAGE(passed, " seeds passed, ", transitions, " transitions, ", checks, " checks");
  CHECK(passed == seeds);
  CHECK(transitions > seeds * 4);  // the runs were no still lives
}

TEST_CASE("the simulator can fail: each hidden harm is found") {
  if (seed_to_replay()) return;
  CHECK(caught(Sabotage::kSecretLoss, 100, "two masters") >= 50);
  CHECK(caught(Sabotage::kNoGroup, 300, "a sync group has come apart") >= 30);
  CHECK(caught(Sabotage::kSleepyTimer, 100, "an advert is late") >= 60);
  CHECK(caught(Sabotage::kDeadBackup, 100, "no master") >= 50);
}
