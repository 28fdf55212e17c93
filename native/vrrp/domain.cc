#include "native/vrrp/domain.h"

#include <algorithm>
#include <memory>
#include <unordered_map>

#include "native/vrrp/deadline_heap.h"
#include "native/vrrp/effects.h"
#include "native/vrrp/machine.h"
#include "native/vrrp/sync_group.h"

namespace ka::vrrp {
namespace {

/// Most effects that one call writes for one router: a change of priority, one of state with its sends, its
/// group.
constexpr std::size_t kEffectsPerRouter = 8;
constexpr std::size_t kEffectsAtLeast = 64;
constexpr Holds kGroupBit = bit(Hold::kGroup);

Cause because(CauseKind kind, Holds holds = 0) {
  Cause cause;
  cause.kind = kind;
  cause.holds = holds;
  return cause;
}

/// What the other members of a group say when `member` moved for `cause`.
Cause with_group(RouterId member, const Cause& cause) {
  Cause follows;
  follows.kind = CauseKind::kGroup;
  follows.member = member;
  follows.member_kind = cause.kind;
  follows.holds = cause.holds;
  follows.peer = cause.peer;
  follows.peer_priority = cause.peer_priority;
  return follows;
}

std::optional<Error> refuse(const Params& params) {
  const auto invalid = [](const char* detail) {
    return Error{Errc::kInvalidArgument, "vrrp params", 0, detail};
  };
  if (params.vrid == 0) return invalid("vrid must be 1..255");
  if (params.priority == 0) return invalid("priority must be 1..255");
  if (params.advert_interval <= Micros{0}) return invalid("advert_interval must be positive");
  if (params.down_timer_adverts == 0) return invalid("down_timer_adverts must be at least 1");
  return std::nullopt;
}

Error not_found(const char* op, std::uint32_t id) {
  return Error{Errc::kNotFound, op, 0, "no router " + std::to_string(id)};
}

}  // namespace

struct Domain::Impl {
  struct Router {
    Machine machine;
    DeadlineHeap::Slot slot;
    SyncGroup* group = nullptr;
  };

  std::unordered_map<RouterId, std::unique_ptr<Router>> routers;
  std::unordered_map<GroupId, std::unique_ptr<SyncGroup>> groups;
  std::vector<Router*> by_slot;
  std::vector<DeadlineHeap::Slot> free_slots;
  DeadlineHeap heap;
  Effects effects;

  Router* find(RouterId id) {
    const auto it = routers.find(id);
    return it == routers.end() ? nullptr : it->second.get();
  }
  Router& owner_of(const Machine& machine) { return *routers.find(machine.id())->second; }

  void arm(Router& router) {
    const auto deadline = router.machine.deadline();
    if (deadline) {
      heap.set(router.slot, *deadline);
    } else {
      heap.clear(router.slot);
    }
  }
  void arm_all(const SyncGroup& group) {
    for (const Machine* member : group.members) arm(owner_of(*member));
  }

  /// Does `act` to the router that moved, with its cause, and then to the other members, with theirs.
  template <typename Act>
  void move_together(Router& first, const Cause& cause, Act act) {
    act(first.machine, cause);
    arm(first);
    if (first.group == nullptr) return;
    const Cause follows = with_group(first.machine.id(), cause);
    for (Machine* member : first.group->members) {
      if (member != &first.machine) act(*member, follows);
    }
    arm_all(*first.group);
    show(*first.group, first.machine.id(), cause);
  }

  void show(SyncGroup& group, RouterId member, const Cause& cause) {
    const State now_is = state_of(group);
    if (now_is == group.shown) return;
    Effect effect;
    effect.kind = EffectKind::kGroupTransition;
    effect.group = group.id;
    effect.router = member;
    effect.from = group.shown;
    effect.to = now_is;
    effect.cause = cause;
    group.shown = now_is;
    effects.add(effect);
  }

