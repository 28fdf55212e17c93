#include "native/napi/routing_read.h"

#include <linux/lwtunnel.h>
#include <linux/rtnetlink.h>

#include <charconv>
#include <string>

namespace ka::addon {
namespace {

using engine::RoutingEntry;

constexpr std::int64_t kMax8 = 0xff;
constexpr std::int64_t kMax16 = 0xffff;
constexpr std::int64_t kMax32 = 0xffffffff;
constexpr std::size_t kInterfaceName = 15;
constexpr std::size_t kDescription = 1024;

Family read_family(Fields& from) {
  const auto family = from.integer("family", 4, 6);
  if (family == 5) from.fail("family", "4 or 6", from.raw("family"));
  return family == 6 ? Family::kIpv6 : Family::kIpv4;
}

std::optional<Prefix> maybe_prefix(Fields& from, const char* name) {
  if (!from.has(name)) return std::nullopt;
  const auto prefix = parse_prefix(from.text(name, 64));
  if (!prefix) from.fail(name, "an address with its prefix length", from.raw(name));
  return prefix;
}

template <typename T>
std::optional<T> maybe_number(Fields& from, const char* name, std::int64_t most) {
  const auto value = from.maybe_integer(name, 0, most);
  if (!value) return std::nullopt;
  return static_cast<T>(*value);
}

/// 64 bits are more than a JavaScript number holds: decimal digits.
std::optional<std::uint64_t> maybe_u64(Fields& from, const char* name) {
  if (!from.has(name)) return std::nullopt;
  const std::string digits = from.text(name, 20);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size())
    from.fail(name, "a decimal number of 64 bits", from.raw(name));
  return value;
}

std::optional<net::Encap> read_encap(Fields& outer) {
  std::optional<net::Encap> found;
  outer.each("encap", [&](Fields& from) {
    net::Encap encap;
    const std::string kind = from.text("kind", 8);
    if (kind == "ip") {
      encap.type = LWTUNNEL_ENCAP_IP;
    } else if (kind == "ip6") {
      encap.type = LWTUNNEL_ENCAP_IP6;
    } else if (kind == "mpls") {
      encap.type = LWTUNNEL_ENCAP_MPLS;
    } else if (kind == "ila") {
      encap.type = LWTUNNEL_ENCAP_ILA;
    } else {
      from.fail("kind", "ip, ip6, mpls or ila", from.raw("kind"));
    }
    encap.id = maybe_u64(from, "id");
    encap.dst = from.maybe_address("dst");
    encap.src = from.maybe_address("src");
    encap.tos = maybe_number<std::uint8_t>(from, "tos", kMax8);
    encap.ttl = maybe_number<std::uint8_t>(from, "ttl", kMax8);
    encap.flags = maybe_number<std::uint16_t>(from, "flags", kMax16);
    from.each("labels", [&](Fields& label) {
      encap.labels.push_back(static_cast<std::uint32_t>(label.integer("label", 0, 0xfffff)));
    });
    encap.locator = maybe_u64(from, "locator").value_or(0);
    found = std::move(encap);
  });
  return found;
}

net::NextHop read_next_hop(Fields& from) {
  net::NextHop hop;
  hop.via = from.maybe_address("via");
  hop.dev = from.maybe_text("dev", kInterfaceName);
  hop.weight = static_cast<int>(from.integer("weight", 1, 256));
  hop.onlink = from.flag("onlink");
  hop.encap = read_encap(from);
  hop.realms = maybe_number<std::uint32_t>(from, "realms", kMax32);
  return hop;
}

net::Route::Placement read_placement(Fields& from) {
  const std::string word = from.text("placement", 8);
  if (word == "add") return net::Route::Placement::kAdd;
  if (word == "append") return net::Route::Placement::kAppend;
  if (word != "prepend") from.fail("placement", "add, prepend or append", from.raw("placement"));
  return net::Route::Placement::kPrepend;
}

net::Route read_route(Fields& from) {
  net::Route route;
  route.family = read_family(from);
  route.type = static_cast<std::uint8_t>(from.integer("type", 0, kMax8));
  route.to = maybe_prefix(from, "to");
  route.from = maybe_prefix(from, "from");
  route.src = from.maybe_address("src");
  route.via = from.maybe_address("via");
  route.dev = from.maybe_text("dev", kInterfaceName);
  route.tos = static_cast<std::uint8_t>(from.integer("tos", 0, kMax8));
  route.table = static_cast<std::uint32_t>(from.integer("table", 0, kMax32));
  route.protocol = static_cast<std::uint8_t>(from.integer("protocol", 0, kMax8));
  route.scope = static_cast<std::uint8_t>(from.integer("scope", 0, kMax8));
  route.metric = maybe_number<std::uint32_t>(from, "metric", kMax32);
  route.onlink = from.flag("onlink");
  route.encap = read_encap(from);
  route.expires_s = maybe_number<std::uint32_t>(from, "expiresS", kMax32);
  from.each("metrics", [&](Fields& metric) {
    const auto id = static_cast<std::uint16_t>(metric.integer("id", 1, RTAX_MAX));
    route.metrics.push_back({id, static_cast<std::uint32_t>(metric.integer("value", 0, kMax32))});
    if (metric.flag("locked")) route.locked |= std::uint32_t{1} << id;
  });
  route.congestion_control = from.maybe_text("congestionControl", 15);
  if (from.flag("congestionControlLocked")) route.locked |= std::uint32_t{1} << RTAX_CC_ALGO;
  route.realms = maybe_number<std::uint32_t>(from, "realms", kMax32);
  route.preference = maybe_number<std::uint8_t>(from, "preference", kMax8);
  if (from.has("ttlPropagate")) route.ttl_propagate = from.flag("ttlPropagate");
  route.placement = read_placement(from);
  from.each("nextHops", [&](Fields& hop) { route.next_hops.push_back(read_next_hop(hop)); });
  return route;
}

template <typename T>
std::optional<net::Range<T>> maybe_range(Fields& outer, const char* name, std::int64_t most) {
  std::optional<net::Range<T>> range;
  outer.each(name, [&](Fields& from) {
    range = {static_cast<T>(from.integer("first", 0, most)), static_cast<T>(from.integer("last", 0, most))};
  });
  return range;
}

net::Rule read_rule(Fields& from) {
  net::Rule rule;
  rule.family = read_family(from);
  rule.invert = from.flag("not");
  rule.from = maybe_prefix(from, "from");
  rule.to = maybe_prefix(from, "to");
  rule.preference = static_cast<std::uint32_t>(from.integer("preference", 0, kMax32));
  rule.tos = static_cast<std::uint8_t>(from.integer("tos", 0, kMax8));
  rule.mark = maybe_number<std::uint32_t>(from, "mark", kMax32);
  rule.mark_mask = maybe_number<std::uint32_t>(from, "markMask", kMax32);
  rule.iif = from.maybe_text("iif", kInterfaceName);
  rule.oif = from.maybe_text("oif", kInterfaceName);
  rule.tunnel_id = maybe_u64(from, "tunnelId");
  rule.users = maybe_range<std::uint32_t>(from, "users", kMax32);
  rule.ip_protocol = maybe_number<std::uint8_t>(from, "ipProtocol", kMax8);
  rule.source_ports = maybe_range<std::uint16_t>(from, "sourcePorts", kMax16);
  rule.destination_ports = maybe_range<std::uint16_t>(from, "destinationPorts", kMax16);
  rule.protocol = static_cast<std::uint8_t>(from.integer("protocol", 0, kMax8));
  rule.realms = maybe_number<std::uint32_t>(from, "realms", kMax32);
  rule.suppress_prefix_length = maybe_number<std::uint32_t>(from, "suppressPrefixLength", kMax32);
  rule.suppress_group = maybe_number<std::uint32_t>(from, "suppressGroup", kMax32);
  rule.action = static_cast<std::uint8_t>(from.integer("action", 0, kMax8));
  rule.table = static_cast<std::uint32_t>(from.integer("table", 0, kMax32));
  rule.target = static_cast<std::uint32_t>(from.integer("target", 0, kMax32));
  rule.l3mdev = from.flag("l3mdev");
  return rule;
}

}  // namespace

std::vector<RoutingEntry> read_routing(Fields& from) {
  std::vector<RoutingEntry> entries;
  from.each("routes", [&](Fields& route) {
    entries.push_back({read_route(route), route.flag("tracked"), route.text("text", kDescription)});
  });
  from.each("rules", [&](Fields& rule) {
    entries.push_back({read_rule(rule), rule.flag("tracked"), rule.text("text", kDescription)});
  });
  return entries;
}

}  // namespace ka::addon
