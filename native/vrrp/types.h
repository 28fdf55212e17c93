// The vocabulary of the VRRP core: parameters in, events in, effects out. Plain values, no behaviour, no
// system calls. Names are RFC 9568's (Active, Backup, Initialize); the configuration's MASTER, BACKUP and
// FAULT exist only above bindings/.
#pragma once

#include <cstdint>

#include "native/base/ip.h"
#include "native/base/units.h"

namespace ka::vrrp {

/// Handle of a virtual router, chosen by the engine's user, stable while that router exists (across reloads).
using RouterId = std::uint32_t;
/// Handle of a sync group, chosen likewise.
using GroupId = std::uint32_t;
inline constexpr GroupId kNoGroup = 0xffffffffu;
inline constexpr RouterId kNoRouter = 0xffffffffu;

enum class Version : std::uint8_t { kV2 = 2, kV3 = 3 };

/// RFC 9568 section 6.4. A router with any hold is in Initialize; keepalived shows that as FAULT (INIT before
/// start).
enum class State : std::uint8_t { kInitialize, kBackup, kActive };

/// Reasons that keep a router in Initialize. A router leaves it when none is left.
enum class Hold : std::uint16_t {
  kNotStarted = 1u << 0,   // start() not called yet, or vrrp_startup_delay still runs
  kLinkDown = 1u << 1,     // its own interface is missing or not up and running
  kTrackedLink = 1u << 2,  // an interface tracked with weight 0, or the device of a virtual address, is down
  kNoSource = 1u << 3,     // no source address to send from
  kPolicy = 1u << 4,       // policy: a tracked object with weight 0 is down, or the configuration is in fault
  kWaiting = 1u << 5,      // policy: a tracked object has given no result yet
  kGroup = 1u << 6,     // another member of the sync group is held (kept by Domain, never set from outside)
  kWatchdog = 1u << 7,  // JavaScript has not answered within eventLoopTimeout
  kStandby = 1u << 8,   // the operator asked for maintenance
  kAddressFailed = 1u << 9,  // the kernel refuses the virtual addresses
  kNoMulticast =
      1u << 10  // its own interface cannot send the multicast adverts that it has no peers instead of
};
/// A set of Hold bits.
using Holds = std::uint16_t;
constexpr Holds bit(Hold h) {
  return static_cast<Holds>(h);
}

/// Announcement plan of one router (keepalived garp_* and the same values for unsolicited NA).
struct AnnounceParams {
  Micros delay{5'000'000};   // garp_master_delay: second batch this long after becoming Active; 0: none
  std::uint16_t repeat = 5;  // garp_master_repeat: packets per address and batch
  Micros refresh{0};         // garp_master_refresh: period of refresh batches; 0: none
  std::uint16_t refresh_repeat = 1;
  Micros lower_prio_delay{
      5'000'000};  // garp_lower_prio_delay: second batch after a lower-priority advert; 0: none
  std::uint16_t lower_prio_repeat = 5;
};

/// What the state machine needs to know of one virtual router. All of it may change while the router runs.
struct Params {
  Vrid vrid = 1;
  Version version = Version::kV2;
  Family family = Family::kIpv4;
  /// Effective priority: 1..254, or 255 for an address owner. Policy and link weights are already in it.
  Priority priority = 100;
  /// Own advert interval. v2: whole seconds; v3: multiples of 10 ms, 10 ms .. 40.95 s.
  Micros advert_interval{1'000'000};
  /// Missed adverts before takeover (keepalived down_timer_adverts; RFC 9568 section 6.1 fixes 3).
  std::uint8_t down_timer_adverts = 3;
  /// RFC 9568 Preempt_Mode. Owners preempt always.
  bool preempt = true;
  /// keepalived preempt_delay: how long a lower-priority master is heard before it is preempted.
  Micros preempt_delay{0};
  /// Become Active at once on leaving kNotStarted (owner with `state MASTER`, or a mastership that is
  /// resumed).
  bool start_active = false;
  /// vrrp_lower_prio_no_advert: stay silent on a lower-priority advert instead of answering at once.
  bool lower_prio_no_advert = false;
  /// vrrp_higher_prio_send_advert: one more advert before yielding.
  bool higher_prio_send_advert = false;
  /// An owner drops adverts that claim priority 255 too.
  bool owner_ignore_adverts = false;
  /// Primary address: breaks ties of equal priority (RFC 9568 section 6.4.3).
  IpAddr source;
  AnnounceParams announce;
};

/// Why a transition (or another effect) happened.
enum class CauseKind : std::uint8_t {
  kNone,
  kStarted,         // start(): first state after Initialize
  kOwner,           // address owner, or resumed mastership: Active without waiting
  kSilence,         // active_down_interval passed without any advert; peer = last master, if there was one
  kPreempted,       // the master heard has a lower priority (peer, peer_priority)
  kPeerLeft,        // the master sent priority 0 (peer) and skew_time passed
  kHigherPriority,  // an advert with higher priority, or equal and higher address (peer, peer_priority)
  kHeld,            // holds came (holds)
  kReleased,        // the last hold went (holds = those that went)
  kGroup,           // the sync group moved; member = the router that caused it
  kCommand,         // operator's command (failback, release of mastership; an offer that `peer` took)
  kParams,          // parameters changed (reload)
  kRemoved,         // the router was removed from the configuration
  kShutdown,        // the engine stops
  kAddressLost,     // a tracked virtual address was deleted and cannot be put back
  kAbsent           // this node was not running, and another one (peer) is Active since
};

struct Cause {
  CauseKind kind = CauseKind::kNone;
  Holds holds = 0;
  Priority peer_priority = 0;
  IpAddr peer;                               // unspecified when no peer is involved
  RouterId member = kNoRouter;               // kGroup: the member that began it
  CauseKind member_kind = CauseKind::kNone;  // kGroup: that member's own cause
};

/// An accepted advert: decoded, checked against its router by the engine (RFC 9568 section 7.1).
struct HeardAdvert {
  Priority priority = 0;
  /// v3: Max Advertise Interval of the packet; v2: the advert interval.
  Micros advert_interval{0};
  IpAddr source;
  /// Kernel receive time, never later than `now`.
  Instant received_at{};
};

enum class AnnounceReason : std::uint8_t {
  kBecameActive,
  kLowerPriorityHeard,
  kAddressesChanged,
  kRequested
};

enum class EffectKind : std::uint8_t {
  kSendAdvert,      // priority: what the packet says (0 when leaving)
  kInstall,         // add the virtual addresses (and what follows them)
  kRemove,          // remove them
  kAnnounce,        // begin the gratuitous ARP/NA batches of `reason`
  kCancelAnnounce,  // forget all queued ones
  /// from -> to, cause; emitted after the effects that make it true. Initialize -> Initialize, once: a router
  /// that was started cannot run (keepalived: from INIT to FAULT).
  kTransition,
  kGroupTransition,     // group: from -> to
  kLowerPriorityHeard,  // while Active: cause.peer, cause.peer_priority
  kPriorityChanged      // priority: the new effective one, previous_priority
};

/// One thing to be done, in order. Trivially copyable; meaning of the fields depends on `kind`.
struct Effect {
  EffectKind kind = EffectKind::kSendAdvert;
  AnnounceReason reason = AnnounceReason::kRequested;
  Priority priority = 0;
  Priority previous_priority = 0;
  State from = State::kInitialize;
  State to = State::kInitialize;
  RouterId router = kNoRouter;
  GroupId group = kNoGroup;
  Cause cause;
};

/// What an operator may see of one router; copied out by Domain::view.
struct View {
  State state = State::kInitialize;
  Holds holds = bit(Hold::kNotStarted);
  Priority priority = 0;
  Instant since{};  // of the current state
  Cause cause;      // of the last transition
  IpAddr master;    // last accepted master; own source while Active; unspecified when none was heard
  Priority master_priority = 0;
  Micros master_advert_interval{0};
  bool waits_for_group = false;
};

}  // namespace ka::vrrp
