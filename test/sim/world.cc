#include "test/sim/world.h"

#include <algorithm>
#include <cstdio>

#include "native/vrrp/timers.h"

namespace ka::sim {

using namespace vrrp;

std::uint64_t Dice::next() {
  std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

Nanos Dice::between(Nanos low, Nanos high) {
  const auto span = static_cast<std::uint64_t>((high - low).count()) + 1;
  return low + Nanos(static_cast<std::int64_t>(next() % span));
}

World::World(std::uint64_t seed, Sabotage sabotage) : seed_(seed), dice_(seed), sabotage_(sabotage) {}

std::optional<std::string> World::run() {
  build();
  while (!failure_ && now_ < end_) step();
  return failure_;
}

/// The next thing that happens anywhere: a packet arrives, a timer ends, a sleeper wakes, a disturbance
/// comes.
void World::step() {
  Instant next = std::min(end_, now_ + interval_);  // at least one look per interval
  if (disturbances_left_ > 0) next = std::min(next, next_disturbance_);
  if (!wires_.empty()) next = std::min(next, wires_.top().when);
  std::optional<std::uint32_t> waker;
  for (std::uint32_t node = 0; node < node_count_; ++node) {
    const auto timer = next_timer(node);
    if (timer && *timer < next) {
      next = *timer;
      waker = node;
    }
  }
  now_ = std::max(now_, next);
  if (waker) {
    wake(*waker);
  } else if (!wires_.empty() && wires_.top().when <= now_) {
    const Packet packet = wires_.top();
    wires_.pop();
    deliver(packet);
  } else if (disturbances_left_ > 0 && next_disturbance_ <= now_) {
    disturb();
  }
  if (loss_percent_ > 0 && now_ >= loss_until_) {
    loss_percent_ = 0;
    log("loss ends");
  }
  if (!failure_) check();
}

bool World::runs(std::uint32_t node) const {
  return nodes_[node].domain.has_value() && !nodes_[node].asleep_until;
}

bool World::is_active(std::uint32_t node, std::uint32_t segment) const {
  return nodes_[node].domain.has_value() && nodes_[node].routers[segment].state == State::kActive;
}

/// In world time.
std::optional<Instant> World::next_timer(std::uint32_t index) const {
  const Node& node = nodes_[index];
  if (!node.domain) return std::nullopt;
  if (node.asleep_until) return node.asleep_until;
  auto deadline = node.domain->next_deadline();
  if (!deadline) return std::nullopt;
  if (sabotage_ == Sabotage::kSleepyTimer) *deadline += interval_ / 2;
  if (sabotage_ == Sabotage::kDeadBackup && !is_active(index, 0)) return std::nullopt;
  return *deadline - node.clock_offset;
}

/// As the engine does: what the sockets hold first, then grace for the time that was slept, then timers.
void World::wake(std::uint32_t index) {
  Node& node = nodes_[index];
  if (node.asleep_until) {
    const Nanos late = now_ - node.asleep_since;
    node.asleep_until.reset();
    log("node " + std::to_string(index) + " wakes");
    disturbed();
    node.domain->listen_if_absent(Nanos{0}, local(index));
    for (std::size_t i = 0; i < node.mailbox.size(); ++i) {
      node.domain->advert(node.mailbox_segments[i], node.mailbox[i], local(index));
      carry_out(index, Doing::kAdvert);
    }
    node.mailbox.clear();
    node.mailbox_segments.clear();
    node.domain->grant_grace(std::chrono::duration_cast<Micros>(late), local(index));
    for (Router& router : node.routers) router.last_advert.reset();
  }
  node.domain->advance(local(index));
  carry_out(index, Doing::kTimers);
}

void World::deliver(const Packet& packet) {
  Node& node = nodes_[packet.to];
  if (!node.domain || part_[packet.segment][packet.to] != part_[packet.segment][packet.from]) return;
  HeardAdvert heard = packet.heard;
  heard.received_at = local(packet.to);
  if (node.asleep_until) {
    if (node.mailbox.size() < 16) {  // a socket buffer: what comes later is lost
      node.mailbox.push_back(heard);
      node.mailbox_segments.push_back(packet.segment);
    }
    return;
  }
  node.domain->advert(packet.segment, heard, local(packet.to));
  carry_out(packet.to, Doing::kAdvert);
}

void World::send(std::uint32_t index, std::uint32_t segment, Priority priority) {
  const Params& params = nodes_[index].params[segment];
  HeardAdvert heard;
  heard.priority = priority;
  heard.advert_interval = params.advert_interval;
  heard.source = params.source;
  for (std::uint32_t to = 0; to < node_count_; ++to) {
    if (to == index) continue;
    if (sabotage_ == Sabotage::kSecretLoss) continue;
    if (loss_percent_ > 0 && dice_.chance(loss_percent_)) {
      disturbed();
      continue;
    }
    const int copies = double_percent_ > 0 && dice_.chance(double_percent_) ? 2 : 1;
    for (int copy = 0; copy < copies; ++copy) {
      wires_.push({now_ + dice_.between(Nanos{0}, delay_max_), order_++, segment, index, to, heard});
    }
  }
}

/// Does what the effects say, in their order, and watches that they make sense.
void World::carry_out(std::uint32_t index, Doing doing) {
  Node& node = nodes_[index];
  for (const Effect& effect : node.domain->effects()) {
    const RouterId segment = effect.router;
    switch (effect.kind) {
      case EffectKind::kSendAdvert: {
        Router& router = node.routers[segment];
        send(index, segment, effect.priority);
        router.last_advert = now_;
        const Params& params = node.params[segment];
        router.may_be_silent = effect.priority == kPriorityLeaving
                                   ? offer_time(params.version, params.advert_interval)
                                   : Nanos(params.advert_interval);
        break;
      }
      case EffectKind::kInstall:
        if (node.routers[segment].installed) fail("addresses installed twice");
        node.routers[segment].installed = true;
        break;
      case EffectKind::kRemove:
        if (!node.routers[segment].installed) fail("addresses removed that were not there");
        node.routers[segment].installed = false;
        break;
      case EffectKind::kTransition:
        transition(index, effect, doing);
        break;
      case EffectKind::kGroupTransition:
        if (effect.from == effect.to) fail("group transition to the same state");
        break;
      case EffectKind::kAnnounce:
      case EffectKind::kCancelAnnounce:
      case EffectKind::kLowerPriorityHeard:
      case EffectKind::kPriorityChanged:
        break;
    }
  }
  node.domain->clear_effects();
}

void World::transition(std::uint32_t index, const Effect& effect, Doing doing) {
  Router& router = nodes_[index].routers[effect.router];
  ++transitions_;
  static constexpr std::array kNames{"INIT", "BACKUP", "MASTER"};
  if (verbose_) {
    log("node " + std::to_string(index) + " segment " + std::to_string(effect.router) + ": " +
        kNames[static_cast<std::size_t>(effect.from)] + " -> " + kNames[static_cast<std::size_t>(effect.to)] +
        ", cause " + std::to_string(static_cast<int>(effect.cause.kind)));
  }
  if (effect.from != router.state) fail("a transition that does not begin where the router is");
  const CauseKind kind =
      effect.cause.kind == CauseKind::kGroup ? effect.cause.member_kind : effect.cause.kind;
  if (!may_cause(doing, kind)) fail("a transition whose cause did not happen");
  router.state = effect.to;
  if ((effect.to == State::kActive) != router.installed) fail("addresses do not follow the state");
  if (effect.to != State::kActive) router.last_advert.reset();
}

void World::fail(const std::string& what) {
  if (!failure_) failure_ = what + " (at " + std::to_string(now_.time_since_epoch().count() / 1000) + " us)";
}

void World::log(const std::string& text) const {
  if (verbose_) {
    std::printf("%12.6f  %s\n", static_cast<double>(now_.time_since_epoch().count()) / 1e9, text.c_str());
  }
}

}  // namespace ka::sim
