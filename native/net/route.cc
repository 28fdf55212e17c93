#include "native/net/route.h"

#include <endian.h>
#include <linux/fib_rules.h>
#include <linux/ila.h>
#include <linux/lwtunnel.h>
#include <linux/mpls.h>
#include <linux/mpls_iptunnel.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

namespace ka::net {

namespace {

/// A hundred next hops.
constexpr std::size_t kRouteSize = 8192;

std::uint8_t family_of(Family family) {
  return family == Family::kIpv4 ? AF_INET : AF_INET6;
}

void put_u16(NlMessage& message, int attribute, std::uint16_t value) {
  message.put_struct(attribute, value);
}

void put_ip_tunnel(NlMessage& message, const Encap& encap) {
  // The numbers of LWTUNNEL_IP_ and LWTUNNEL_IP6_ attributes are the same.
  if (encap.id) message.put_struct(LWTUNNEL_IP_ID, htobe64(*encap.id));
  if (encap.dst) message.put(LWTUNNEL_IP_DST, encap.dst->bytes());
  if (encap.src) message.put(LWTUNNEL_IP_SRC, encap.src->bytes());
  if (encap.tos) message.put_u8(LWTUNNEL_IP_TOS, *encap.tos);
  if (encap.ttl) message.put_u8(LWTUNNEL_IP_TTL, *encap.ttl);
  if (encap.flags) put_u16(message, LWTUNNEL_IP_FLAGS, htobe16(*encap.flags));
}

void put_mpls(NlMessage& message, const Encap& encap) {
  std::vector<std::uint8_t> stack;
  for (std::size_t i = 0; i < encap.labels.size(); ++i) {
    const bool is_last = i + 1 == encap.labels.size();
    const std::uint32_t entry =
        encap.labels[i] << MPLS_LS_LABEL_SHIFT | (is_last ? 1U << MPLS_LS_S_SHIFT : 0U);
    for (const int shift : {24, 16, 8, 0}) stack.push_back(static_cast<std::uint8_t>(entry >> shift));
  }
  message.put(MPLS_IPTUNNEL_DST, stack);
}

void put_encap(NlMessage& message, const std::optional<Encap>& encap) {
  if (!encap) return;
  put_u16(message, RTA_ENCAP_TYPE, encap->type);
  message.nest(RTA_ENCAP, [&](NlMessage& inner) {
    if (encap->type == LWTUNNEL_ENCAP_MPLS) {
      put_mpls(inner, *encap);
    } else if (encap->type == LWTUNNEL_ENCAP_ILA) {
      inner.put_struct(ILA_ATTR_LOCATOR, htobe64(encap->locator));
    } else {
      put_ip_tunnel(inner, *encap);
    }
  });
}

void put_gateway(NlMessage& message, const std::optional<IpAddr>& via, Family family) {
  if (!via) return;
  if (via->family() == family) return message.put(RTA_GATEWAY, via->bytes());
  std::vector<std::uint8_t> value(sizeof(std::uint16_t));
  const std::uint16_t other = family_of(via->family());
  std::copy_n(reinterpret_cast<const std::uint8_t*>(&other), sizeof other, value.begin());
  const auto bytes = via->bytes();
  value.insert(value.end(), bytes.begin(), bytes.end());
  message.put(RTA_VIA, value);
}

void put_next_hops(NlMessage& message, const Route& route, const LinkIndex& link) {
  message.nest(RTA_MULTIPATH, [&](NlMessage& inner) {
    for (const NextHop& hop : route.next_hops) {
      const std::uint32_t begin = inner.get()->nlmsg_len;
      rtnexthop fixed{};
      fixed.rtnh_flags = hop.onlink ? RTNH_F_ONLINK : 0;
      fixed.rtnh_hops = static_cast<std::uint8_t>(hop.weight - 1);
      fixed.rtnh_ifindex = hop.dev.empty() ? 0 : static_cast<int>(link(hop.dev));
      inner.header(fixed);
      put_gateway(inner, hop.via, route.family);
      put_encap(inner, hop.encap);
      if (hop.realms) inner.put_u32(RTA_FLOW, *hop.realms);
      auto* placed = reinterpret_cast<rtnexthop*>(reinterpret_cast<char*>(inner.get()) + begin);
      if (inner.ok()) placed->rtnh_len = static_cast<std::uint16_t>(inner.get()->nlmsg_len - begin);
    }
  });
}

void put_metrics(NlMessage& message, const Route& route) {
  if (route.metrics.empty() && route.congestion_control.empty()) return;
  message.nest(RTA_METRICS, [&](NlMessage& inner) {
    if (route.locked != 0) inner.put_u32(RTAX_LOCK, route.locked);
    for (const RouteMetric& metric : route.metrics) inner.put_u32(metric.id, metric.value);
    if (!route.congestion_control.empty()) inner.put_string(RTAX_CC_ALGO, route.congestion_control);
  });
}

bool has_all_links(const Route& route, const LinkIndex& link) {
  const auto is_there = [&](const std::string& dev) { return dev.empty() || link(dev) != 0; };
  return is_there(route.dev) &&
         std::ranges::all_of(route.next_hops, [&](const NextHop& hop) { return is_there(hop.dev); });
}

/// What tells a route from others.
void put_route(NlMessage& message, const Route& route, const LinkIndex& link) {
  rtmsg fixed{};
  fixed.rtm_family = family_of(route.family);
  fixed.rtm_dst_len = route.to ? route.to->length : 0;
  fixed.rtm_src_len = route.from ? route.from->length : 0;
  fixed.rtm_tos = route.tos;
  fixed.rtm_table =
      route.table < 256 ? static_cast<std::uint8_t>(route.table) : std::uint8_t{RT_TABLE_UNSPEC};
  fixed.rtm_protocol = route.protocol;
  fixed.rtm_scope = route.scope;
  fixed.rtm_type = route.type;
  fixed.rtm_flags = route.onlink ? RTNH_F_ONLINK : 0;
  message.header(fixed);
  if (route.to) message.put(RTA_DST, route.to->address.bytes());
  if (route.from) message.put(RTA_SRC, route.from->address.bytes());
  if (route.src) message.put(RTA_PREFSRC, route.src->bytes());
  put_gateway(message, route.via, route.family);
  if (!route.dev.empty()) message.put_u32(RTA_OIF, link(route.dev));
  message.put_u32(RTA_TABLE, route.table);
  if (route.metric) message.put_u32(RTA_PRIORITY, *route.metric);
}

int placement_flags(Route::Placement placement) {
  switch (placement) {
    case Route::Placement::kAdd:
      return NLM_F_CREATE | NLM_F_EXCL;
    case Route::Placement::kAppend:
      return NLM_F_CREATE | NLM_F_APPEND;
    case Route::Placement::kPrepend:
      break;
  }
  return NLM_F_CREATE;
}

NlMessage rule_message(int type, int flags, const Rule& rule) {
  NlMessage message(type, flags);
  fib_rule_hdr fixed{};
  fixed.family = family_of(rule.family);
  fixed.dst_len = rule.to ? rule.to->length : 0;
  fixed.src_len = rule.from ? rule.from->length : 0;
  fixed.tos = rule.tos;
  fixed.table = rule.table < 256 ? static_cast<std::uint8_t>(rule.table) : std::uint8_t{RT_TABLE_UNSPEC};
  fixed.action = rule.action;
  fixed.flags = rule.invert ? FIB_RULE_INVERT : 0;
  message.header(fixed);
  if (rule.to) message.put(FRA_DST, rule.to->address.bytes());
  if (rule.from) message.put(FRA_SRC, rule.from->address.bytes());
  message.put_u32(FRA_PRIORITY, rule.preference);
  if (rule.mark) message.put_u32(FRA_FWMARK, *rule.mark);
  if (rule.mark_mask) message.put_u32(FRA_FWMASK, *rule.mark_mask);
  if (!rule.iif.empty()) message.put_string(FRA_IIFNAME, rule.iif);
  if (!rule.oif.empty()) message.put_string(FRA_OIFNAME, rule.oif);
  if (rule.tunnel_id) message.put_struct(FRA_TUN_ID, htobe64(*rule.tunnel_id));
  if (rule.users) message.put_struct(FRA_UID_RANGE, fib_rule_uid_range{rule.users->first, rule.users->last});
  if (rule.ip_protocol) message.put_u8(FRA_IP_PROTO, *rule.ip_protocol);
  const auto put_ports = [&](int attribute, const std::optional<Range<std::uint16_t>>& ports) {
    if (ports) message.put_struct(attribute, fib_rule_port_range{ports->first, ports->last});
  };
  put_ports(FRA_SPORT_RANGE, rule.source_ports);
  put_ports(FRA_DPORT_RANGE, rule.destination_ports);
  if (rule.protocol != 0) message.put_u8(FRA_PROTOCOL, rule.protocol);
  if (rule.realms) message.put_u32(FRA_FLOW, *rule.realms);
  if (rule.suppress_prefix_length) message.put_u32(FRA_SUPPRESS_PREFIXLEN, *rule.suppress_prefix_length);
  if (rule.suppress_group) message.put_u32(FRA_SUPPRESS_IFGROUP, *rule.suppress_group);
  if (rule.table != 0) message.put_u32(FRA_TABLE, rule.table);
  if (rule.action == FR_ACT_GOTO) message.put_u32(FRA_GOTO, rule.target);
  if (rule.l3mdev) message.put_u8(FRA_L3MDEV, 1);
  return message;
}

std::optional<Family> known_family(std::uint8_t family) {
  if (family == AF_INET) return Family::kIpv4;
  if (family == AF_INET6) return Family::kIpv6;
  return std::nullopt;
}

std::optional<Deleted> deleted_route(const nlmsghdr& header) {
  std::array<nlattr*, RTA_MAX + 1> attributes{};
  if (nlmsg_parse(const_cast<nlmsghdr*>(&header), sizeof(rtmsg), attributes.data(), RTA_MAX, nullptr) < 0)
    return std::nullopt;
  const auto* fixed = static_cast<const rtmsg*>(nlmsg_data(&header));
  const auto family = known_family(fixed->rtm_family);
  if (!family) return std::nullopt;
  Deleted deleted;
  deleted.family = *family;
  deleted.table = attributes[RTA_TABLE] != nullptr ? nla_get_u32(attributes[RTA_TABLE]) : fixed->rtm_table;
  const nlattr* to = attributes[RTA_DST];
  if (to == nullptr) return deleted;
  const std::size_t size = *family == Family::kIpv4 ? 4 : 16;
  if (static_cast<std::size_t>(nla_len(to)) != size) return std::nullopt;
  const auto* bytes = static_cast<const std::uint8_t*>(nla_data(to));
  deleted.to = Prefix{IpAddr::from_bytes(*family, {bytes, size}), fixed->rtm_dst_len};
  return deleted;
}

std::optional<Deleted> deleted_rule(const nlmsghdr& header) {
  std::array<nlattr*, FRA_MAX + 1> attributes{};
  if (nlmsg_parse(const_cast<nlmsghdr*>(&header), sizeof(fib_rule_hdr), attributes.data(), FRA_MAX, nullptr) <
      0)
    return std::nullopt;
  const auto family = known_family(static_cast<const fib_rule_hdr*>(nlmsg_data(&header))->family);
  if (!family) return std::nullopt;
  Deleted deleted;
  deleted.family = *family;
  deleted.is_rule = true;
  if (attributes[FRA_PRIORITY] != nullptr) deleted.preference = nla_get_u32(attributes[FRA_PRIORITY]);
  return deleted;
}

}  // namespace

std::optional<NlMessage> add_route(const Route& route, const LinkIndex& link) {
  if (!has_all_links(route, link)) return std::nullopt;
  NlMessage message(RTM_NEWROUTE, placement_flags(route.placement), kRouteSize);
  put_route(message, route, link);
  put_metrics(message, route);
  put_encap(message, route.encap);
  if (route.expires_s) message.put_u32(RTA_EXPIRES, *route.expires_s);
  if (route.realms) message.put_u32(RTA_FLOW, *route.realms);
  if (route.preference) message.put_u8(RTA_PREF, *route.preference);
  if (route.ttl_propagate) message.put_u8(RTA_TTL_PROPAGATE, *route.ttl_propagate ? 1 : 0);
  if (!route.next_hops.empty()) put_next_hops(message, route, link);
  return message;
}

std::optional<NlMessage> delete_route(const Route& route, const LinkIndex& link) {
  if (!has_all_links(route, link)) return std::nullopt;
  NlMessage message(RTM_DELROUTE, 0);
  put_route(message, route, link);
  return message;
}

NlMessage add_rule(const Rule& rule) {
  return rule_message(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, rule);
}

NlMessage delete_rule(const Rule& rule) {
  return rule_message(RTM_DELRULE, 0, rule);
}

std::optional<Deleted> read_deleted(const nlmsghdr& header) {
  if (header.nlmsg_type == RTM_DELROUTE) return deleted_route(header);
  if (header.nlmsg_type == RTM_DELRULE) return deleted_rule(header);
  return std::nullopt;
}

}  // namespace ka::net
