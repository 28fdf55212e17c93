// The questions that a sync group asks its members (keepalived vrrp_sync_group, reference B9). Answers only:
// what follows from them is in domain.cc.
#pragma once

#include <span>
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

/// A member is held by a reason of its own.
[[nodiscard]] bool is_held(const SyncGroup& group);
/// Any member other than `member` is held by a reason of its own.
[[nodiscard]] bool is_held_by_others(const SyncGroup& group, const Machine& member);
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
