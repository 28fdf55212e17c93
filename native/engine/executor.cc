#include "native/engine/executor.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <functional>

#include "native/engine/rivals.h"
#include "native/wire/inet.h"
#include "native/wire/neighbour.h"

namespace ka::engine {

using vrrp::EffectKind;

namespace {

/// Adverts of lower priority that are told of a second: each of an ordinary peer, and a few of a flood.
constexpr int kMostLowerTold = 20;

}  // namespace

bool Executor::run(Instant now) {
  if (world_.domain.effects().empty()) return false;
  for (const vrrp::Effect& effect : world_.domain.effects()) {
    if (effect.kind != EffectKind::kSendAdvert || is_quiet_) continue;
    Router* router = world_.find(effect.router);
    if (router == nullptr) continue;
    router->is_sending = true;
    pending_.push_back({router->socket, router, effect.priority, pending_.size()});
  }
  send_adverts(now);
  // By index: what is carried out may ask the domain for more.
  bool were_others = false;
  for (std::size_t i = 0; i < world_.domain.effects().size(); ++i) {
    if (world_.domain.effects()[i].kind == EffectKind::kSendAdvert) continue;
    const vrrp::Effect effect = world_.domain.effects()[i];
    carry_out(effect, now);
    were_others = true;
  }
  world_.domain.clear_effects();
  return were_others;
}

// ---- adverts ----

void Executor::send_adverts(Instant now) {
  if (pending_.empty()) return;
  // One system call a socket; adverts of one router keep their order. stable_sort would allocate.
  const auto by_socket = [](const Pending& a, const Pending& b) {
    return a.entry != b.entry ? std::less<>{}(a.entry, b.entry) : a.order < b.order;
  };
  if (!std::ranges::is_sorted(pending_, by_socket)) std::ranges::sort(pending_, by_socket);
  SocketEntry* current = nullptr;
  for (const Pending& pending : pending_) {
    if (current != nullptr && current != pending.entry) flush(*current);
    current = pending.entry;
    if (current != nullptr) send_advert(pending);
    if (current == nullptr) {
      sent(*pending.router, pending.priority, pending.router->config.multicast_group, ENETDOWN);
    }
  }
  if (current != nullptr) flush(*current);
  for (const Pending& pending : pending_) advert_finished(*pending.router, now);
  pending_.clear();
}

void Executor::send_advert(const Pending& pending) {
  Router& router = *pending.router;
  const RouterConfig& config = router.config;
  wire::AdvertFields fields;
  fields.version = config.params.version;
  fields.family = config.params.family;
  fields.vrid = config.params.vrid;
  fields.priority = pending.priority;
  fields.advert_interval = config.params.advert_interval;
  if (config.auth_pass) {
    fields.auth_type = wire::AuthType::kSimple;
    fields.auth_data = *config.auth_pass;
  }
  fields.addresses = router.advertised;
  fields.checksum_form = config.v3_checksum_as_v2 ? wire::ChecksumForm::kPlain : router.checksum_form;
  fields.source = router.source;
  ++router.identification;
  const auto send_to = [&](const IpAddr& destination, std::uint8_t ttl) {
    if (batch_.is_full()) flush(*pending.entry);
    const bool is_old = fields.checksum_form == wire::ChecksumForm::kOldUnicast;
    fields.destination = is_old ? config.multicast_group : destination;
    const auto size = wire::encode(batch_.payload_room(), fields);
    if (!size) return sent(router, pending.priority, destination, EMSGSIZE);
    in_batch_[batch_.size()] = {&router, pending.priority, destination};
    batch_.add({.source = router.source,
                .destination = destination,
                .ttl = ttl,
                .link = pending.entry->socket.link(),
                .identification = router.identification},
               *size);
  };
  if (!config.is_unicast()) return send_to(config.multicast_group, 255);
  for (const wire::Peer& peer : config.peers) send_to(peer.address, config.unicast_ttl);
}

void Executor::flush(SocketEntry& entry) {
  batch_.send(entry.socket, [&](std::size_t i, int err_no) {
    sent(*in_batch_[i].router, in_batch_[i].priority, in_batch_[i].destination, err_no);
  });
}

void Executor::sent(Router& router, Priority priority, const IpAddr& destination, int err_no) {
  RouterShared& shared = router.shared();
  AdvertRun one;
  one.fate = AdvertFate::kSent;
  one.priority = priority;
  one.err_no = err_no;
  one.interval = router.config.params.advert_interval;
  one.peer = destination;
  one.first_ns = realtime_now_ns();
  shared.adverts.add(one);
  if (err_no == 0) {
    shared.sent.add();
    if (priority == kPriorityLeaving) shared.priority_zero_sent.add();
    return;
  }
  shared.send_failed.add();
  shared.send_errors.add(err_no);
  ++router.failures_in_a_row;
  router.advert_error = err_no;
  // Peers may each fail in a way of their own, with every advert.
  const std::size_t known = std::min<std::size_t>(static_cast<std::size_t>(err_no), 255);
  if (router.told_send_errors.test(known)) return;
  router.told_send_errors.set(known);
  tell_send_failed(router, err_no, destination);
}

/// Once for each router, however many adverts it sent.
void Executor::advert_finished(Router& router, Instant now) {
  if (!std::exchange(router.is_sending, false)) return;
  rival_look(world_, router, now);
  const int error = std::exchange(router.advert_error, 0);
  if (error != 0 || router.told_send_errors.none()) return;
  tell_send_failed(
      router, 0,
      router.config.is_unicast() ? router.config.peers.front().address : router.config.multicast_group);
  router.told_send_errors.reset();
  router.failures_in_a_row = 0;
}

void Executor::tell_send_failed(const Router& router, int err_no, const IpAddr& destination) {
  Event event;
  event.kind = EventKind::kSendFailed;
  event.router = router.config.id;
  event.err_no = err_no;
  event.address = destination;
  event.amount = static_cast<std::int64_t>(router.failures_in_a_row);
  world_.tell(event);
}

// ---- everything else ----

void Executor::carry_out(const vrrp::Effect& effect, Instant now) {
  Event event;
  event.cause = effect.cause;
  event.router = effect.router;
  if (effect.kind == EffectKind::kGroupTransition) {
    event.kind = EventKind::kGroupTransition;
    event.group = effect.group;
    event.from = effect.from;
    event.to = effect.to;
    return world_.tell(event);
  }
  Router* router = world_.find(effect.router);
  if (router == nullptr) return;
  switch (effect.kind) {
    case EffectKind::kSendAdvert:  // was sent before
    case EffectKind::kGroupTransition:
      break;
    case EffectKind::kInstall:
      router->is_installing = true;
      want(effect.router, true);
      break;
    case EffectKind::kRemove:
      router->is_installing = router->must_announce = false;
      if (!is_quiet_) want(effect.router, false);
      break;
    case EffectKind::kAnnounce:
      if (router->is_installing) {
        router->must_announce = true;
        router->announce_reason = effect.reason;
      } else {
        announce(*router, effect.reason, now);
      }
      break;
    case EffectKind::kCancelAnnounce:
      router->must_announce = false;
      world_.announcer.cancel(effect.router);
      world_.announcer.cancel(extra_plan(effect.router));
      break;
    case EffectKind::kTransition:
      transition(*router, effect, now);
      break;
    case EffectKind::kLowerPriorityHeard:
      rival_seen(world_, *router,
                 {RivalSign::kAdverts, effect.cause.peer, effect.cause.peer_priority, {}, {}}, now);
      // keepalived: each runs a script. Whoever sends them without end must neither fill the log nor start
      // thousands.
      if (now - router->lower_since >= std::chrono::seconds{1}) {
        router->lower_since = now;
        router->lower_told = 0;
      }
      if (++router->lower_told > kMostLowerTold) break;
      event.kind = EventKind::kLowerPriorityHeard;
      world_.tell(event);
      break;
    case EffectKind::kPriorityChanged:
      event.kind = EventKind::kPriority;
      event.priority = effect.priority;
      event.previous_priority = effect.previous_priority;
      world_.tell(event);
      world_.publish(*router);
      break;
  }
}

void Executor::want(vrrp::RouterId router, bool wanted) {
  addresses_.want(router, wanted);
  routing_.want(router, wanted);
}

void Executor::transition(Router& router, const vrrp::Effect& effect, Instant now) {
  using vrrp::State;
  router.time_in_state[static_cast<std::size_t>(router.state)] +=
      std::chrono::duration_cast<Micros>(now - router.since);
  if (effect.to == State::kActive && effect.from != State::kActive) router.shared().became_active.add();
  if (effect.from == State::kActive && effect.to != State::kActive) router.shared().released_active.add();
  if (effect.from == State::kActive) rival_forget(world_, router);
  router.state = effect.to;
  router.since = now;
  router.told_drops = 0;
  router.list_checked_for = IpAddr{};
  // Addresses that were kept until the first state is known need not wait longer.
  if (effect.to != State::kActive && !is_quiet_) want(effect.router, false);
  world_.publish(router);
  Event event;
  event.kind = EventKind::kTransition;
  event.router = effect.router;
  event.from = effect.from;
  event.to = effect.to;
  event.cause = effect.cause;
  if (const auto view = world_.domain.view(effect.router)) {
    event.holds = view->holds;
    event.priority = view->priority;
  }
  constexpr vrrp::Holds kByLink = bit(vrrp::Hold::kLinkDown) | bit(vrrp::Hold::kTrackedLink);
  if ((effect.cause.holds & kByLink) != 0) event.text = Text<96>(links_that_hold(router));
  world_.tell(event);
}

void Executor::addresses_settled(Router& router, Instant now) {
  router.is_installing = false;
  if (!std::exchange(router.must_announce, false)) return;
  announce(router, router.announce_reason, now);
}

// ---- announcements ----

void Executor::announce(const Router& router, vrrp::AnnounceReason reason, Instant now) {
  world_.announcer.announce(router.config.id, reason, now);
  if (reason == vrrp::AnnounceReason::kBecameActive)
    world_.announcer.announce(extra_plan(router.config.id), reason, now);
}

bool Executor::announce_due(Instant now) {
  std::array<vrrp::AnnounceSend, FrameSocket::kBatch> due;
  const std::size_t count = world_.announcer.take_due(now, due);
  std::array<Router*, FrameSocket::kBatch> routers{};
  for (std::size_t i = 0; i < count; ++i) {
    Router* router = world_.find(without_extra(due[i].router));
    const LinkState* link = world_.links.by_index(due[i].link);
    if (router == nullptr || link == nullptr || !link->link.has_neighbours()) continue;
    const auto& config = router->config;
    const std::size_t index = due[i].index;
    const IpAddr& address = index < config.addresses.size()
                                ? config.addresses[index].prefix.address
                                : config.excluded[index - config.addresses.size()].prefix.address;
    routers[frames_.size()] = router;
    if (due[i].family == Family::kIpv4) {
      frames_.add(due[i].link, wire::gratuitous_arp(link->link.mac, address));
    } else {
      frames_.add(due[i].link, wire::unsolicited_na(link->link.mac, address, link->link.forwards_v6));
    }
  }
  frames_.send([&](std::size_t i, int err_no) {
    if (err_no == 0) routers[i]->shared().announced.add();
  });
  return count == due.size();
}

}  // namespace ka::engine
