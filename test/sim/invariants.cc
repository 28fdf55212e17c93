// What must hold after every event.
#include <string>

#include "test/sim/world.h"

namespace ka::sim {

using namespace vrrp;

void World::check() {
  ++checks_;
  for (std::uint32_t node = 0; node < node_count_; ++node) {
    if (!runs(node)) continue;
    if (grouped_) check_groups(node);
    for (std::uint32_t segment = 0; segment < segment_count_; ++segment) check_adverts(node, segment);
  }
  for (std::uint32_t segment = 0; segment < segment_count_; ++segment) {
    for (std::uint32_t part = 0; part < node_count_; ++part) check_segment(segment, part);
  }
}

/// Members of a group are Active together, or none is; a held one holds all.
void World::check_groups(std::uint32_t index) {
  const Node& node = nodes_[index];
  for (std::uint32_t segment = 1; segment < segment_count_; ++segment) {
    if (node.routers[segment].state != node.routers[0].state) fail("a sync group has come apart");
  }
}

/// While Active, never longer than an interval (or the time of an offer) without an advert, whatever else
/// happens.
void World::check_adverts(std::uint32_t index, std::uint32_t segment) {
  const Router& router = nodes_[index].routers[segment];
  if (router.state != State::kActive || !router.last_advert) return;
  if (now_ - *router.last_advert > router.may_be_silent) fail("an advert is late");
}

/// In calm, each connected part with a router that may run has one Active Router; a moment of two ends within
/// an interval of the better one and the way of its advert.
void World::check_segment(std::uint32_t segment, std::uint32_t part) {
  std::size_t active = 0;
  std::size_t eligible = 0;
  for (std::uint32_t node = 0; node < node_count_; ++node) {
    if (part_[segment][node] != part) continue;
    // A node that does not run can neither yield nor take over; its waking counts as a disturbance.
    if (!runs(node)) continue;
    if (is_active(node, segment)) ++active;
    if (!nodes_[node].held) ++eligible;
  }
  auto& conflict = conflict_since_[segment][part];
  if (active < 2) conflict.reset();
  if (active >= 2 && !conflict) conflict = now_;
  if (loss_percent_ > 0) return;
  if (conflict && now_ - std::max(*conflict, calm_since_) > interval_ + 2 * delay_max_) {
    fail("two masters on segment " + std::to_string(segment));
  }
  // A group that is split on one wire alone keeps a member without a master waiting; then there is nothing to
  // ask.
  if (grouped_) {
    for (std::uint32_t other = 0; other < segment_count_; ++other) {
      if (part_[other] != part_[segment]) return;
    }
  }
  const Nanos bound = 10 * interval_;  // two rounds of 3 adverts, skew and way
  if (eligible > 0 && active == 0 && now_ - calm_since_ > bound) {
    fail("no master on segment " + std::to_string(segment));
  }
}

/// Causes that what the node does can have. A timer may also find that a group is complete, a hold that it is
/// not.
bool World::may_cause(Doing doing, CauseKind kind) {
  switch (kind) {
    case CauseKind::kSilence:
    case CauseKind::kPreempted:
    case CauseKind::kPeerLeft:
      return doing == Doing::kTimers;
    case CauseKind::kHigherPriority:
    case CauseKind::kAbsent:
      return doing == Doing::kAdvert;
    case CauseKind::kStarted:
    case CauseKind::kOwner:
      return doing == Doing::kStart || doing == Doing::kHolds;
    case CauseKind::kHeld:
    case CauseKind::kReleased:
      return doing == Doing::kHolds;
    case CauseKind::kCommand:
      return doing == Doing::kCommand || doing == Doing::kAdvert;  // an offer is taken by an advert
    case CauseKind::kShutdown:
      return doing == Doing::kShutdown;
    case CauseKind::kNone:
    case CauseKind::kGroup:
    case CauseKind::kParams:
    case CauseKind::kRemoved:
    case CauseKind::kAddressLost:
      return false;
  }
  return false;
}

}  // namespace ka::sim
