#include "native/vrrp/sync_group.h"

#include <algorithm>

namespace ka::vrrp {

std::size_t held_members(const SyncGroup& group) {
  const auto count = std::count_if(group.members.begin(), group.members.end(),
                                   [](const Machine* m) { return m->own_holds() != 0; });
  return static_cast<std::size_t>(count);
}

bool rests(const SyncGroup& group) {
  return std::all_of(group.members.begin(), group.members.end(),
                     [](const Machine* m) { return m->state() == State::kInitialize; });
}

bool is_at_fault(const SyncGroup& group) {
  return std::any_of(group.members.begin(), group.members.end(),
                     [](const Machine* m) { return is_at_fault(*m); });
}

bool starts_active(const SyncGroup& group) {
  return std::all_of(group.members.begin(), group.members.end(),
                     [](const Machine* m) { return m->starts_active(); });
}

bool agrees_with(const SyncGroup& group, const Machine& last) {
  return std::all_of(group.members.begin(), group.members.end(), [&](const Machine* m) {
    return m == &last || m->wants_active() || m->state() == State::kActive;
  });
}

State state_of(const SyncGroup& group) {
  if (group.members.empty()) return State::kInitialize;
  const State first = group.members.front()->state();
  const bool agreed = std::all_of(group.members.begin(), group.members.end(),
                                  [&](const Machine* m) { return m->state() == first; });
  return agreed ? first : State::kInitialize;
}

bool is_at_fault(const Machine& router) {
  const Holds holds = router.own_holds();
  return (holds & bit(Hold::kNotStarted)) == 0 && (holds & ~bit(Hold::kWaiting)) != 0;
}

}  // namespace ka::vrrp
