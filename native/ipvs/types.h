// What the kernel's IP virtual server holds, as values: services, destinations, timeouts, sync daemons,
// counters. Knows the meaning of the numbers, not how they travel (message.h) nor over which socket
// (connection.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "native/base/ip.h"

namespace ka::ipvs {

/// Transport of a service; the numbers are those of IP.
enum class Protocol : std::uint8_t { kTcp = 6, kUdp = 17, kSctp = 132 };

/// How packets reach a destination; the numbers are the kernel's (IP_VS_CONN_F_FWD_MASK).   ipvsadm -m, -i,
/// -g
enum class Forward : std::uint8_t { kNat = 0, kLocalNode = 1, kTunnel = 2, kDirect = 3, kBypass = 4 };

/// Encapsulation of a tunnelled destination.   ipvsadm --tun-type
enum class TunnelType : std::uint8_t { kIpip = 0, kGue = 1, kGre = 2 };

/// Bits of Service::flags (IP_VS_SVC_F_*). kFlagHashed is the kernel's own and is neither sent nor reported.
inline constexpr std::uint32_t kFlagPersistent = 0x01;
inline constexpr std::uint32_t kFlagHashed = 0x02;
inline constexpr std::uint32_t kFlagOnePacket = 0x04;
inline constexpr std::uint32_t kFlagSched1 = 0x08;
inline constexpr std::uint32_t kFlagSched2 = 0x10;
inline constexpr std::uint32_t kFlagSched3 = 0x20;

/// What names a service: a firewall mark, or protocol with address and port. `family` counts for both.
struct ServiceKey {
  Family family = Family::kIpv4;
  /// Not 0: the service of that mark; protocol, address and port are then unused.   ipvsadm -f
  std::uint32_t fwmark = 0;
  Protocol protocol = Protocol::kTcp;
  IpAddr address;
  /// 0: every port, which the kernel allows for persistent services only.
  std::uint16_t port = 0;
};

/// A service as the kernel is to have it.   Equivalent: ipvsadm -A -t ADDRESS:PORT -s SCHEDULER [-p ...]
struct Service {
  ServiceKey key;
  /// Name of the scheduler module without `ip_vs_`, at most 15 bytes.
  std::string scheduler;
  std::uint32_t flags = 0;
  /// Seconds; 0 when not persistent.
  std::uint32_t persistence_timeout_s = 0;
  /// Which clients count as one: an IPv4 mask in host order (0xffffffff: each alone), or an IPv6 prefix
  /// length 1..128.
  std::uint32_t netmask = 0xffffffff;
  /// Persistence engine, e.g. "sip"; empty: none.
  std::string persistence_engine;
};

/// A real server of a service.   Equivalent: ipvsadm -a ... -r ADDRESS:PORT [-g|-i|-m] -w WEIGHT
struct Destination {
  /// Its family may differ from the service's when it is tunnelled.
  IpAddr address;
  std::uint16_t port = 0;
  Forward forward = Forward::kNat;
  TunnelType tunnel_type = TunnelType::kIpip;
  /// UDP port of GUE, else 0.
  std::uint16_t tunnel_port = 0;
  /// 0 none, 1 checksum, 2 remote checksum (IP_VS_TUNNEL_ENCAP_FLAG_*).
  std::uint16_t tunnel_flags = 0;
  std::int32_t weight = 1;
  /// Connections above which no new one is given; 0: no limit.
  std::uint32_t upper_threshold = 0;
  /// Connections below which new ones are given again; 0: three quarters of the upper.
  std::uint32_t lower_threshold = 0;
};

/// Seconds; 0 leaves a value as it is when setting.   Equivalent: ipvsadm --set TCP TCPFIN UDP
struct Timeouts {
  std::uint32_t tcp_s = 0;
  std::uint32_t tcp_fin_s = 0;
  std::uint32_t udp_s = 0;
};

enum class SyncRole : std::uint8_t { kMaster = 1, kBackup = 2 };

/// A connection synchronisation daemon of the kernel.   Equivalent: ipvsadm --start-daemon ROLE ...
struct SyncDaemon {
  SyncRole role = SyncRole::kMaster;
  std::string interface;
  /// 0..255; a backup with id 0 takes messages of every id.
  std::uint32_t sync_id = 0;
  /// The following are the kernel's defaults when absent (1472 or so, 224.0.0.81, 8848, 1).
  std::optional<std::uint16_t> max_length;
  std::optional<IpAddr> group;
  std::optional<std::uint16_t> port;
  std::optional<std::uint8_t> ttl;
};

/// Counters since the last zero and rates (per second, the kernel's estimate), all 64 bits wide.
struct Stats {
  std::uint64_t connections = 0;
  std::uint64_t packets_in = 0;
  std::uint64_t packets_out = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t connections_per_s = 0;
  std::uint64_t packets_in_per_s = 0;
  std::uint64_t packets_out_per_s = 0;
  std::uint64_t bytes_in_per_s = 0;
  std::uint64_t bytes_out_per_s = 0;
};

struct DestinationStatus {
  Destination destination;
  std::uint32_t active_connections = 0;
  std::uint32_t inactive_connections = 0;
  std::uint32_t persistent_connections = 0;
  Stats stats;
};

struct ServiceStatus {
  Service service;
  Stats stats;
  std::vector<DestinationStatus> destinations;
};

/// The whole table as `Connection::table` reads it.
struct Table {
  std::vector<ServiceStatus> services;
};

/// IP_VS_VERSION_CODE (0x010201 is 1.2.1) and the size of the connection hash table.
struct Info {
  std::uint32_t version = 0;
  std::uint32_t connection_table_size = 0;
};

/// What a command does; the numbers are the kernel's (IPVS_CMD_*).
enum class Op : std::uint8_t {
  kAddService = 1,
  kSetService = 2,
  kDeleteService = 3,
  kAddDestination = 5,
  kSetDestination = 6,
  kDeleteDestination = 7,
  kStartDaemon = 9,
  kStopDaemon = 10,
  kSetTimeouts = 12,
  kZero = 16,
  kFlush = 17,
};

/// One change. Which parts are read depends on `op`: service commands read `service`, destination commands
/// the key of `service` and `destination`, kZero the key when `has_service`, else zeroes everything.
struct Command {
  Op op = Op::kFlush;
  bool has_service = false;
  Service service;
  Destination destination;
  SyncDaemon daemon;
  Timeouts timeouts;
};

/// Why command number `index` of a batch was refused.
struct CommandError {
  std::size_t index = 0;
  int err_no = 0;
  /// The kernel's own explanation, mostly empty.
  std::string message;
};

/// The kernel's name of the command, e.g. "IPVS_CMD_NEW_SERVICE".
const char* op_name(Op op);

}  // namespace ka::ipvs
