// One virtual router: RFC 9568 section 6.4 with keepalived's policy. Events and a time in, effects and a wish
// out.
//
// The machine decides what it wants; whether it may is for its sync group to say. Therefore events answer
// with an Intent, and become_active() and its siblings carry a decision out. A router without a group gets
// its wish at once (Domain). No clock, no I/O, no allocation.
#pragma once

#include <optional>
#include <variant>

#include "native/base/units.h"
#include "native/vrrp/advert_timer.h"
#include "native/vrrp/effects.h"
#include "native/vrrp/timers.h"
#include "native/vrrp/types.h"

namespace ka::vrrp {

/// What a router wants after an event.
enum class Intent : std::uint8_t {
  kStay,
  kActive,
  kBackup,
  kReannounce  // stay Active; a lower priority was heard, so the other members of the group announce as well
};

/// Whether a router that leaves Active says so.
enum class Farewell : std::uint8_t {
  kSilent,        // the better master is already there
  kPriorityZero,  // RFC 9568 section 6.4.3, Shutdown: peers need not wait for silence
  kLastAdvert     // vrrp_higher_prio_send_advert: one more advert with our own priority
};

class Machine {
 public:
  Machine(RouterId id, const Params& params, Holds holds, Instant now);

  // ---- events ----

  /// An accepted advert (ignored in Initialize). Never kActive.
  Intent advert(const HeardAdvert& heard, Instant now, Effects& effects);
  /// The deadline has come. An Active Router advertises and stays; a Backup Router wants to be Active.
  Intent fire(Instant now, Effects& effects);
  void set_priority(Priority priority, Effects& effects);
  void set_source(const IpAddr& source) { params_.source = source; }
  /// keepalived reload: the state stays, the running timer follows its new length.
  void set_params(const Params& params, Instant now, Effects& effects);
  /// Once per armed timer: the node was not running for `late`, the master's adverts may be on their way.
  void grant_grace(Micros late, Instant now);

  /// This node may not have run, and `uncounted` is what the clock of Instant did not count of that. An
  /// Active Router that has said nothing for as long as others wait listens for one interval before it
  /// speaks: true. One that listens already and wakes less than kStarving late does not go on listening, or a
  /// starving node would never speak: what was said meanwhile is in its sockets, and is heard before.
  bool listen_if_absent(Nanos uncounted, Instant now);

  // ---- decisions ----

  void become_active(const Cause& cause, Instant now, Effects& effects);
  /// From Active, or restarts the timer in Backup without a transition.
  void become_backup(const Cause& cause, Farewell farewell, Instant now, Effects& effects);
  /// Into Initialize; an Active Router says priority 0 first. Without effect in Initialize.
  void become_initialize(const Cause& cause, Instant now, Effects& effects);
  /// An Active Router asks whether anybody would take over: it says priority 0, keeps its addresses and is
  /// silent for as long as the worst Backup Router would wait (and half of that again). Whoever speaks is the
  /// master; when nobody does, it goes on as if nothing had been. Without effect unless Active.
  void offer(Instant now, Effects& effects);
  /// A Backup Router of a group that is not ready: the wish stays, the timer runs again.
  void wait_for_group(Instant now);
  /// Another announcement of all addresses; only when Active.
  void announce(AnnounceReason reason, Effects& effects) const;

  // ---- holds ----

  /// Sets and clears; true when the set changed.
  bool change_holds(Holds set, Holds clear);
  [[nodiscard]] Holds holds() const { return holds_; }
  /// Holds other than the group's.
  [[nodiscard]] Holds own_holds() const { return static_cast<Holds>(holds_ & ~bit(Hold::kGroup)); }
  /// Its deadline concludes something from the silence of others: a Backup Router's, and that of an Active
  /// Router which has offered its place or listens after an absence.
  [[nodiscard]] bool awaits_others() const;
  /// Start as Active, without waiting: `start_active`, and no fault came in between.
  [[nodiscard]] bool starts_active() const { return params_.start_active && fresh_; }
  /// Whether it says a last word when it gives way to whoever the last Intent is about: the others may have
  /// never heard of it, and must announce the addresses anew.
  [[nodiscard]] bool gives_way_aloud() const;
  /// True until the router has left Initialize for the first time.
  [[nodiscard]] bool never_started() const { return !started_; }
  /// Says once that a router which has not run yet is at fault: a transition from Initialize to Initialize.
  void report_fault(const Cause& cause, Instant now, Effects& effects);

  // ---- answers ----

  [[nodiscard]] RouterId id() const { return id_; }
  [[nodiscard]] State state() const;
  [[nodiscard]] const Params& params() const { return params_; }
  [[nodiscard]] std::optional<Instant> deadline() const;
  /// Why the last Intent was answered.
  [[nodiscard]] const Cause& intent_cause() const { return intent_cause_; }
  /// The timer has ended and no master has been accepted since: ready when the group is.
  [[nodiscard]] bool wants_active() const;
  [[nodiscard]] View view() const;

 private:
  /// Sockets hold what arrives in this time.
  static constexpr Nanos kStarving = std::chrono::seconds{1};

  struct Initialize {};
  struct Backup {
    Instant active_down_timer;
    std::optional<Instant> preempt_from;  // preempt_delay runs until then
    bool wants_active = false;
    bool graced = false;
    bool peer_left = false;    // priority 0 was the last word
    bool lower_heard = false;  // an advert was discarded because its priority is lower: it will be preempted
    IpAddr discarded_peer;
    Priority discarded_priority = 0;
  };
  struct Active {
    AdvertTimer adver_timer;
    bool listens = false;  // it was absent, another Active Router may be there
    // Two address owners (keepalived 2.3.3): the other one advertises although our address is higher.
    std::optional<Instant> rival_since;
    Instant rival_last{};
    bool offered = false;  // silent since offer(): anybody may have the mastership
  };

  /// What an owner counts as after it gave way to another owner (keepalived).
  static constexpr Priority kLoweredOwner = 254;

  Intent advert_in_backup(Backup& backup, const HeardAdvert& heard, Effects& effects);
  Intent advert_in_active(Active& active, const HeardAdvert& heard, Instant now, Effects& effects);
  bool is_better(const HeardAdvert& heard) const;
  bool is_stale(const HeardAdvert& heard, Instant now) const;
  bool rival_owner_persists(Active& active, const HeardAdvert& heard) const;
  void accept(Backup& backup, const HeardAdvert& heard);
  void adopt(const HeardAdvert& heard);
  void change_priority(Priority priority, bool lowered, Effects& effects);
  void leave_active(Farewell farewell, Effects& effects);
  void transit(State from, const Cause& cause, Instant now, Effects& effects);
  [[nodiscard]] Nanos down_interval() const;
  [[nodiscard]] Priority priority() const { return lowered_ ? kLoweredOwner : params_.priority; }
  [[nodiscard]] bool preempts() const { return params_.preempt || params_.priority == kPriorityOwner; }
  [[nodiscard]] Effect make(EffectKind kind) const;

  RouterId id_;
  Params params_;
  std::variant<Initialize, Backup, Active> state_;
  Holds holds_;
  bool started_ = false;
  bool fault_reported_ = false;
  bool fresh_ = true;     // no fault since it was added
  bool lowered_ = false;  // an owner that gave way to another owner counts as 254
  Instant since_;
  Cause cause_;
  Cause intent_cause_;
  IpAddr master_;
  Priority master_priority_ = 0;
  Micros master_advert_interval_;
};

}  // namespace ka::vrrp
