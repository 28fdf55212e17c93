#include "native/ipvs/message.h"

#include <arpa/inet.h>
#include <linux/ip_vs.h>
#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <sys/socket.h>

#include <array>
#include <cstring>

namespace ka::ipvs {
namespace {

constexpr std::size_t kAddressSize = 16;  // union nf_inet_addr, also for IPv4

std::uint16_t address_family(Family family) {
  return family == Family::kIpv4 ? AF_INET : AF_INET6;
}

bool put_address(nl_msg* msg, int type, const IpAddr& address) {
  std::array<std::uint8_t, kAddressSize> bytes{};
  const auto from = address.bytes();
  std::memcpy(bytes.data(), from.data(), from.size());
  return nla_put(msg, type, kAddressSize, bytes.data()) == 0;
}

/// The persistence mask travels in network order for IPv4 and in host order, as a prefix length, for IPv6.
std::uint32_t swap_mask(Family family, std::uint32_t mask) {
  return family == Family::kIpv4 ? htonl(mask) : mask;
}

bool put_key(nl_msg* msg, const ServiceKey& key) {
  if (nla_put_u16(msg, IPVS_SVC_ATTR_AF, address_family(key.family)) != 0) return false;
  if (key.fwmark != 0) return nla_put_u32(msg, IPVS_SVC_ATTR_FWMARK, key.fwmark) == 0;
  return nla_put_u16(msg, IPVS_SVC_ATTR_PROTOCOL, static_cast<std::uint16_t>(key.protocol)) == 0 &&
         put_address(msg, IPVS_SVC_ATTR_ADDR, key.address) &&
         nla_put_u16(msg, IPVS_SVC_ATTR_PORT, htons(key.port)) == 0;
}

bool put_service(nl_msg* msg, const Service& service, bool key_only) {
  nlattr* nest = nla_nest_start(msg, IPVS_CMD_ATTR_SERVICE);
  if (nest == nullptr || !put_key(msg, service.key)) return false;
  if (!key_only) {
    const ip_vs_flags flags{service.flags & ~kFlagHashed, ~0U};
    if (nla_put_string(msg, IPVS_SVC_ATTR_SCHED_NAME, service.scheduler.c_str()) != 0) return false;
    if (!service.persistence_engine.empty() &&
        nla_put_string(msg, IPVS_SVC_ATTR_PE_NAME, service.persistence_engine.c_str()) != 0)
      return false;
    if (nla_put(msg, IPVS_SVC_ATTR_FLAGS, sizeof flags, &flags) != 0) return false;
    if (nla_put_u32(msg, IPVS_SVC_ATTR_TIMEOUT, service.persistence_timeout_s) != 0) return false;
    if (nla_put_u32(msg, IPVS_SVC_ATTR_NETMASK, swap_mask(service.key.family, service.netmask)) != 0)
      return false;
  }
  nla_nest_end(msg, nest);
  return true;
}

bool put_destination(nl_msg* msg, const Destination& d, bool key_only) {
  nlattr* nest = nla_nest_start(msg, IPVS_CMD_ATTR_DEST);
  if (nest == nullptr) return false;
  bool ok = nla_put_u16(msg, IPVS_DEST_ATTR_ADDR_FAMILY, address_family(d.address.family())) == 0 &&
            put_address(msg, IPVS_DEST_ATTR_ADDR, d.address) &&
            nla_put_u16(msg, IPVS_DEST_ATTR_PORT, htons(d.port)) == 0;
  if (!key_only) {
    ok = ok && nla_put_u32(msg, IPVS_DEST_ATTR_FWD_METHOD, static_cast<std::uint32_t>(d.forward)) == 0 &&
         nla_put_s32(msg, IPVS_DEST_ATTR_WEIGHT, d.weight) == 0;
    if (d.forward == Forward::kTunnel)
      ok = ok && nla_put_u8(msg, IPVS_DEST_ATTR_TUN_TYPE, static_cast<std::uint8_t>(d.tunnel_type)) == 0 &&
           nla_put_u16(msg, IPVS_DEST_ATTR_TUN_PORT, htons(d.tunnel_port)) == 0 &&
           nla_put_u16(msg, IPVS_DEST_ATTR_TUN_FLAGS, d.tunnel_flags) == 0;
    ok = ok && nla_put_u32(msg, IPVS_DEST_ATTR_U_THRESH, d.upper_threshold) == 0 &&
         nla_put_u32(msg, IPVS_DEST_ATTR_L_THRESH, d.lower_threshold) == 0;
  }
  nla_nest_end(msg, nest);
  return ok;
}

bool put_daemon(nl_msg* msg, const SyncDaemon& d, bool start) {
  nlattr* nest = nla_nest_start(msg, IPVS_CMD_ATTR_DAEMON);
  if (nest == nullptr) return false;
  bool ok = nla_put_u32(msg, IPVS_DAEMON_ATTR_STATE, static_cast<std::uint32_t>(d.role)) == 0;
  if (start) {
    ok = ok && nla_put_string(msg, IPVS_DAEMON_ATTR_MCAST_IFN, d.interface.c_str()) == 0 &&
         nla_put_u32(msg, IPVS_DAEMON_ATTR_SYNC_ID, d.sync_id) == 0;
    if (d.max_length) ok = ok && nla_put_u16(msg, IPVS_DAEMON_ATTR_SYNC_MAXLEN, *d.max_length) == 0;
    if (d.group) {
      const bool is_v4 = d.group->family() == Family::kIpv4;
      const auto bytes = d.group->bytes();
      ok = ok && nla_put(msg, is_v4 ? IPVS_DAEMON_ATTR_MCAST_GROUP : IPVS_DAEMON_ATTR_MCAST_GROUP6,
                         static_cast<int>(bytes.size()), bytes.data()) == 0;
    }
    // The kernel reads the port of this attribute in host order, unlike every other port here.
    if (d.port) ok = ok && nla_put_u16(msg, IPVS_DAEMON_ATTR_MCAST_PORT, *d.port) == 0;
    if (d.ttl) ok = ok && nla_put_u8(msg, IPVS_DAEMON_ATTR_MCAST_TTL, *d.ttl) == 0;
  }
  nla_nest_end(msg, nest);
  return ok;
}

bool put_timeouts(nl_msg* msg, const Timeouts& t) {
  return nla_put_u32(msg, IPVS_CMD_ATTR_TIMEOUT_TCP, t.tcp_s) == 0 &&
         nla_put_u32(msg, IPVS_CMD_ATTR_TIMEOUT_TCP_FIN, t.tcp_fin_s) == 0 &&
         nla_put_u32(msg, IPVS_CMD_ATTR_TIMEOUT_UDP, t.udp_s) == 0;
}

template <std::size_t N>
bool parse_nested(nlmsghdr* header, int outer, std::array<nlattr*, N>& inner) {
  std::array<nlattr*, IPVS_CMD_ATTR_MAX + 1> top{};
  if (genlmsg_parse(header, 0, top.data(), IPVS_CMD_ATTR_MAX, nullptr) != 0) return false;
  nlattr* nest = top[static_cast<std::size_t>(outer)];
  return nest != nullptr && nla_parse_nested(inner.data(), static_cast<int>(N) - 1, nest, nullptr) == 0;
}

std::optional<Family> read_family(const nlattr* attr) {
  if (attr == nullptr) return std::nullopt;
  const std::uint16_t af = nla_get_u16(attr);
  if (af == AF_INET) return Family::kIpv4;
  if (af == AF_INET6) return Family::kIpv6;
  return std::nullopt;
}

IpAddr read_address(const nlattr* attr, Family family) {
  const std::size_t need = family == Family::kIpv4 ? 4 : 16;
  if (attr == nullptr || static_cast<std::size_t>(nla_len(attr)) < need)
    return family == Family::kIpv4 ? IpAddr::v4({}) : IpAddr::v6({});
  return IpAddr::from_bytes(family, {static_cast<const std::uint8_t*>(nla_data(attr)), need});
}

std::uint64_t read_u64(const nlattr* attr) {
  std::uint64_t value = 0;  // attributes are aligned to four bytes only
  if (attr != nullptr && nla_len(attr) >= 8) std::memcpy(&value, nla_data(attr), sizeof value);
  return value;
}

std::uint64_t read_number(const nlattr* attr) {
  if (attr == nullptr) return 0;
  return nla_len(attr) >= 8 ? read_u64(attr) : nla_get_u32(attr);
}

/// Kernels before 4.1 have only the 32-bit form; both carry the same attribute numbers.
Stats read_stats(nlattr* wide, nlattr* narrow) {
  std::array<nlattr*, IPVS_STATS_ATTR_MAX + 1> a{};
  nlattr* nest = wide != nullptr ? wide : narrow;
  if (nest == nullptr || nla_parse_nested(a.data(), IPVS_STATS_ATTR_MAX, nest, nullptr) != 0) return {};
  return Stats{
      .connections = read_number(a[IPVS_STATS_ATTR_CONNS]),
      .packets_in = read_number(a[IPVS_STATS_ATTR_INPKTS]),
      .packets_out = read_number(a[IPVS_STATS_ATTR_OUTPKTS]),
      .bytes_in = read_number(a[IPVS_STATS_ATTR_INBYTES]),
      .bytes_out = read_number(a[IPVS_STATS_ATTR_OUTBYTES]),
      .connections_per_s = read_number(a[IPVS_STATS_ATTR_CPS]),
      .packets_in_per_s = read_number(a[IPVS_STATS_ATTR_INPPS]),
      .packets_out_per_s = read_number(a[IPVS_STATS_ATTR_OUTPPS]),
      .bytes_in_per_s = read_number(a[IPVS_STATS_ATTR_INBPS]),
      .bytes_out_per_s = read_number(a[IPVS_STATS_ATTR_OUTBPS]),
  };
}

std::uint32_t u32_or(const nlattr* attr, std::uint32_t otherwise) {
  return attr == nullptr ? otherwise : nla_get_u32(attr);
}

}  // namespace

const char* op_name(Op op) {
  switch (op) {
    case Op::kAddService:
      return "IPVS_CMD_NEW_SERVICE";
    case Op::kSetService:
      return "IPVS_CMD_SET_SERVICE";
    case Op::kDeleteService:
      return "IPVS_CMD_DEL_SERVICE";
    case Op::kAddDestination:
      return "IPVS_CMD_NEW_DEST";
    case Op::kSetDestination:
      return "IPVS_CMD_SET_DEST";
    case Op::kDeleteDestination:
      return "IPVS_CMD_DEL_DEST";
    case Op::kStartDaemon:
      return "IPVS_CMD_NEW_DAEMON";
    case Op::kStopDaemon:
      return "IPVS_CMD_DEL_DAEMON";
    case Op::kSetTimeouts:
      return "IPVS_CMD_SET_CONFIG";
    case Op::kZero:
      return "IPVS_CMD_ZERO";
    case Op::kFlush:
      return "IPVS_CMD_FLUSH";
  }
  return "IPVS_CMD";
}

bool put_service_key(nl_msg* msg, const ServiceKey& key) {
  Service service;
  service.key = key;
  return put_service(msg, service, true);
}

bool put_command(nl_msg* msg, const Command& c) {
  switch (c.op) {
    case Op::kAddService:
    case Op::kSetService:
      return put_service(msg, c.service, false);
    case Op::kDeleteService:
      return put_service(msg, c.service, true);
    case Op::kAddDestination:
    case Op::kSetDestination:
      return put_service(msg, c.service, true) && put_destination(msg, c.destination, false);
    case Op::kDeleteDestination:
      return put_service(msg, c.service, true) && put_destination(msg, c.destination, true);
    case Op::kStartDaemon:
      return put_daemon(msg, c.daemon, true);
    case Op::kStopDaemon:
      return put_daemon(msg, c.daemon, false);
    case Op::kSetTimeouts:
      return put_timeouts(msg, c.timeouts);
    case Op::kZero:
      return !c.has_service || put_service(msg, c.service, true);
    case Op::kFlush:
      return true;
  }
  return false;
}

std::optional<ServiceStatus> read_service(nlmsghdr* header) {
  std::array<nlattr*, IPVS_SVC_ATTR_MAX + 1> a{};
  if (!parse_nested(header, IPVS_CMD_ATTR_SERVICE, a)) return std::nullopt;
  const auto family = read_family(a[IPVS_SVC_ATTR_AF]);
  if (!family || a[IPVS_SVC_ATTR_SCHED_NAME] == nullptr || a[IPVS_SVC_ATTR_FLAGS] == nullptr)
    return std::nullopt;
  ServiceStatus status;
  Service& s = status.service;
  s.key.family = *family;
  s.key.fwmark = u32_or(a[IPVS_SVC_ATTR_FWMARK], 0);
  if (s.key.fwmark == 0) {
    if (a[IPVS_SVC_ATTR_PROTOCOL] == nullptr || a[IPVS_SVC_ATTR_PORT] == nullptr) return std::nullopt;
    s.key.protocol = static_cast<Protocol>(nla_get_u16(a[IPVS_SVC_ATTR_PROTOCOL]));
    s.key.address = read_address(a[IPVS_SVC_ATTR_ADDR], *family);
    s.key.port = ntohs(nla_get_u16(a[IPVS_SVC_ATTR_PORT]));
  }
  s.scheduler = nla_get_string(a[IPVS_SVC_ATTR_SCHED_NAME]);
  ip_vs_flags flags{};
  if (nla_memcpy(&flags, a[IPVS_SVC_ATTR_FLAGS], sizeof flags) != static_cast<int>(sizeof flags))
    return std::nullopt;
  s.flags = flags.flags & ~kFlagHashed;
  s.persistence_timeout_s = u32_or(a[IPVS_SVC_ATTR_TIMEOUT], 0);
  s.netmask = swap_mask(*family, u32_or(a[IPVS_SVC_ATTR_NETMASK], 0));
  if (a[IPVS_SVC_ATTR_PE_NAME] != nullptr) s.persistence_engine = nla_get_string(a[IPVS_SVC_ATTR_PE_NAME]);
  status.stats = read_stats(a[IPVS_SVC_ATTR_STATS64], a[IPVS_SVC_ATTR_STATS]);
  return status;
}

std::optional<DestinationStatus> read_destination(nlmsghdr* header, Family service_family) {
  std::array<nlattr*, IPVS_DEST_ATTR_MAX + 1> a{};
  if (!parse_nested(header, IPVS_CMD_ATTR_DEST, a)) return std::nullopt;
  if (a[IPVS_DEST_ATTR_ADDR] == nullptr || a[IPVS_DEST_ATTR_PORT] == nullptr) return std::nullopt;
  DestinationStatus status;
  Destination& d = status.destination;
  d.address = read_address(a[IPVS_DEST_ATTR_ADDR],
                           read_family(a[IPVS_DEST_ATTR_ADDR_FAMILY]).value_or(service_family));
  d.port = ntohs(nla_get_u16(a[IPVS_DEST_ATTR_PORT]));
  d.forward = static_cast<Forward>(u32_or(a[IPVS_DEST_ATTR_FWD_METHOD], 0) & IP_VS_CONN_F_FWD_MASK);
  if (d.forward == Forward::kTunnel) {
    if (a[IPVS_DEST_ATTR_TUN_TYPE] != nullptr)
      d.tunnel_type = static_cast<TunnelType>(nla_get_u8(a[IPVS_DEST_ATTR_TUN_TYPE]));
    if (a[IPVS_DEST_ATTR_TUN_PORT] != nullptr) d.tunnel_port = ntohs(nla_get_u16(a[IPVS_DEST_ATTR_TUN_PORT]));
    if (a[IPVS_DEST_ATTR_TUN_FLAGS] != nullptr) d.tunnel_flags = nla_get_u16(a[IPVS_DEST_ATTR_TUN_FLAGS]);
  }
  d.weight = a[IPVS_DEST_ATTR_WEIGHT] == nullptr ? 0 : nla_get_s32(a[IPVS_DEST_ATTR_WEIGHT]);
  d.upper_threshold = u32_or(a[IPVS_DEST_ATTR_U_THRESH], 0);
  d.lower_threshold = u32_or(a[IPVS_DEST_ATTR_L_THRESH], 0);
  status.active_connections = u32_or(a[IPVS_DEST_ATTR_ACTIVE_CONNS], 0);
  status.inactive_connections = u32_or(a[IPVS_DEST_ATTR_INACT_CONNS], 0);
  status.persistent_connections = u32_or(a[IPVS_DEST_ATTR_PERSIST_CONNS], 0);
  status.stats = read_stats(a[IPVS_DEST_ATTR_STATS64], a[IPVS_DEST_ATTR_STATS]);
  return status;
}

std::optional<SyncDaemon> read_daemon(nlmsghdr* header) {
  std::array<nlattr*, IPVS_DAEMON_ATTR_MAX + 1> a{};
  if (!parse_nested(header, IPVS_CMD_ATTR_DAEMON, a)) return std::nullopt;
  if (a[IPVS_DAEMON_ATTR_STATE] == nullptr || a[IPVS_DAEMON_ATTR_MCAST_IFN] == nullptr) return std::nullopt;
  SyncDaemon d;
  d.role = static_cast<SyncRole>(nla_get_u32(a[IPVS_DAEMON_ATTR_STATE]));
  d.interface = nla_get_string(a[IPVS_DAEMON_ATTR_MCAST_IFN]);
  d.sync_id = u32_or(a[IPVS_DAEMON_ATTR_SYNC_ID], 0);
  if (a[IPVS_DAEMON_ATTR_SYNC_MAXLEN] != nullptr) d.max_length = nla_get_u16(a[IPVS_DAEMON_ATTR_SYNC_MAXLEN]);
  if (a[IPVS_DAEMON_ATTR_MCAST_GROUP] != nullptr)
    d.group = read_address(a[IPVS_DAEMON_ATTR_MCAST_GROUP], Family::kIpv4);
  if (a[IPVS_DAEMON_ATTR_MCAST_GROUP6] != nullptr)
    d.group = read_address(a[IPVS_DAEMON_ATTR_MCAST_GROUP6], Family::kIpv6);
  if (a[IPVS_DAEMON_ATTR_MCAST_PORT] != nullptr) d.port = nla_get_u16(a[IPVS_DAEMON_ATTR_MCAST_PORT]);
  if (a[IPVS_DAEMON_ATTR_MCAST_TTL] != nullptr) d.ttl = nla_get_u8(a[IPVS_DAEMON_ATTR_MCAST_TTL]);
  return d;
}

std::optional<Timeouts> read_timeouts(nlmsghdr* header) {
  std::array<nlattr*, IPVS_CMD_ATTR_MAX + 1> a{};
  if (genlmsg_parse(header, 0, a.data(), IPVS_CMD_ATTR_MAX, nullptr) != 0) return std::nullopt;
  return Timeouts{.tcp_s = u32_or(a[IPVS_CMD_ATTR_TIMEOUT_TCP], 0),
                  .tcp_fin_s = u32_or(a[IPVS_CMD_ATTR_TIMEOUT_TCP_FIN], 0),
                  .udp_s = u32_or(a[IPVS_CMD_ATTR_TIMEOUT_UDP], 0)};
}

std::optional<Info> read_info(nlmsghdr* header) {
  std::array<nlattr*, IPVS_INFO_ATTR_MAX + 1> a{};
  if (genlmsg_parse(header, 0, a.data(), IPVS_INFO_ATTR_MAX, nullptr) != 0) return std::nullopt;
  return Info{.version = u32_or(a[IPVS_INFO_ATTR_VERSION], 0),
              .connection_table_size = u32_or(a[IPVS_INFO_ATTR_CONN_TAB_SIZE], 0)};
}

}  // namespace ka::ipvs
