// All virtual routers and sync groups of one node as one value: events and a time in, ordered effects out.
// The engine, the unit tests and the simulator drive this same object. It has no clock and does no I/O, and
// after configuration it does not allocate.
#pragma once

#include <cstddef>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "native/base/result.h"
#include "native/vrrp/types.h"

namespace ka::vrrp {

/// The VRRP state machines of one node. Not thread-safe; one owner (engine thread, or a test).
///
/// Every call that takes `now` may append effects; `effects()` lists them in the order in which they must be
/// carried out, until `clear_effects()`. `now` never goes backwards.
class Domain {
 public:
  Domain();
  ~Domain();
  Domain(Domain&&) noexcept;
  Domain& operator=(Domain&&) noexcept;
  Domain(const Domain&) = delete;
  Domain& operator=(const Domain&) = delete;

  // ---- configuration: may allocate ----

  /// Adds a router, held by `holds` (usually kNotStarted and what is known of links and policy).
  /// Errors: kExists.
  Result<void> add(RouterId id, const Params& params, Holds holds, Instant now);
  /// Takes over new parameters and keeps the state (keepalived reload, reference B11); timers are adapted.
  /// Errors: kNotFound.
  Result<void> update(RouterId id, const Params& params, Instant now);
  /// Removes a router; an Active one says priority 0 and removes its addresses first. Errors: kNotFound.
  Result<void> remove(RouterId id, Instant now);
  /// Defines or redefines a sync group; a router is in at most one group. Empty `members` removes the group.
  /// Members that disagree afterwards move together as the manual says (a held member holds all).
  /// Errors: kNotFound (a member does not exist), kInvalidArgument (a member is in another group).
  Result<void> set_group(GroupId id, std::span<const RouterId> members, Instant now);

  // ---- events: never allocate ----

  /// An advert accepted for router `id` (RFC 9568 section 6.4.2, 6.4.3).
  void advert(RouterId id, const HeardAdvert& heard, Instant now);
  /// Sets and clears holds; the router moves to or from Initialize accordingly, its group with it.
  void set_holds(RouterId id, Holds set, Holds clear, Instant now);
  /// Changes the effective priority alone (reference B8).
  void set_priority(RouterId id, Priority priority, Instant now);
  /// The source address changed (it breaks ties).
  void set_source(RouterId id, const IpAddr& source, Instant now);
  /// Yields mastership as if a better router had been heard: priority 0, then Backup (operator's command, or
  /// lost address).
  void release(RouterId id, CauseKind why, Instant now);
  /// Asks the peers of an Active Router, and of its group, to take over; see Machine::offer.
  void offer(RouterId id, Instant now);
  /// Preempts now although `nopreempt` or preempt_delay would wait (operator's failback); no effect unless
  /// Backup.
  void take_over(RouterId id, Instant now);
  /// Asks for another announcement of all addresses of an Active router.
  void announce_again(RouterId id, AnnounceReason reason, Instant now);
  /// This node was not running for `late`: running Backup timers get that much grace, so that the peers'
  /// adverts are heard first.
  void grant_grace(Micros late, Instant now);
  /// This node may not have run until now; to be said before what arrived meanwhile is handed in. Active
  /// routers that were silent for as long as others wait listen before they speak. `uncounted`: time that
  /// `now` did not count (a suspended machine). True: some of them do.
  bool listen_if_absent(Nanos uncounted, Instant now);
  /// Fires every deadline that is not after `now`.
  void advance(Instant now) { advance(now, now); }
  /// The same, but only what arrived until `heard_until` has been read: the silence of others counts up to
  /// then. Instant::min(): nothing but regular adverts of our own.
  /// Fires at most `most` deadlines, the earliest; true: more are due.
  bool advance(Instant now, Instant heard_until, std::size_t most = std::numeric_limits<std::size_t>::max());
  /// Leaves everything in order: priority 0, addresses removed, state Initialize with cause kShutdown.
  void shutdown(Instant now);

  // ---- answers ----

  /// The earliest deadline of all routers; nullopt when there is none.
  [[nodiscard]] std::optional<Instant> next_deadline() const;
  [[nodiscard]] std::span<const Effect> effects() const;
  void clear_effects();
  /// Errors: nullopt when there is no such router.
  [[nodiscard]] std::optional<View> view(RouterId id) const;
  [[nodiscard]] const Params* params(RouterId id) const;
  /// State of a group: Active or Backup when all members agree, Initialize otherwise. nullopt: no such group.
  [[nodiscard]] std::optional<State> group_state(GroupId id) const;

 private:
  struct Impl;
  Impl* impl_;
};

}  // namespace ka::vrrp