  /// Carries out what a router wants, as far as its group agrees.
  void react(Router& router, Intent intent, Instant now) {
    Machine& machine = router.machine;
    switch (intent) {
      case Intent::kStay:
        break;
      case Intent::kActive: {
        if (router.group != nullptr && !agrees_with(*router.group, machine)) {
          machine.wait_for_group(now);
          break;
        }
        const Cause cause = machine.intent_cause();
        move_together(router, cause, [&](Machine& m, const Cause& why) {
          if (m.state() == State::kBackup) m.become_active(why, now, effects);
        });
        return;
      }
      case Intent::kBackup: {
        const bool last_advert = machine.params().higher_prio_send_advert;
        const Cause cause = machine.intent_cause();
        move_together(router, cause, [&](Machine& m, const Cause& why) {
          if (m.state() != State::kActive) return;
          const bool speaks = &m == &machine && last_advert;
          m.become_backup(why, speaks ? Farewell::kLastAdvert : Farewell::kSilent, now, effects);
        });
        return;
      }
      case Intent::kReannounce:
        if (router.group == nullptr) break;
        for (const Machine* member : router.group->members) {
          if (member != &machine) member->announce(AnnounceReason::kLowerPriorityHeard, effects);
        }
        break;
    }
    arm(router);
  }

  /// Moves a router, or its group, into or out of Initialize as its holds say now.
  void settle(Router& router, const Cause& cause, Instant now) {
    SyncGroup* group = router.group;
    if (group != nullptr) {
      for (Machine* member : group->members) {
        const bool others = is_held_by_others(*group, *member);
        member->change_holds(others ? kGroupBit : Holds{0}, others ? Holds{0} : kGroupBit);
      }
    }
    const bool held = group != nullptr ? is_held(*group) : router.machine.own_holds() != 0;
    if (held) {
      const bool fault = group != nullptr ? is_at_fault(*group) : is_at_fault(router.machine);
      move_together(router, cause, [&](Machine& m, const Cause& why) {
        m.become_initialize(why, now, effects);
        if (fault && (m.holds() & bit(Hold::kNotStarted)) == 0) m.report_fault(why, now, effects);
      });
      return;
    }
    const bool at_once = group != nullptr ? starts_active(*group) : router.machine.starts_active();
    Cause start = cause;
    if (at_once) start.kind = CauseKind::kOwner;
    move_together(router, start, [&](Machine& m, const Cause& why) {
      if (m.state() != State::kInitialize) return;
      if (at_once) {
        m.become_active(why, now, effects);
      } else {
        m.become_backup(why, Farewell::kSilent, now, effects);
      }
    });
  }

  /// Why a router leaves Initialize when `cleared` went.
  static Cause out_of_hold(const Machine& machine, Holds cleared) {
    return because(machine.never_started() ? CauseKind::kStarted : CauseKind::kReleased, cleared);
  }

  /// Takes a router out of its group; what is left settles anew.
  void leave_group(Router& router, Instant now) {
    SyncGroup* group = router.group;
    if (group == nullptr) return;
    router.group = nullptr;
    std::erase(group->members, &router.machine);
    if (!group->members.empty()) {
      Router& next = owner_of(*group->members.front());
      settle(next, because(CauseKind::kParams), now);
      return;
    }
    show(*group, router.machine.id(), because(CauseKind::kParams));
    groups.erase(group->id);
  }

