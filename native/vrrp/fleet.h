// All routers and groups of a node, and the moves that they make together. The inside of Domain: domain.cc
// turns calls into these, this file decides who else moves. Events never allocate.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "native/vrrp/deadline_heap.h"
#include "native/vrrp/effects.h"
#include "native/vrrp/machine.h"
#include "native/vrrp/sync_group.h"

namespace ka::vrrp {

/// A cause without a peer.
[[nodiscard]] Cause because(CauseKind kind, Holds holds = 0);
/// What the other members of a group say when `member` moved for `cause`.
[[nodiscard]] Cause with_group(RouterId member, const Cause& cause);

struct Fleet {
  struct Router {
    Machine machine;
    DeadlineHeap::Slot slot;
    SyncGroup* group = nullptr;
  };

  std::unordered_map<RouterId, std::unique_ptr<Router>> routers;
  std::unordered_map<GroupId, std::unique_ptr<SyncGroup>> groups;
  std::vector<Router*> by_slot;
  std::vector<DeadlineHeap::Slot> free_slots;
  /// Timers that only say something of ourselves, and those that conclude something from the silence of
  /// others.
  DeadlineHeap adverts;
  DeadlineHeap silences;
  Effects effects;

  Router* find(RouterId id) {
    const auto it = routers.find(id);
    return it == routers.end() ? nullptr : it->second.get();
  }
  Router& owner_of(const Machine& machine) { return *routers.find(machine.id())->second; }

  /// Keeps the heaps in step with the router's deadline.
  void arm(Router& router) {
    const auto deadline = router.machine.deadline();
    if (!deadline) return disarm(router.slot);
    const bool awaits = router.machine.awaits_others();
    (awaits ? adverts : silences).clear(router.slot);
    (awaits ? silences : adverts).set(router.slot, *deadline);
  }
  void disarm(DeadlineHeap::Slot slot) {
    adverts.clear(slot);
    silences.clear(slot);
  }
  /// The slot whose deadline is the earliest of what may fire.
  [[nodiscard]] std::optional<DeadlineHeap::Slot> due(Instant now, Instant heard_until) const {
    const auto advert = adverts.due(now);
    const auto silence = silences.due(heard_until);
    if (!advert || !silence) return advert ? advert : silence;
    const auto advert_key = std::pair(*adverts.earliest(), *advert);
    return advert_key < std::pair(*silences.earliest(), *silence) ? advert : silence;
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

  /// Says a group's new state, when it has one, after `member` moved for `cause`.
  void show(SyncGroup& group, RouterId member, const Cause& cause);
  /// Carries out what a router wants, as far as its group agrees.
  void react(Router& router, Intent intent, Instant now);
  /// Moves a router, or its group, into or out of Initialize as its holds say now.
  void settle(Router& router, const Cause& cause, Instant now);
  /// Takes a router out of its group; what is left settles anew.
  void leave_group(Router& router, Instant now);
  /// Makes exactly `wanted` the members of `group`, which ends when there are none.
  void regroup(SyncGroup& group, const std::vector<Machine*>& wanted, Instant now);
  /// Room for the effects of one call that moves everybody. May allocate.
  void reserve();

 private:
  std::size_t reserved_ = 0;
};

}  // namespace ka::vrrp
