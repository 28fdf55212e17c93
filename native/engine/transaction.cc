// The part of Node that takes over configuration: transactions are checked whole, then carried out whole.
#include <algorithm>
#include <set>
#include <string>

#include "native/engine/node.h"

namespace ka::engine {

namespace {

/// Numbers of paces that interfaces share; below are interface indexes.
constexpr vrrp::PaceId kSharedPace = 0x80000000U;

Error wrong(Errc code, const char* op, std::string detail) {
  return Error{code, op, 0, std::move(detail)};
}

std::vector<VirtualAddress> all_addresses(const RouterConfig& config) {
  std::vector<VirtualAddress> all = config.addresses;
  all.insert(all.end(), config.excluded.begin(), config.excluded.end());
  return all;
}

/// What decides which socket, group and VRID a router listens to.
bool listens_alike(const RouterConfig& a, const RouterConfig& b) {
  return a.interface == b.interface && a.params.family == b.params.family && a.params.vrid == b.params.vrid &&
         a.is_unicast() == b.is_unicast() && a.multicast_group == b.multicast_group;
}

template <typename Items>
bool contains(const Items& items, vrrp::RouterId id) {
  return std::ranges::find(items, id) != items.end();
}

}  // namespace

// ---- checks ----

Result<void> Node::check(const Transaction& transaction) const {
  std::set<vrrp::RouterId> removed;
  std::set<vrrp::RouterId> given;
  const auto is_known = [&](vrrp::RouterId id) {
    return given.contains(id) || (world_.routers.contains(id) && !removed.contains(id));
  };
  const auto missing = [](const char* op, vrrp::RouterId id) {
    return wrong(Errc::kNotFound, op, "there is no router " + std::to_string(id));
  };
  for (const vrrp::RouterId id : transaction.remove) {
    if (!is_known(id)) return missing("remove", id);
    removed.insert(id);
  }
  for (const RouterConfig& config : transaction.routers) {
    if (!given.insert(config.id).second) {
      return wrong(Errc::kInvalidArgument, "routers",
                   config.name + ": id " + std::to_string(config.id) + " is given twice");
    }
  }
  std::set<vrrp::RouterId> grouped;
  for (const GroupConfig& group : transaction.groups) {
    for (const vrrp::RouterId id : group.members) {
      if (!is_known(id)) return missing("groups", id);
      if (!grouped.insert(id).second) {
        return wrong(Errc::kInvalidArgument, "groups",
                     group.name + ": router " + std::to_string(id) + " is in two groups");
      }
    }
  }
  for (const auto& [id, sum] : transaction.priorities) {
    if (!is_known(id)) return missing("priorities", id);
  }
  for (const auto& [id, set, clear] : transaction.holds) {
    if (!is_known(id)) return missing("holds", id);
    if (((set | clear) & ~kPolicyHolds) != 0) {
      return wrong(Errc::kInvalidArgument, "holds",
                   "router " + std::to_string(id) + ": not a hold of policy");
    }
  }
  for (const auto& [id, kind] : transaction.commands) {
    if (!is_known(id)) return missing("commands", id);
  }
  return check_collisions(transaction);
}

Result<void> Node::check_collisions(const Transaction& transaction) const {
  if (transaction.routers.empty()) return {};
  // VRID, family and interface decide whether two can meet at all.
  std::multimap<std::tuple<Vrid, Family, std::string>, const RouterConfig*> seen;
  const auto meets = [&](const RouterConfig& config) -> const RouterConfig* {
    const auto key = std::tuple(config.params.vrid, config.params.family, config.interface);
    const auto [begin, end] = seen.equal_range(key);
    for (auto it = begin; it != end; ++it) {
      if (collide(*it->second, config)) return it->second;
    }
    seen.emplace(key, &config);
    return nullptr;
  };
  std::set<vrrp::RouterId> replaced(transaction.remove.begin(), transaction.remove.end());
  for (const RouterConfig& config : transaction.routers) replaced.insert(config.id);
  for (const auto& [id, router] : world_.routers) {
    if (!replaced.contains(id)) static_cast<void>(meets(router->config));
  }
  for (const RouterConfig& config : transaction.routers) {
    if (const RouterConfig* other = meets(config)) {
      return wrong(Errc::kExists, "routers",
                   config.name + ": VRID " + std::to_string(config.params.vrid) + " on " +
                       (config.interface.empty() ? "no interface" : config.interface) + " is used by " +
                       other->name + " already");
    }
  }
  return {};
}

// ---- carrying out ----

Result<void> Node::apply(Transaction transaction, Instant now) {
  now_ = now;
  if (auto checked = check(transaction); !checked.ok()) return checked;
  for (const vrrp::GroupId id : transaction.remove_groups) {
    static_cast<void>(world_.domain.set_group(id, {}, now));
    groups_.erase(id);
  }
  for (const vrrp::RouterId id : transaction.remove) remove_router(id, now);
  if (transaction.paces) set_paces(std::move(*transaction.paces));
  if (transaction.link_delays) {
    world_.links.set_delays(*transaction.link_delays);
    settle_links(now);
  }
  if (transaction.statics) set_statics(*transaction.statics);
  if (transaction.tells_unknown_vrids) world_.sockets.let_all_in(*transaction.tells_unknown_vrids);

  std::set<vrrp::RouterId> joining;  // new routers whose group runs already
  for (const GroupConfig& group : transaction.groups) {
    const bool is_running = std::ranges::any_of(group.members, [&](vrrp::RouterId id) {
      const Router* router = world_.find(id);
      return router != nullptr && router->is_started;
    });
    if (is_running) joining.insert(group.members.begin(), group.members.end());
  }
  executor_.reserve(2 * (world_.routers.size() + transaction.routers.size()));
  std::size_t put_count = 0;
  for (RouterConfig& config : transaction.routers) {
    const bool joins = joining.contains(config.id);
    if (auto put = put_router(std::move(config), joins, now); !put.ok()) return put;
    // Thousands of them take milliseconds.
    if (++put_count % kRoutersPerLook == 0) now = send_due_adverts();
  }
  set_groups(transaction, now);
  for (const auto& [id, sum] : transaction.priorities) {
    Router& router = *world_.find(id);
    router.config.priority_sum = sum;
    refresh(router, now);
  }
  for (const auto& [id, set, clear] : transaction.holds) {
    Router& router = *world_.find(id);
    const vrrp::Holds before = router.holds;
    router.holds = static_cast<vrrp::Holds>((before & ~clear) | set);
    const auto came = static_cast<vrrp::Holds>(router.holds & ~before);
    const auto went = static_cast<vrrp::Holds>(before & ~router.holds);
    if ((came | went) != 0) world_.domain.set_holds(id, came, went, now);
    world_.publish(router);
  }
  if (!start_at_) start_routers(now);
  for (const Command& command : transaction.commands) run_command(command, now);
  measure_skew();
  executor_.run(now);
  // What the configuration needs has been allocated.
  if (memory_lock_) worker_->give([lock = *memory_lock_] { static_cast<void>(lock.apply()); });
  return {};
}

void Node::remove_router(vrrp::RouterId id, Instant now) {
  for (auto& [group, members] : groups_) std::erase(members, id);
  static_cast<void>(world_.domain.remove(id, now));
  // The last advert needs the router and its socket.
  executor_.run(now);
  unwatch(*world_.find(id));
  routing_.forget(id);
  addresses_.forget(id);
  world_.announcer.remove_router(id);
  world_.announcer.remove_router(extra_plan(id));
  world_.sockets.detach(*world_.find(id));
  world_.routers.erase(id);
}

Result<void> Node::put_router(RouterConfig config, bool joins_running_group, Instant now) {
  const vrrp::RouterId id = config.id;
  Router* known = world_.find(id);
  const bool is_new = known == nullptr;
  if (is_new) {
    auto created = std::make_unique<Router>();
    known = world_.routers.emplace(id, std::move(created)).first->second.get();
    known->since = now;
  } else if (!listens_alike(known->config, config)) {
    world_.sockets.detach(*known);
  }
  Router& router = *known;
  const auto before = all_addresses(router.config);
  router.config = std::move(config);
  configure(router);

  // Links, source and priority first: the state machine begins with them.
  router.holds = static_cast<vrrp::Holds>(router.config.holds & kPolicyHolds);
  router.priority = effective_priority(router);
  router.source = choose_source(router);
  auto attached = world_.sockets.attach(router, now);
  router.holds |= link_holds(router, world_.links);
  if (is_deaf(router)) router.holds |= bit(vrrp::Hold::kLinkDown);
  if (is_watchdog_held_ && router.config.watchdog) router.holds |= bit(vrrp::Hold::kWatchdog);
  if (!attached.ok()) warn_no_socket(router, attached.error());

  const auto after = all_addresses(router.config);
  const bool starts_now = joins_running_group && !start_at_;
  Result<void> taken;
  if (is_new) {
    router.is_started = starts_now;
    const vrrp::Holds start = starts_now ? vrrp::Holds{0} : bit(vrrp::Hold::kNotStarted);
    // Leftovers go before the router can want them, unless it may be Active at once.
    addresses_.define(id, after, router.config.installed,
                      router.config.owner                 ? Leftovers::kLeave
                      : router.config.params.start_active ? Leftovers::kAdopt
                                                          : Leftovers::kRemove);
    routing_.define(id, router.config.routing, !router.config.params.start_active);
    taken = world_.domain.add(id, effective_params(router), router.holds | start, now);
  } else {
    taken = world_.domain.update(id, effective_params(router), now);
    const auto view = world_.domain.view(id);
    const vrrp::Holds own =
        view
            ? static_cast<vrrp::Holds>(view->holds & ~bit(vrrp::Hold::kGroup) & ~bit(vrrp::Hold::kNotStarted))
            : vrrp::Holds{0};
    world_.domain.set_holds(id, router.holds, static_cast<vrrp::Holds>(own & ~router.holds), now);
    if (router.state == vrrp::State::kActive && !(before == after)) {
      // One that has just become Active and still waits for its addresses announces them as such.
      if (!std::exchange(router.must_announce, true))
        router.announce_reason = vrrp::AnnounceReason::kAddressesChanged;
      router.is_installing = true;
    }
    addresses_.define(id, after, router.config.installed, Leftovers::kRemove);
    routing_.define(id, router.config.routing, false);
    if (router.is_installing && addresses_.is_settled(id))
      router.must_announce = router.is_installing = false;
  }
  announce_plan(router);
  world_.publish(router);
  return taken;
}

void Node::unwatch(const Router& router) {
  const vrrp::RouterId id = router.config.id;
  for (LinkState* link : router.watched) std::erase(link->users, id);
  std::erase(source_watchers_, id);
}

/// Which changes of links the router has to hear of.
void Node::watch(Router& router) {
  router.watched.clear();
  const auto add = [&](LinkState* link) {
    if (link == nullptr || std::ranges::find(router.watched, link) != router.watched.end()) return;
    router.watched.push_back(link);
    link->users.push_back(router.config.id);
  };
  add(router.link);
  for (const auto& [tracked, link] : router.tracked) add(link);
  for (const auto& address : all_addresses(router.config)) add(use_link(address.dev));
  if (router.config.track_source) source_watchers_.push_back(router.config.id);
}

void Node::configure(Router& router) {
  unwatch(router);
  const RouterConfig& config = router.config;
  // What a peer was found to speak is kept, unless the configuration decides.
  if (config.old_checksum == wire::OldChecksum::kAlways && config.params.version == vrrp::Version::kV3 &&
      config.params.family == Family::kIpv4 && config.is_unicast()) {
    router.checksum_form = wire::ChecksumForm::kOldUnicast;
  } else if (config.old_checksum == wire::OldChecksum::kNever) {
    router.checksum_form = wire::ChecksumForm::kPseudoHeader;
  }
  router.link = config.interface.empty() ? nullptr : use_link(config.interface);
  router.advertised.clear();
  for (const auto& address : config.addresses) {
    if (address.prefix.address.family() == config.params.family)
      router.advertised.push_back(address.prefix.address);
  }
  router.tracked.clear();
  for (const TrackedLink& tracked : config.tracked)
    router.tracked.emplace_back(tracked, use_link(tracked.name));
  router.address_links.clear();
  for (const auto& address : all_addresses(config)) {
    LinkState* link = use_link(address.dev);
    const bool is_exempt = address.no_track || link == router.link;
    if (!is_exempt && std::ranges::find(router.address_links, link) == router.address_links.end()) {
      router.address_links.push_back(link);
    }
    if (config.promote_secondaries && link->is_present()) addresses_.promote_secondaries(link->index);
  }
  watch(router);
  router.list_checked_for = IpAddr{};
  router.told_drops = 0;
}

void Node::set_groups(const Transaction& transaction, Instant now) {
  // First take members out, then put them in: a router may change from one group to another.
  for (const GroupConfig& group : transaction.groups) {
    const auto known = groups_.find(group.id);
    if (known == groups_.end()) continue;
    std::erase_if(known->second, [&](vrrp::RouterId id) { return !contains(group.members, id); });
    static_cast<void>(world_.domain.set_group(group.id, known->second, now));
  }
  for (const GroupConfig& group : transaction.groups) {
    static_cast<void>(world_.domain.set_group(group.id, group.members, now));
    groups_[group.id] = group.members;
  }
}

void Node::start_routers(Instant now) {
  start_at_.reset();
  for (auto& [id, router] : world_.routers) {
    // The worker is about to join its group; take_answers comes back here.
    if (router->socket != nullptr && !SocketTable::hears(*router)) continue;
    if (std::exchange(router->is_started, true)) continue;
    world_.domain.set_holds(id, 0, bit(vrrp::Hold::kNotStarted), now);
    world_.publish(*router);
  }
  executor_.run(now);
}

void Node::run_command(const Command& command, Instant now) {
  switch (command.kind) {
    case CommandKind::kRelease:
      world_.domain.release(command.id, vrrp::CauseKind::kCommand, now);
      break;
    case CommandKind::kOffer:
      world_.domain.offer(command.id, now);
      break;
    case CommandKind::kTakeOver:
      world_.domain.take_over(command.id, now);
      break;
    case CommandKind::kAnnounce:
      world_.domain.announce_again(command.id, vrrp::AnnounceReason::kRequested, now);
      break;
  }
}

/// They belong to no router. An address that the host has already is left to it at the end.
void Node::set_statics(const Statics& statics) {
  addresses_.define(vrrp::kNoRouter, statics.addresses, nullptr, Leftovers::kLeave);
  for (const auto& address : statics.addresses) use_link(address.dev);
  addresses_.want(vrrp::kNoRouter, true);
  routing_.define(vrrp::kNoRouter, statics.routing, false);
  routing_.want(vrrp::kNoRouter, true);
}

// ---- announcements ----

void Node::set_paces(std::vector<Pace> paces) {
  paces_.clear();
  default_pace_ = Pace{};
  for (Pace& pace : paces) {
    if (pace.interfaces.empty()) {
      default_pace_ = std::move(pace);
    } else {
      paces_.push_back(std::move(pace));
    }
  }
  for (std::size_t i = 0; i < paces_.size(); ++i) {
    world_.announcer.set_pace(kSharedPace + static_cast<vrrp::PaceId>(i), paces_[i].garp, paces_[i].gna);
  }
  for (const auto& [id, router] : world_.routers) announce_plan(*router);
}

vrrp::PaceId Node::pace_of(const LinkState& link) {
  for (std::size_t i = 0; i < paces_.size(); ++i) {
    const auto& names = paces_[i].interfaces;
    if (std::ranges::find(names, link.name) != names.end()) return kSharedPace + static_cast<vrrp::PaceId>(i);
  }
  world_.announcer.set_pace(link.index, default_pace_.garp, default_pace_.gna);
  return link.index;
}

void Node::announce_plan(const Router& router) {
  std::vector<vrrp::AnnounceAddress> plan;
  std::uint32_t index = 0;
  for (const auto& address : all_addresses(router.config)) {
    const LinkState& link = world_.links.use(address.dev);
    if (link.is_present() && link.link.has_neighbours()) {
      plan.push_back({index, link.index, address.prefix.address.family(), pace_of(link)});
    }
    ++index;
  }
  world_.announcer.set_router(router.config.id, router.config.params.announce, plan, now_);
  announce_extra_plan(router, plan);
}

/// garp_extra_if: switches forget a MAC address that they do not hear; one packet for each other link is
/// enough.
void Node::announce_extra_plan(const Router& router, const std::vector<vrrp::AnnounceAddress>& plan) {
  const Micros period = router.config.extra_announce_period;
  std::vector<vrrp::AnnounceAddress> first_of_each;
  if (period > Micros{0}) {
    const IfIndex own = router.link == nullptr ? 0 : router.link->index;
    for (const auto& address : plan) {
      const bool is_known =
          std::ranges::any_of(first_of_each, [&](const auto& known) { return known.link == address.link; });
      if (address.link != own && !is_known) first_of_each.push_back(address);
    }
  }
  const vrrp::RouterId id = extra_plan(router.config.id);
  const vrrp::AnnounceParams params{Micros{0}, 0, period, 1, Micros{0}, 0};
  world_.announcer.set_router(id, params, first_of_each, now_);
}

}  // namespace ka::engine