  void reserve() {
    const std::size_t wanted = kEffectsAtLeast + kEffectsPerRouter * routers.size();
    if (wanted > reserved) {
      reserved = wanted + wanted / 2;
      effects.reserve(reserved);
    }
  }
  std::size_t reserved = 0;
};

Domain::Domain() : impl_(new Impl) {
  impl_->reserve();
}
Domain::~Domain() {
  delete impl_;
}
Domain::Domain(Domain&& other) noexcept : impl_(std::exchange(other.impl_, nullptr)) {}
Domain& Domain::operator=(Domain&& other) noexcept {
  std::swap(impl_, other.impl_);
  return *this;
}

// ---- configuration ----

Result<void> Domain::add(RouterId id, const Params& params, Holds holds, Instant now) {
  Impl& d = *impl_;
  if (d.find(id) != nullptr) return Error{Errc::kExists, "add router", 0, "router " + std::to_string(id)};
  if (auto error = refuse(params)) return *error;
  DeadlineHeap::Slot slot = 0;
  if (!d.free_slots.empty()) {
    slot = d.free_slots.back();
    d.free_slots.pop_back();
  } else {
    slot = static_cast<DeadlineHeap::Slot>(d.by_slot.size());
    d.by_slot.push_back(nullptr);
    d.heap.resize(d.by_slot.size());
  }
  const auto own = static_cast<Holds>(holds & ~kGroupBit);
  auto router = std::make_unique<Impl::Router>(Impl::Router{Machine(id, params, own, now), slot});
  Impl::Router& added = *router;
  d.by_slot[slot] = &added;
  d.routers.emplace(id, std::move(router));
  d.reserve();
  d.settle(added, own == 0 ? because(CauseKind::kStarted) : because(CauseKind::kHeld, own), now);
  return {};
}

Result<void> Domain::update(RouterId id, const Params& params, Instant now) {
  Impl::Router* router = impl_->find(id);
  if (router == nullptr) return not_found("update router", id);
  if (auto error = refuse(params)) return *error;
  router->machine.set_params(params, now, impl_->effects);
  impl_->arm(*router);
  return {};
}

Result<void> Domain::remove(RouterId id, Instant now) {
  Impl& d = *impl_;
  Impl::Router* router = d.find(id);
  if (router == nullptr) return not_found("remove router", id);
  router->machine.become_initialize(because(CauseKind::kRemoved), now, d.effects);
  d.leave_group(*router, now);
  d.heap.clear(router->slot);
  d.by_slot[router->slot] = nullptr;
  d.free_slots.push_back(router->slot);
  d.routers.erase(id);
  return {};
}

Result<void> Domain::set_group(GroupId id, std::span<const RouterId> members, Instant now) {
  Impl& d = *impl_;
  if (id == kNoGroup) return Error{Errc::kInvalidArgument, "set group", 0, "this id means no group"};
  const auto known = d.groups.find(id);
  SyncGroup* group = known == d.groups.end() ? nullptr : known->second.get();
  std::vector<Machine*> wanted;
  for (const RouterId member : members) {
    Impl::Router* router = d.find(member);
    if (router == nullptr) return not_found("set group", member);
    const bool twice = std::find(wanted.begin(), wanted.end(), &router->machine) != wanted.end();
    if (twice || (router->group != nullptr && router->group != group)) {
      return Error{Errc::kInvalidArgument, "set group", 0,
                   "router " + std::to_string(member) + " is already in a group"};
    }
    wanted.push_back(&router->machine);
  }
  if (group == nullptr && wanted.empty()) return {};
  if (group == nullptr) group = d.groups.emplace(id, std::make_unique<SyncGroup>()).first->second.get();
  group->id = id;

  std::vector<Machine*> left;
  for (Machine* member : group->members) {
    if (std::find(wanted.begin(), wanted.end(), member) == wanted.end()) left.push_back(member);
  }
  group->members = wanted;
  for (Machine* member : wanted) d.owner_of(*member).group = group;
  for (Machine* member : left) {
    Impl::Router& router = d.owner_of(*member);
    router.group = nullptr;
    member->change_holds(0, kGroupBit);
    d.settle(router, because(CauseKind::kParams), now);
  }
  if (wanted.empty()) {
    d.groups.erase(id);
    return {};
  }
  // One that is held holds all; else one that is Backup makes all Backup.
  const auto is_backup = [](const Machine* m) { return m->state() == State::kBackup; };
  const auto first =
      std::find_if(wanted.begin(), wanted.end(), [](const Machine* m) { return m->own_holds() != 0; });
  Impl::Router& trigger = d.owner_of(first == wanted.end() ? *wanted.front() : **first);
  const Holds holds = trigger.machine.own_holds();
  d.settle(trigger, holds != 0 ? because(CauseKind::kHeld, holds) : because(CauseKind::kParams), now);
  const auto backup = std::find_if(wanted.begin(), wanted.end(), is_backup);
  if (backup != wanted.end()) {
    d.move_together(d.owner_of(**backup), because(CauseKind::kParams), [&](Machine& m, const Cause& why) {
      if (m.state() == State::kActive) m.become_backup(why, Farewell::kPriorityZero, now, d.effects);
    });
  }
  return {};
}

// ---- events ----

void Domain::advert(RouterId id, const HeardAdvert& heard, Instant now) {
  Impl::Router* router = impl_->find(id);
  if (router == nullptr) return;
  HeardAdvert dated = heard;
  dated.received_at = std::min(heard.received_at, now);
  impl_->react(*router, router->machine.advert(dated, now, impl_->effects), now);
}

void Domain::set_holds(RouterId id, Holds set, Holds clear, Instant now) {
  Impl::Router* router = impl_->find(id);
  if (router == nullptr) return;
  Machine& machine = router->machine;
  const Holds before = machine.own_holds();
  if (!machine.change_holds(static_cast<Holds>(set & ~kGroupBit), static_cast<Holds>(clear & ~kGroupBit)))
    return;
  const Holds after = machine.own_holds();
  const auto came = static_cast<Holds>(after & ~before);
  const auto went = static_cast<Holds>(before & ~after);
  const Holds held_by = came != 0 ? came : after;
  const Cause cause = after != 0 ? because(CauseKind::kHeld, held_by) : Impl::out_of_hold(machine, went);
  impl_->settle(*router, cause, now);
}

void Domain::set_priority(RouterId id, Priority priority, Instant) {
  Impl::Router* router = impl_->find(id);
  if (router == nullptr || priority == 0) return;
  router->machine.set_priority(priority, impl_->effects);
  impl_->arm(*router);
}

void Domain::set_source(RouterId id, const IpAddr& source, Instant) {
  Impl::Router* router = impl_->find(id);
  if (router != nullptr) router->machine.set_source(source);
}

void Domain::release(RouterId id, CauseKind why, Instant now) {
  Impl::Router* router = impl_->find(id);
  if (router == nullptr || router->machine.state() != State::kActive) return;
  impl_->move_together(*router, because(why), [&](Machine& m, const Cause& cause) {
    if (m.state() == State::kActive) m.become_backup(cause, Farewell::kPriorityZero, now, impl_->effects);
  });
}

void Domain::take_over(RouterId id, Instant now) {
  Impl::Router* router = impl_->find(id);
  if (router == nullptr || router->machine.state() != State::kBackup) return;
  impl_->move_together(*router, because(CauseKind::kCommand), [&](Machine& m, const Cause& cause) {
    if (m.state() == State::kBackup) m.become_active(cause, now, impl_->effects);
  });
}

void Domain::announce_again(RouterId id, AnnounceReason reason, Instant) {
  Impl::Router* router = impl_->find(id);
  if (router != nullptr) router->machine.announce(reason, impl_->effects);
}

void Domain::grant_grace(Micros late, Instant now) {
  if (late <= Micros{0}) return;
  for (Impl::Router* router : impl_->by_slot) {
    if (router == nullptr) continue;
    router->machine.grant_grace(late, now);
    impl_->arm(*router);
  }
}

void Domain::advance(Instant now) {
  while (const auto slot = impl_->heap.due(now)) {
    Impl::Router& router = *impl_->by_slot[*slot];
    impl_->react(router, router.machine.fire(now, impl_->effects), now);
  }
}

void Domain::shutdown(Instant now) {
  const Cause cause = because(CauseKind::kShutdown);
  for (Impl::Router* router : impl_->by_slot) {
    if (router == nullptr) continue;
    router->machine.change_holds(bit(Hold::kNotStarted), 0);
    router->machine.become_initialize(cause, now, impl_->effects);
    impl_->heap.clear(router->slot);
  }
  for (auto& [id, group] : impl_->groups) impl_->show(*group, kNoRouter, cause);
}

// ---- answers ----

std::optional<Instant> Domain::next_deadline() const {
  return impl_->heap.earliest();
}
std::span<const Effect> Domain::effects() const {
  return impl_->effects.list();
}
void Domain::clear_effects() {
  impl_->effects.clear();
}

std::optional<View> Domain::view(RouterId id) const {
  const Impl::Router* router = impl_->find(id);
  if (router == nullptr) return std::nullopt;
  return router->machine.view();
}

const Params* Domain::params(RouterId id) const {
  const Impl::Router* router = impl_->find(id);
  return router == nullptr ? nullptr : &router->machine.params();
}

std::optional<State> Domain::group_state(GroupId id) const {
  const auto it = impl_->groups.find(id);
  if (it == impl_->groups.end()) return std::nullopt;
  return it->second->shown;
}

}  // namespace ka::vrrp
