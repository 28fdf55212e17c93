#include "native/vrrp/fleet.h"

#include <algorithm>

namespace ka::vrrp {
namespace {

/// Most effects that one call writes for one router: a change of priority, one of state with its sends, its
/// group.
constexpr std::size_t kEffectsPerRouter = 8;
/// One batch of received adverts, each of which may ask for three things.
constexpr std::size_t kEffectsAtLeast = 128;
constexpr Holds kGroupBit = bit(Hold::kGroup);

}  // namespace

Cause because(CauseKind kind, Holds holds) {
  Cause cause;
  cause.kind = kind;
  cause.holds = holds;
  return cause;
}

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

void Fleet::show(SyncGroup& group, RouterId member, const Cause& cause) {
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

void Fleet::react(Router& router, Intent intent, Instant now) {
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
      const bool last_advert = machine.gives_way_aloud();
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

void Fleet::settle(Router& router, const Cause& cause, Instant now) {
  SyncGroup* group = router.group;
  if (group != nullptr) {
    const auto holders = held_members(*group);
    for (Machine* member : group->members) {
      const bool others = holders > (member->own_holds() != 0 ? 1u : 0u);
      member->change_holds(others ? kGroupBit : Holds{0}, others ? Holds{0} : kGroupBit);
    }
  }
  const bool held = group != nullptr ? held_members(*group) > 0 : router.machine.own_holds() != 0;
  if (held) {
    const bool fault = group != nullptr ? is_at_fault(*group) : is_at_fault(router.machine);
    // A large group that starts has every member come here: nothing to do is to be quick.
    if (!fault && group != nullptr && rests(*group)) return;
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

void Fleet::leave_group(Router& router, Instant now) {
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

void Fleet::regroup(SyncGroup& group, const std::vector<Machine*>& wanted, Instant now) {
  std::vector<Machine*> left;
  for (Machine* member : group.members) {
    if (std::find(wanted.begin(), wanted.end(), member) == wanted.end()) left.push_back(member);
  }
  group.members = wanted;
  for (Machine* member : wanted) owner_of(*member).group = &group;
  for (Machine* member : left) {
    Router& router = owner_of(*member);
    router.group = nullptr;
    member->change_holds(0, kGroupBit);
    settle(router, because(CauseKind::kParams), now);
  }
  if (wanted.empty()) {
    groups.erase(group.id);
    return;
  }
  // One that is held holds all; else one that is Backup makes all Backup.
  const auto is_backup = [](const Machine* m) { return m->state() == State::kBackup; };
  const auto first =
      std::find_if(wanted.begin(), wanted.end(), [](const Machine* m) { return m->own_holds() != 0; });
  Router& trigger = owner_of(first == wanted.end() ? *wanted.front() : **first);
  const Holds holds = trigger.machine.own_holds();
  settle(trigger, holds != 0 ? because(CauseKind::kHeld, holds) : because(CauseKind::kParams), now);
  const auto backup = std::find_if(wanted.begin(), wanted.end(), is_backup);
  if (backup != wanted.end()) {
    move_together(owner_of(**backup), because(CauseKind::kParams), [&](Machine& m, const Cause& why) {
      if (m.state() == State::kActive) m.become_backup(why, Farewell::kPriorityZero, now, effects);
    });
  }
}

void Fleet::reserve() {
  const std::size_t wanted = kEffectsAtLeast + kEffectsPerRouter * routers.size();
  if (wanted <= reserved_) return;
  reserved_ = wanted + wanted / 2;
  effects.reserve(reserved_);
}

}  // namespace ka::vrrp
