// Two to five nodes on virtual wires, in virtual time: the product's Domain under a network that delays,
// loses, doubles and splits, and nodes that crash, sleep, jump in time and change their minds. One seed is
// one run, always the same.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <queue>
#include <string>
#include <vector>

#include "native/vrrp/domain.h"

namespace ka::sim {

/// Reproducible randomness (splitmix64).
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15u + 1) {}
  std::uint64_t next();
  /// 0 .. bound - 1
  std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(next() % bound); }
  bool chance(std::uint32_t percent) { return below(100) < percent; }
  Nanos between(Nanos low, Nanos high);

 private:
  std::uint64_t state_;
};

/// Harm that the oracle is not told of, to prove that it would notice: never part of a normal run.
enum class Sabotage : std::uint8_t {
  kNone,
  kSecretLoss,   // adverts vanish: two masters
  kNoGroup,      // the group is not set up: members part
  kSleepyTimer,  // timers fire half an interval late without anybody saying so: adverts come late
  kDeadBackup    // timers of Backup Routers never fire: no master
};

inline constexpr std::size_t kMaxNodes = 5;
inline constexpr std::size_t kMaxSegments = 3;

/// One run.
class World {
 public:
  World(std::uint64_t seed, Sabotage sabotage);
  /// Runs to the end; what broke first, or nullopt.
  std::optional<std::string> run();
  /// Every event as a line, for a replayed seed.
  void set_verbose(bool verbose) { verbose_ = verbose; }

  [[nodiscard]] std::size_t transitions() const { return transitions_; }
  [[nodiscard]] std::size_t checks() const { return checks_; }

 private:
  /// What a node is doing when its domain speaks; says which causes may come.
  enum class Doing : std::uint8_t { kAdvert, kTimers, kStart, kHolds, kCommand, kShutdown, kPriority };

  struct Router {
    vrrp::State state = vrrp::State::kInitialize;
    bool installed = false;
    std::optional<Instant> last_advert;  // world time, while Active
    Nanos may_be_silent{0};              // after that advert
  };
  struct Node {
    std::optional<vrrp::Domain> domain;  // none: crashed
    std::array<Router, kMaxSegments> routers;
    std::array<vrrp::Params, kMaxSegments> params;
    Nanos clock_offset{0};
    std::optional<Instant> asleep_until;
    Instant asleep_since{};
    std::vector<vrrp::HeardAdvert> mailbox;  // heard while asleep
    std::vector<std::uint32_t> mailbox_segments;
    bool held = false;
  };
  struct Packet {
    Instant when;
    std::uint64_t order;
    std::uint32_t segment;
    std::uint32_t from;
    std::uint32_t to;
    vrrp::HeardAdvert heard;
    friend bool operator>(const Packet& a, const Packet& b) {
      return a.when != b.when ? a.when > b.when : a.order > b.order;
    }
  };

  // scenario.cc: what happens
  void build();
  vrrp::Params random_params(std::size_t node);
  void disturb();
  void boot(std::uint32_t node);
  void crash(std::uint32_t node);
  void stop(std::uint32_t node);
  void sleep(std::uint32_t node, Nanos length);
  void jump(std::uint32_t node, Nanos length);
  void change_priority(std::uint32_t node);
  void toggle_hold(std::uint32_t node);
  void reload(std::uint32_t node);
  void command(std::uint32_t node);
  void split();
  void log(const std::string& text) const;

  // world.cc: time, wires and the judge
  void step();
  void wake(std::uint32_t node);
  void deliver(const Packet& packet);
  void carry_out(std::uint32_t node, Doing doing);
  void send(std::uint32_t node, std::uint32_t segment, Priority priority);
  void transition(std::uint32_t node, const vrrp::Effect& effect, Doing doing);
  [[nodiscard]] Instant local(std::uint32_t node) const { return now_ + nodes_[node].clock_offset; }
  [[nodiscard]] std::optional<Instant> next_timer(std::uint32_t node) const;
  [[nodiscard]] bool runs(std::uint32_t node) const;
  [[nodiscard]] bool is_active(std::uint32_t node, std::uint32_t segment) const;
  void disturbed() { calm_since_ = now_; }
  void fail(const std::string& what);

  // invariants.cc: what must hold
  void check();
  void check_groups(std::uint32_t node);
  void check_adverts(std::uint32_t node, std::uint32_t segment);
  void check_segment(std::uint32_t segment, std::uint32_t part);
  [[nodiscard]] static bool may_cause(Doing doing, vrrp::CauseKind kind);

  std::uint64_t seed_;
  Dice dice_;
  Sabotage sabotage_;
  bool verbose_ = false;
  std::optional<std::string> failure_;

  std::size_t node_count_ = 0;
  std::size_t segment_count_ = 0;
  bool grouped_ = false;
  vrrp::Version version_ = vrrp::Version::kV2;
  Nanos interval_{0};  // longest advert interval of all
  Nanos delay_max_{0};
  std::uint32_t loss_percent_ = 0;
  std::uint32_t double_percent_ = 0;
  Instant loss_until_{};

  std::array<Node, kMaxNodes> nodes_;
  /// Which part of a segment a node is in; nodes of one part hear each other.
  std::array<std::array<std::uint32_t, kMaxNodes>, kMaxSegments> part_{};
  std::priority_queue<Packet, std::vector<Packet>, std::greater<>> wires_;
  std::uint64_t order_ = 0;

  Instant now_{};
  Instant end_{};
  Instant next_disturbance_{};
  std::uint32_t disturbances_left_ = 0;
  Instant calm_since_{};
  /// Since when a part of a segment has had more than one Active Router.
  std::array<std::array<std::optional<Instant>, kMaxNodes>, kMaxSegments> conflict_since_{};
  std::size_t transitions_ = 0;
  std::size_t checks_ = 0;
};

}  // namespace ka::sim
