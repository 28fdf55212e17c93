// Routes and policy rules: the requests that add and delete them, and what the kernel tells of their
// deletion. Builds and reads messages only; NlPipeline carries them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "native/base/ip.h"
#include "native/base/units.h"
#include "native/net/nl.h"

struct nlmsghdr;

namespace ka::net {

/// Light-weight tunnel of a route or a next hop (linux/lwtunnel.h); which fields mean something depends on
/// `type`.
struct Encap {
  std::uint16_t type = 0;  // LWTUNNEL_ENCAP_*
  std::optional<std::uint64_t> id;
  std::optional<IpAddr> dst;
  std::optional<IpAddr> src;
  std::optional<std::uint8_t> tos;
  std::optional<std::uint8_t> ttl;
  std::optional<std::uint16_t> flags;
  std::vector<std::uint32_t> labels;  // mpls
  std::uint64_t locator = 0;          // ila, host byte order

  friend bool operator==(const Encap&, const Encap&) = default;
};

/// One of several next hops.
struct NextHop {
  std::optional<IpAddr> via;
  std::string dev;  // empty: found by the kernel
  int weight = 1;
  bool onlink = false;
  std::optional<Encap> encap;
  std::optional<std::uint32_t> realms;

  friend bool operator==(const NextHop&, const NextHop&) = default;
};

/// A number of struct rtnetlink's RTAX_ kind.
struct RouteMetric {
  std::uint16_t id = 0;
  std::uint32_t value = 0;

  friend bool operator==(const RouteMetric&, const RouteMetric&) = default;
};

/// A route as the kernel is to have it; devices by name. Equivalent: ip route add ...
struct Route {
  /// Where it goes among those to the same destination: ip route add, prepend, append.
  enum class Placement : std::uint8_t { kAdd, kPrepend, kAppend };

  Family family = Family::kIpv4;
  std::uint8_t type = 0;     // RTN_*
  std::optional<Prefix> to;  // absent: default
  std::optional<Prefix> from;
  std::optional<IpAddr> src;
  std::optional<IpAddr> via;  // may be of the other family
  std::string dev;
  std::uint8_t tos = 0;
  std::uint32_t table = 0;
  std::uint8_t protocol = 0;
  std::uint8_t scope = 0;
  std::optional<std::uint32_t> metric;
  bool onlink = false;
  std::optional<Encap> encap;
  std::optional<std::uint32_t> expires_s;
  std::vector<RouteMetric> metrics;
  std::uint32_t locked = 0;  // bit RTAX_x: that metric is locked
  std::string congestion_control;
  std::optional<std::uint32_t> realms;  // from in the upper half
  std::optional<std::uint8_t> preference;
  std::optional<bool> ttl_propagate;
  Placement placement = Placement::kPrepend;
  std::vector<NextHop> next_hops;

  friend bool operator==(const Route&, const Route&) = default;
};

/// Inclusive.
template <typename T>
struct Range {
  T first{};
  T last{};

  friend bool operator==(const Range&, const Range&) = default;
};

/// A policy rule as the kernel is to have it. Equivalent: ip rule add ...
struct Rule {
  Family family = Family::kIpv4;
  bool invert = false;
  std::optional<Prefix> from;
  std::optional<Prefix> to;
  std::uint32_t preference = 0;
  std::uint8_t tos = 0;
  std::optional<std::uint32_t> mark;
  std::optional<std::uint32_t> mark_mask;
  std::string iif;
  std::string oif;
  std::optional<std::uint64_t> tunnel_id;
  std::optional<Range<std::uint32_t>> users;
  std::optional<std::uint8_t> ip_protocol;
  std::optional<Range<std::uint16_t>> source_ports;
  std::optional<Range<std::uint16_t>> destination_ports;
  std::uint8_t protocol = 0;  // 0: not said
  std::optional<std::uint32_t> realms;
  std::optional<std::uint32_t> suppress_prefix_length;
  std::optional<std::uint32_t> suppress_group;
  std::uint8_t action = 0;  // FR_ACT_*
  std::uint32_t table = 0;
  std::uint32_t target = 0;  // FR_ACT_GOTO
  bool l3mdev = false;

  friend bool operator==(const Rule&, const Rule&) = default;
};

/// Index of the link of that name; 0: there is none.
using LinkIndex = std::function<IfIndex(const std::string&)>;

/// RTM_NEWROUTE; the very same route is answered with EEXIST. nullopt: one of its devices is not there.
[[nodiscard]] std::optional<NlMessage> add_route(const Route& route, const LinkIndex& link);
/// RTM_DELROUTE; one that is not there is answered with ESRCH. Equivalent: ip route del ...
[[nodiscard]] std::optional<NlMessage> delete_route(const Route& route, const LinkIndex& link);
/// RTM_NEWRULE; the very same rule is answered with EEXIST.
[[nodiscard]] NlMessage add_rule(const Rule& rule);
/// RTM_DELRULE; one that is not there is answered with ENOENT.
[[nodiscard]] NlMessage delete_rule(const Rule& rule);

/// What is left of a route or rule in the news of its deletion: enough to find those that it may have been.
struct Deleted {
  Family family = Family::kIpv4;
  bool is_rule = false;
  std::optional<Prefix> to;      // of a route
  std::uint32_t table = 0;       // of a route
  std::uint32_t preference = 0;  // of a rule
};
/// Reads RTM_DELROUTE or RTM_DELRULE. nullopt: something else, another family, or broken.
[[nodiscard]] std::optional<Deleted> read_deleted(const nlmsghdr& header);

}  // namespace ka::net
