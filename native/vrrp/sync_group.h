// The questions that a sync group asks its members (keepalived vrrp_sync_group, reference B9). Answers only:
// what follows from them is in domain.cc.
#pragma once

#include <cstddef>
#include <vector>

#include "native/vrrp/machine.h"
#include "native/vrrp/types.h"

namespace ka::vrrp {

/// A set of routers that are Active, or not, together.
struct SyncGroup {
  GroupId id = kNoGroup;
  /// In the order of the configuration.
  std::vector<Machine*> members;
  /// What was last said about it (kGroupTransition).
  State shown = State::kInitialize;
};

/// How many members are held by a reason of their own.
[[nodiscard]] std::size_t held_members(const SyncGroup& group);
/// All members are in Initialize.
[[nodiscard]] bool rests(const SyncGroup& group);
/// A member has been started and is at fault: the group counts as FAULT, not as one that still waits.
[[nodiscard]] bool is_at_fault(const SyncGroup& group);
/// All members may be Active at once from the start.
[[nodiscard]] bool starts_active(const SyncGroup& group);
/// Every member but `last` is Active already or has waited its timer out.
[[nodiscard]] bool agrees_with(const SyncGroup& group, const Machine& last);
/// Active or Backup when all members agree, else Initialize.
[[nodiscard]] State state_of(const SyncGroup& group);

/// Own holds of a started router that are more than waiting.
[[nodiscard]] bool is_at_fault(const Machine& router);

}  // namespace ka::vrrp
