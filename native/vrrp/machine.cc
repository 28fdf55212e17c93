#include "native/vrrp/machine.h"

#include <algorithm>
#include <utility>

namespace ka::vrrp {
namespace {

/// Holds under which a router waits without being at fault.
constexpr Holds kPatient =
    static_cast<Holds>(bit(Hold::kNotStarted) | bit(Hold::kWaiting) | bit(Hold::kGroup));

Cause about(CauseKind kind, const IpAddr& peer, Priority peer_priority) {
  Cause cause;
  cause.kind = kind;
  cause.peer = peer;
  cause.peer_priority = peer_priority;
  return cause;
}

}  // namespace

Machine::Machine(RouterId id, const Params& params, Holds holds, Instant now)
    : id_(id), params_(params), holds_(holds), since_(now), master_advert_interval_(params.advert_interval) {}

// ---- events ----

Intent Machine::advert(const HeardAdvert& heard, Instant now, Effects& effects) {
  if (auto* backup = std::get_if<Backup>(&state_)) return advert_in_backup(*backup, heard, effects);
  if (auto* active = std::get_if<Active>(&state_)) return advert_in_active(*active, heard, now, effects);
  return Intent::kStay;
}

/// RFC 9568 section 6.4.2.
Intent Machine::advert_in_backup(Backup& backup, const HeardAdvert& heard, Effects& effects) {
  if (lowered_ && (heard.priority != kPriorityOwner || heard.source != master_)) {
    change_priority(params_.priority, false, effects);  // the other owner is gone
  }
  if (heard.priority == kPriorityLeaving) {
    adopt(heard);
    backup.active_down_timer =
        heard.received_at + skew_time(params_.version, priority(), master_advert_interval_);
    backup.peer_left = true;
    backup.graced = false;
    return Intent::kStay;
  }
  if (heard.priority >= priority()) {
    backup.preempt_from.reset();
    accept(backup, heard);
    return Intent::kStay;
  }
  if (!preempts()) {
    accept(backup, heard);
    return Intent::kStay;
  }
  // keepalived preempt_delay: begins with the first master of lower priority, who is borne with until it
  // ends.
  if (params_.preempt_delay > Micros{0}) {
    if (!backup.preempt_from) backup.preempt_from = heard.received_at + params_.preempt_delay;
    if (heard.received_at < *backup.preempt_from) {
      accept(backup, heard);
      return Intent::kStay;
    }
  }
  backup.lower_heard = true;
  backup.discarded_peer = heard.source;
  backup.discarded_priority = heard.priority;
  return Intent::kStay;
}

/// RFC 9568 section 6.4.3.
Intent Machine::advert_in_active(Active& active, const HeardAdvert& heard, Instant now, Effects& effects) {
  // What was said while this node did not run is no news of who is Active now.
  if (active.listens && is_stale(heard, now)) return Intent::kStay;
  const bool was_absent = std::exchange(active.listens, false);
  if (heard.priority == kPriorityLeaving) {
    effects.add(make(EffectKind::kSendAdvert));
    active.adver_timer = AdvertTimer(now + params_.advert_interval);
    active.offered = false;
    if (was_absent) announce(AnnounceReason::kRequested, effects);
    return Intent::kStay;
  }
  if (active.offered && heard.source != params_.source) {
    intent_cause_ = about(CauseKind::kCommand, heard.source, heard.priority);
    adopt(heard);
    return Intent::kBackup;
  }
  if (rival_owner_persists(active, heard)) change_priority(params_.priority, true, effects);
  if (is_better(heard)) {
    intent_cause_ = about(CauseKind::kHigherPriority, heard.source, heard.priority);
    adopt(heard);
    return Intent::kBackup;
  }
  // Who comes back does not preempt where a router that starts would not.
  if (was_absent && (!preempts() || params_.preempt_delay > Micros{0})) {
    intent_cause_ = about(CauseKind::kAbsent, heard.source, heard.priority);
    adopt(heard);
    return Intent::kBackup;
  }
  // Our address in somebody else's hands: nobody could give way rightly (keepalived: warning only).
  if (heard.priority == priority() && heard.source == params_.source) return Intent::kStay;

  // The regular adverts keep their phase: nothing that is received can put them off.
  if (!params_.lower_prio_no_advert) effects.add(make(EffectKind::kSendAdvert));
  announce(AnnounceReason::kLowerPriorityHeard, effects);
  Effect said = make(EffectKind::kLowerPriorityHeard);
  said.cause = about(CauseKind::kNone, heard.source, heard.priority);
  effects.add(said);
  return Intent::kReannounce;
}

bool Machine::is_better(const HeardAdvert& heard) const {
  if (heard.priority != priority()) return heard.priority > priority();
  return heard.source > params_.source;
}

bool Machine::is_stale(const HeardAdvert& heard, Instant now) const {
  const Nanos interval = std::max(params_.advert_interval, heard.advert_interval);
  return now - heard.received_at > params_.down_timer_adverts * interval;
}

bool Machine::gives_way_aloud() const {
  if (params_.higher_prio_send_advert) return true;
  // The master that fell silent is back, and may have been Active all the time behind a cut.
  return intent_cause_.kind == CauseKind::kHigherPriority && cause_.kind == CauseKind::kSilence &&
         cause_.peer == intent_cause_.peer && !cause_.peer.is_unspecified();
}

/// Two owners: the one of the lower address is to yield. When it has not after 1.2 intervals, and had our
/// adverts to hear meanwhile, we are the one to count as 254 (keepalived 2.3.3).
bool Machine::rival_owner_persists(Active& active, const HeardAdvert& heard) const {
  if (priority() != kPriorityOwner || heard.priority != kPriorityOwner || is_better(heard)) return false;
  const Nanos interval = std::max(params_.advert_interval, heard.advert_interval);
  const bool again = active.rival_since && heard.received_at - active.rival_last <= 3 * interval;
  if (!again) active.rival_since = heard.received_at;
  active.rival_last = heard.received_at;
  return again && heard.received_at - *active.rival_since >= interval * 6 / 5;
}

Intent Machine::fire(Instant now, Effects& effects) {
  if (auto* active = std::get_if<Active>(&state_)) {
    if (active->adver_timer.due() > now) return Intent::kStay;
    active->offered = false;
    effects.add(make(EffectKind::kSendAdvert));
    // Somebody may have been Active and gone since: neighbours are to be told where the addresses are.
    if (std::exchange(active->listens, false)) announce(AnnounceReason::kRequested, effects);
    active->adver_timer.next(now, params_.advert_interval);
    return Intent::kStay;
  }
  auto* backup = std::get_if<Backup>(&state_);
  if (backup == nullptr || backup->active_down_timer > now) return Intent::kStay;
  if (backup->peer_left) {
    intent_cause_ = about(CauseKind::kPeerLeft, master_, kPriorityLeaving);
  } else if (backup->lower_heard) {
    intent_cause_ = about(CauseKind::kPreempted, backup->discarded_peer, backup->discarded_priority);
  } else {
    intent_cause_ = about(CauseKind::kSilence, master_, master_priority_);
  }
  return Intent::kActive;
}

void Machine::set_priority(Priority wanted, Effects& effects) {
  if (wanted == params_.priority) return;
  change_priority(wanted, false, effects);
}

/// keepalived B8: a running Backup timer is shifted by what its length changes; an Active Router says it at
/// its next advert.
void Machine::change_priority(Priority wanted, bool lowered, Effects& effects) {
  const Priority previous = priority();
  const Nanos old_down = down_interval();
  params_.priority = wanted;
  lowered_ = lowered;
  if (priority() == previous) return;
  if (auto* backup = std::get_if<Backup>(&state_)) backup->active_down_timer += down_interval() - old_down;
  Effect said = make(EffectKind::kPriorityChanged);
  said.previous_priority = previous;
  effects.add(said);
}

void Machine::set_params(const Params& params, Instant now, Effects& effects) {
  const Priority wanted = params.priority;
  const Params old = params_;
  const Nanos old_down = down_interval();
  params_ = params;
  params_.priority = old.priority;
  const bool master_decides = params.version == Version::kV3 && old.version == Version::kV3 &&
                              state() == State::kBackup && !master_.is_unspecified();
  if (!master_decides) master_advert_interval_ = params.advert_interval;

  if (auto* backup = std::get_if<Backup>(&state_)) {
    backup->active_down_timer += down_interval() - old_down;
    if (params.preempt_delay == Micros{0}) backup->preempt_from.reset();
  }
  auto* active = std::get_if<Active>(&state_);
  if (active != nullptr && params.advert_interval != old.advert_interval) {
    const Instant last = active->adver_timer.due() - old.advert_interval;
    active->adver_timer = AdvertTimer(std::max(now, last + params.advert_interval));
  }
  if (wanted != old.priority) change_priority(wanted, false, effects);
}

void Machine::grant_grace(Micros late, Instant now) {
  auto* backup = std::get_if<Backup>(&state_);
  if (backup == nullptr || backup->graced) return;
  // Only once, and never beyond a whole interval from now: a node that is always late must still take over.
  const Instant granted = std::min(backup->active_down_timer + late, now + down_interval());
  backup->active_down_timer = std::max(backup->active_down_timer, granted);
  backup->graced = true;
}

bool Machine::listen_if_absent(Nanos uncounted, Instant now) {
  auto* active = std::get_if<Active>(&state_);
  if (active == nullptr || params_.priority == kPriorityOwner) return false;
  const bool only_starves = uncounted == Nanos{0} && now - active->adver_timer.due() < kStarving;
  if (active->listens && only_starves) return false;
  const Nanos interval = params_.advert_interval;
  const Nanos silent = now - (active->adver_timer.due() - interval) + uncounted;
  if (silent < params_.down_timer_adverts * interval) return false;
  active->listens = true;
  active->adver_timer = AdvertTimer(now + interval);
  return true;
}

// ---- decisions ----

void Machine::become_active(const Cause& cause, Instant now, Effects& effects) {
  const State from = state();
  if (lowered_) change_priority(params_.priority, false, effects);
  Active active;
  active.adver_timer = AdvertTimer(now + params_.advert_interval);
  state_ = active;
  master_advert_interval_ = params_.advert_interval;
  effects.add(make(EffectKind::kSendAdvert));
  effects.add(make(EffectKind::kInstall));
  announce(AnnounceReason::kBecameActive, effects);
  transit(from, cause, now, effects);
}

void Machine::become_backup(const Cause& cause, Farewell farewell, Instant now, Effects& effects) {
  const State from = state();
  if (from == State::kActive) leave_active(farewell, effects);
  const bool heard_it = cause.kind == CauseKind::kHigherPriority || cause.kind == CauseKind::kAbsent ||
                        (cause.kind == CauseKind::kCommand && !cause.peer.is_unspecified());
  if (!heard_it) {
    master_ = IpAddr{};
    master_priority_ = 0;
    master_advert_interval_ = params_.advert_interval;
  }
  Backup backup;
  backup.active_down_timer = now + down_interval();
  state_ = backup;
  if (from != State::kBackup) transit(from, cause, now, effects);
}

void Machine::become_initialize(const Cause& cause, Instant now, Effects& effects) {
  const State from = state();
  if (from == State::kInitialize) return;
  if (from == State::kActive) leave_active(Farewell::kPriorityZero, effects);
  state_ = Initialize{};
  master_ = IpAddr{};
  master_priority_ = 0;
  master_advert_interval_ = params_.advert_interval;
  transit(from, cause, now, effects);
}

/// keepalived's order (reference B7): the advert, then pending announcements, then the addresses.
void Machine::leave_active(Farewell farewell, Effects& effects) {
  if (farewell != Farewell::kSilent) {
    Effect advert = make(EffectKind::kSendAdvert);
    if (farewell == Farewell::kPriorityZero) advert.priority = kPriorityLeaving;
    effects.add(advert);
  }
  effects.add(make(EffectKind::kCancelAnnounce));
  effects.add(make(EffectKind::kRemove));
}

void Machine::offer(Instant now, Effects& effects) {
  auto* active = std::get_if<Active>(&state_);
  if (active == nullptr) return;
  Effect advert = make(EffectKind::kSendAdvert);
  advert.priority = kPriorityLeaving;
  effects.add(advert);
  active->offered = true;
  active->adver_timer = AdvertTimer(now + offer_time(params_.version, params_.advert_interval));
}

void Machine::wait_for_group(Instant now) {
  auto* backup = std::get_if<Backup>(&state_);
  if (backup == nullptr) return;
  backup->wants_active = true;
  backup->active_down_timer = now + down_interval();
}

void Machine::announce(AnnounceReason reason, Effects& effects) const {
  if (state() != State::kActive) return;
  Effect effect = make(EffectKind::kAnnounce);
  effect.reason = reason;
  effects.add(effect);
}

// ---- holds ----

bool Machine::change_holds(Holds set, Holds clear) {
  const Holds before = holds_;
  holds_ = static_cast<Holds>((holds_ | set) & ~clear);
  // A fault after the start, or one that outlasts it, forfeits the right to start as Active.
  if ((holds_ & bit(Hold::kNotStarted)) == 0 && (holds_ & ~kPatient) != 0) fresh_ = false;
  return holds_ != before;
}

void Machine::report_fault(const Cause& cause, Instant now, Effects& effects) {
  if (state() != State::kInitialize || fault_reported_) return;
  transit(State::kInitialize, cause, now, effects);
}

// ---- answers ----

State Machine::state() const {
  if (std::holds_alternative<Active>(state_)) return State::kActive;
  return std::holds_alternative<Backup>(state_) ? State::kBackup : State::kInitialize;
}

bool Machine::awaits_others() const {
  const auto* active = std::get_if<Active>(&state_);
  return active == nullptr || active->offered || active->listens;
}

std::optional<Instant> Machine::deadline() const {
  if (const auto* active = std::get_if<Active>(&state_)) return active->adver_timer.due();
  if (const auto* backup = std::get_if<Backup>(&state_)) return backup->active_down_timer;
  return std::nullopt;
}

bool Machine::wants_active() const {
  const auto* backup = std::get_if<Backup>(&state_);
  return backup != nullptr && backup->wants_active;
}

View Machine::view() const {
  View view;
  view.state = state();
  view.holds = holds_;
  view.priority = priority();
  view.since = since_;
  view.cause = cause_;
  const bool active = view.state == State::kActive;
  view.master = active ? params_.source : master_;
  view.master_priority = active ? priority() : master_priority_;
  view.master_advert_interval = master_advert_interval_;
  view.waits_for_group = wants_active();
  return view;
}

// ---- details ----

void Machine::accept(Backup& backup, const HeardAdvert& heard) {
  adopt(heard);
  backup.active_down_timer = heard.received_at + down_interval();
  backup.wants_active = false;
  backup.graced = false;
  backup.peer_left = false;
  backup.lower_heard = false;
}

/// Remembers the master. v3 Backup Routers go by the interval that the master says; 0 would mean to take over
/// at once without end, so the own one stands in.
void Machine::adopt(const HeardAdvert& heard) {
  master_ = heard.source;
  master_priority_ = heard.priority;
  const bool said = params_.version == Version::kV3 && heard.advert_interval > Micros{0};
  master_advert_interval_ = said ? heard.advert_interval : params_.advert_interval;
}

void Machine::transit(State from, const Cause& cause, Instant now, Effects& effects) {
  since_ = now;
  cause_ = cause;
  if (state() != State::kInitialize) {
    started_ = true;
    fresh_ = false;
  }
  fault_reported_ = state() == State::kInitialize;
  Effect effect = make(EffectKind::kTransition);
  effect.from = from;
  effect.to = state();
  effect.cause = cause;
  effects.add(effect);
}

Nanos Machine::down_interval() const {
  return active_down_interval(params_.version, priority(), master_advert_interval_,
                              params_.down_timer_adverts);
}

Effect Machine::make(EffectKind kind) const {
  Effect effect;
  effect.kind = kind;
  effect.router = id_;
  effect.priority = priority();
  return effect;
}

}  // namespace ka::vrrp
