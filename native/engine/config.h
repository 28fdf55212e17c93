// What the engine is told: options for its life, virtual routers, sync groups, and transactions of changes.
// Plain values; the checks that need no kernel are in check_transaction.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "native/base/ip.h"
#include "native/base/result.h"
#include "native/base/units.h"
#include "native/engine/status.h"
#include "native/net/nl.h"
#include "native/net/route.h"
#include "native/vrrp/types.h"
#include "native/wire/vrrp.h"

namespace ka::engine {

/// Options fixed for the life of an engine (NativeEngineOptions in bindings/native-config.ts).
struct Options {
  /// Path of a network namespace; empty: that of the thread that calls Engine::start.
  std::string netns;
  std::optional<int> realtime_priority;
  std::optional<int> niceness;
  std::vector<int> cpus;
  bool lock_memory = false;
  std::optional<Micros> rlimit_rttime;
  /// keepalived max_auto_priority: the highest real-time priority that lateness may lead to; 0: none.
  int max_auto_priority = 0;
  /// keepalived min_auto_priority_delay: a wake-up later than this raises the priority by one.
  Micros auto_priority_delay{1'000'000};
  Micros startup_delay{0};
  Micros event_loop_timeout{0};
  bool keep_addresses = false;
  /// A process (the daemon's supervisor) without which the engine is not to go on: when it ends, every router
  /// leaves in order, whatever the owner of the engine is doing. Linux 5.3.
  std::optional<pid_t> leave_with;
  /// An open file that the engine keeps its sign of life in, see LifeSign.
  std::optional<int> life_sign_fd;
  /// Ask the neighbours whether somebody else holds the addresses of an Active router.
  bool split_brain_probe = true;
  /// vrrp_netlink_monitor_rcv_bufs, vrrp_netlink_cmd_rcv_bufs.
  net::BufferSize monitor_buffer;
  net::BufferSize request_buffer;
};

/// One virtual address as the configuration has it; the device by name, it may appear later.
struct VirtualAddress {
  Prefix prefix;
  std::string dev;
  std::uint8_t scope = 0;
  std::string label;
  std::optional<IpAddr> broadcast;
  std::optional<IpAddr> peer;
  /// IFA_F_* bits, among them IFA_F_NODAD unless `-nodad` was written.
  std::uint32_t flags = 0;
  std::optional<std::uint32_t> preferred_s;
  bool no_track = false;

  friend bool operator==(const VirtualAddress&, const VirtualAddress&) = default;
};

/// One route or policy rule as the configuration has it.
struct RoutingEntry {
  std::variant<net::Route, net::Rule> what;
  /// Put back when somebody deletes it.
  bool is_tracked = true;
  /// As people know it, for messages.
  std::string text;

  friend bool operator==(const RoutingEntry&, const RoutingEntry&) = default;
};

struct TrackedLink {
  std::string name;
  int weight = 0;
  bool reverse = false;
};

/// Everything that the engine needs to know of one virtual router (NativeRouter in
/// bindings/native-config.ts).
struct RouterConfig {
  vrrp::RouterId id = vrrp::kNoRouter;
  std::string name;
  std::string interface;
  int priority_sum = 100;
  bool owner = false;
  /// Everything but priority and source, which the engine works out itself.
  vrrp::Params params;
  bool owner_ignore_adverts = false;
  vrrp::Holds holds = 0;
  std::optional<IpAddr> source;
  bool track_source = false;
  std::vector<wire::Peer> peers;
  bool check_unicast_source = false;
  std::uint8_t unicast_ttl = 255;
  IpAddr multicast_group;
  bool skip_check_adv_addr = false;
  bool v3_checksum_as_v2 = false;
  wire::OldChecksum old_checksum = wire::OldChecksum::kAuto;
  std::optional<wire::AuthData> auth_pass;
  std::vector<VirtualAddress> addresses;
  std::vector<VirtualAddress> excluded;
  /// virtual_routes, then virtual_rules.
  std::vector<RoutingEntry> routing;
  bool promote_secondaries = false;
  std::vector<TrackedLink> tracked;
  bool dont_track_primary = false;
  /// This router's share of the socket's receive buffer in bytes; 0: no wish.
  int receive_buffer = 0;
  /// The same as a multiple of the MTU of its link (vrrp_rx_bufs_policy MTU).
  int receive_mtus = 0;
  /// garp_extra_if all: period of announcements on other links than its own; 0: none.
  Micros extra_announce_period{0};
  bool watchdog = false;
  /// Made by the caller, who reads it while the engine writes; an update hands over the same one.
  std::shared_ptr<RouterShared> shared;
  /// One flag for each of addresses, then excluded: the kernel holds it now because of this router.
  std::shared_ptr<InstalledFlags> installed;

  [[nodiscard]] bool is_unicast() const { return !peers.empty(); }
};

struct GroupConfig {
  vrrp::GroupId id = vrrp::kNoGroup;
  std::string name;
  std::vector<vrrp::RouterId> members;
};

/// Interfaces that share one pace of gratuitous ARP and NA; none: the default of all others.
struct Pace {
  std::vector<std::string> interfaces;
  Micros garp{0};
  Micros gna{0};
};

/// interface_up_down_delays: how long a change of a link must last to count.
struct LinkDelay {
  std::string name;
  Micros down{0};
  Micros up{0};
};

/// What the host is to have whatever the routers do: static_ipaddress, static_routes and static_rules.
struct Statics {
  std::vector<VirtualAddress> addresses;
  std::vector<RoutingEntry> routing;
};

struct PriorityChange {
  vrrp::RouterId id = vrrp::kNoRouter;
  int priority_sum = 0;
};

struct HoldChange {
  vrrp::RouterId id = vrrp::kNoRouter;
  vrrp::Holds set = 0;
  vrrp::Holds clear = 0;
};

enum class CommandKind : std::uint8_t { kRelease, kOffer, kTakeOver, kAnnounce };

struct Command {
  vrrp::RouterId id = vrrp::kNoRouter;
  CommandKind kind = CommandKind::kAnnounce;
};

/// Changes that are carried out together, between two wake-ups: all of them, or none when one is wrong.
struct Transaction {
  std::vector<vrrp::RouterId> remove;
  std::vector<RouterConfig> routers;
  std::vector<GroupConfig> groups;
  std::vector<vrrp::GroupId> remove_groups;
  std::optional<std::vector<Pace>> paces;
  std::optional<std::vector<LinkDelay>> link_delays;
  std::optional<Statics> statics;
  std::vector<PriorityChange> priorities;
  std::vector<HoldChange> holds;
  std::vector<Command> commands;
  /// log_unknown_vrids; absent: as it was.
  std::optional<bool> tells_unknown_vrids;
};

/// Holds that JavaScript may set and clear.
inline constexpr vrrp::Holds kPolicyHolds =
    vrrp::bit(vrrp::Hold::kPolicy) | vrrp::bit(vrrp::Hold::kWaiting) | vrrp::bit(vrrp::Hold::kStandby);

}  // namespace ka::engine
