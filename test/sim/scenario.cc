// What a run consists of: nodes, their parameters, and the disturbances that the seed draws.
#include <algorithm>

#include "test/sim/world.h"

namespace ka::sim {

using namespace vrrp;

void World::build() {
  node_count_ = 2 + dice_.below(4);
  segment_count_ = 1 + dice_.below(kMaxSegments);
  grouped_ = segment_count_ > 1 && dice_.chance(60);
  version_ = dice_.chance(50) ? Version::kV2 : Version::kV3;
  static constexpr std::array<int, 4> kV3Intervals{10, 50, 100, 1000};
  interval_ = version_ == Version::kV2 ? Nanos(std::chrono::seconds(1 + dice_.below(2)))
                                       : Nanos(Millis(kV3Intervals[dice_.below(4)]));
  delay_max_ = dice_.chance(30) ? Nanos{0} : dice_.between(Nanos{1000}, interval_ / 10);
  double_percent_ = dice_.chance(30) ? dice_.below(30) : 0;
  now_ = Instant(std::chrono::seconds(100));
  calm_since_ = now_;
  for (std::uint32_t node = 0; node < node_count_; ++node) {
    nodes_[node].clock_offset = dice_.between(Nanos{0}, std::chrono::hours(1000));
    const Params params = random_params(node);
    for (std::uint32_t segment = 0; segment < segment_count_; ++segment)
      nodes_[node].params[segment] = params;
  }
  for (std::uint32_t node = 0; node < node_count_; ++node) {
    if (dice_.chance(85)) boot(node);
  }
  disturbances_left_ = 2 + dice_.below(7);
  next_disturbance_ = now_ + dice_.between(Nanos{0}, 12 * interval_);
  end_ = now_ + (16 + 18 * static_cast<int>(disturbances_left_)) * interval_;
}

Params World::random_params(std::size_t node) {
  Params p;
  p.vrid = 7;
  p.version = version_;
  p.advert_interval = std::chrono::duration_cast<Micros>(interval_);
  if (version_ == Version::kV3 && dice_.chance(20)) p.advert_interval /= 2;
  p.priority = static_cast<Priority>(dice_.chance(30) ? 100 : 1 + dice_.below(254));
  if (dice_.chance(10)) p.priority = kPriorityOwner;
  p.start_active = p.priority == kPriorityOwner && dice_.chance(70);
  p.preempt = dice_.chance(70);
  if (dice_.chance(20))
    p.preempt_delay = std::chrono::duration_cast<Micros>(dice_.between(Nanos{0}, 20 * interval_));
  p.down_timer_adverts = static_cast<std::uint8_t>(dice_.chance(80) ? 3 : 2);
  p.lower_prio_no_advert = dice_.chance(20);
  p.higher_prio_send_advert = dice_.chance(20);
  p.source = IpAddr::v4({10, 0, 0, static_cast<std::uint8_t>(10 + node)});
  return p;
}

void World::disturb() {
  disturbed();
  const std::uint32_t node = dice_.below(static_cast<std::uint32_t>(node_count_));
  const bool up = nodes_[node].domain.has_value() && !nodes_[node].asleep_until;
  switch (dice_.below(10)) {
    case 0:
      up ? crash(node) : boot(node);
      break;
    case 1:
      up ? stop(node) : boot(node);
      break;
    case 2:
      split();
      break;
    case 3:
      loss_percent_ = 10 + dice_.below(60);
      loss_until_ = now_ + dice_.between(Nanos{0}, 10 * interval_);
      log("loss of " + std::to_string(loss_percent_) + " %");
      break;
    case 4:
      if (up) sleep(node, dice_.between(Nanos{1}, 8 * interval_));
      break;
    case 5:
      if (up) jump(node, dice_.between(Nanos{1}, 8 * interval_));
      break;
    case 6:
      if (up) change_priority(node);
      break;
    case 7:
      if (up) toggle_hold(node);
      break;
    case 8:
      if (up) reload(node);
      break;
    case 9:
      if (up) command(node);
      break;
  }
  --disturbances_left_;
  const bool soon = dice_.chance(30);  // the next one before this one is digested
  next_disturbance_ = now_ + dice_.between(Nanos{0}, soon ? interval_ : 18 * interval_);
}

void World::boot(std::uint32_t index) {
  Node& node = nodes_[index];
  if (node.domain) return;
  log("node " + std::to_string(index) + " boots, priority " + std::to_string(int{node.params[0].priority}));
  node.routers = {};
  node.held = false;
  node.mailbox.clear();
  node.mailbox_segments.clear();
  Domain& domain = node.domain.emplace();
  std::vector<RouterId> members;
  for (std::uint32_t segment = 0; segment < segment_count_; ++segment) {
    if (!domain.add(segment, node.params[segment], bit(Hold::kNotStarted), local(index)).ok())
      fail("add failed");
    members.push_back(segment);
  }
  if (grouped_ && sabotage_ != Sabotage::kNoGroup) {
    if (!domain.set_group(1, members, local(index)).ok()) fail("set_group failed");
  }
  for (const RouterId member : members) domain.set_holds(member, 0, bit(Hold::kNotStarted), local(index));
  carry_out(index, Doing::kStart);
}

void World::crash(std::uint32_t index) {
  log("node " + std::to_string(index) + " crashes");
  nodes_[index].domain.reset();
  nodes_[index].routers = {};
}

void World::stop(std::uint32_t index) {
  log("node " + std::to_string(index) + " stops");
  nodes_[index].domain->shutdown(local(index));
  carry_out(index, Doing::kShutdown);
  crash(index);
}

/// The node does not run; packets wait in its sockets.
void World::sleep(std::uint32_t index, Nanos length) {
  log("node " + std::to_string(index) + " sleeps for " + std::to_string(length.count() / 1000) + " us");
  nodes_[index].asleep_since = now_;
  nodes_[index].asleep_until = now_ + length;
}

/// The node's clock runs ahead (a machine that was suspended): it looks like lateness, but nothing was sent
/// meanwhile.
void World::jump(std::uint32_t index, Nanos length) {
  log("node " + std::to_string(index) + " jumps by " + std::to_string(length.count() / 1000) + " us");
  Node& node = nodes_[index];
  node.clock_offset += length;
  node.domain->listen_if_absent(Nanos{0}, local(index));
  // An Active Router that believes it was absent listens for an interval before its next advert.
  for (Router& router : node.routers) {
    if (router.last_advert) router.last_advert = now_;
  }
  node.domain->grant_grace(std::chrono::duration_cast<Micros>(length), local(index));
  node.domain->advance(local(index));
  carry_out(index, Doing::kTimers);
}

void World::change_priority(std::uint32_t index) {
  const auto priority = static_cast<Priority>(1 + dice_.below(254));
  log("node " + std::to_string(index) + " changes to priority " + std::to_string(int{priority}));
  for (std::uint32_t segment = 0; segment < segment_count_; ++segment) {
    nodes_[index].params[segment].priority = priority;
    nodes_[index].domain->set_priority(segment, priority, local(index));
  }
  carry_out(index, Doing::kPriority);
}

void World::toggle_hold(std::uint32_t index) {
  Node& node = nodes_[index];
  node.held = !node.held;
  log("node " + std::to_string(index) + (node.held ? " is held" : " is released"));
  // One member of a group holds all; without a group every router has its own fault.
  const auto routers = static_cast<std::uint32_t>(grouped_ ? 1 : segment_count_);
  for (std::uint32_t segment = 0; segment < routers; ++segment) {
    const Holds hold = bit(Hold::kPolicy);
    node.domain->set_holds(segment, node.held ? hold : Holds{0}, node.held ? Holds{0} : hold, local(index));
  }
  carry_out(index, Doing::kHolds);
}

void World::reload(std::uint32_t index) {
  Params params = random_params(index);
  params.advert_interval = nodes_[index].params[0].advert_interval;
  log("node " + std::to_string(index) + " reloads, priority " + std::to_string(int{params.priority}));
  for (std::uint32_t segment = 0; segment < segment_count_; ++segment) {
    nodes_[index].params[segment] = params;
    if (!nodes_[index].domain->update(segment, params, local(index)).ok()) fail("update failed");
  }
  carry_out(index, Doing::kPriority);
}

void World::command(std::uint32_t index) {
  const std::uint32_t what = dice_.below(3);
  log("node " + std::to_string(index) + " is told to " +
      (what == 0   ? "yield"
       : what == 1 ? "offer"
                   : "take over"));
  Domain& domain = *nodes_[index].domain;
  for (std::uint32_t segment = 0; segment < segment_count_; ++segment) {
    if (what == 0) {
      domain.release(segment, CauseKind::kCommand, local(index));
    } else if (what == 1) {
      domain.offer(segment, local(index));
    } else {
      domain.take_over(segment, local(index));
    }
  }
  carry_out(index, Doing::kCommand);
}

/// Draws anew who hears whom: on one wire, on all alike, or everything whole again.
void World::split() {
  const std::uint32_t kind = dice_.below(3);
  std::array<std::uint32_t, kMaxNodes> parts{};
  for (std::uint32_t& part : parts) part = kind == 0 ? 0 : dice_.below(2);
  log(kind == 0 ? "wires are whole" : kind == 1 ? "all wires are split" : "one wire is split");
  if (kind == 2) {
    part_[dice_.below(static_cast<std::uint32_t>(segment_count_))] = parts;
  } else {
    part_.fill(parts);
  }
  for (auto& segment : conflict_since_) segment.fill(std::nullopt);
}

}  // namespace ka::sim
