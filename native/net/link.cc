#include "native/net/link.h"

#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace ka::net {

namespace {

/// IFLA_AF_SPEC / AF_INET6 / IFLA_INET6_CONF is an array of the settings below net.ipv6.conf.LINK.
bool reads_forwarding(const nlattr* af_spec) {
  if (af_spec == nullptr) return false;
  const nlattr* inet6 = nla_find(static_cast<const nlattr*>(nla_data(af_spec)), nla_len(af_spec), AF_INET6);
  if (inet6 == nullptr) return false;
  const nlattr* conf = nla_find(static_cast<const nlattr*>(nla_data(inet6)), nla_len(inet6), IFLA_INET6_CONF);
  constexpr int kNeeded = (DEVCONF_FORWARDING + 1) * static_cast<int>(sizeof(std::int32_t));
  if (conf == nullptr || nla_len(conf) < kNeeded) return false;
  std::array<std::int32_t, DEVCONF_FORWARDING + 1> settings{};
  std::memcpy(settings.data(), nla_data(conf), kNeeded);
  return settings[DEVCONF_FORWARDING] != 0;
}

}  // namespace

bool Link::is_up() const {
  constexpr std::uint32_t kBoth = std::uint32_t{IFF_UP} | std::uint32_t{IFF_RUNNING};
  return (flags & kBoth) == kBoth;
}

bool Link::has_multicast() const {
  return (flags & std::uint32_t{IFF_MULTICAST}) != 0;
}

bool Link::has_neighbours() const {
  return (flags & (std::uint32_t{IFF_NOARP} | std::uint32_t{IFF_LOOPBACK})) == 0 && mac != MacAddr{};
}

NlMessage list_links() {
  NlMessage message(RTM_GETLINK, NLM_F_DUMP);
  message.header(ifinfomsg{});
  return message;
}

NlMessage promote_secondaries(IfIndex link, bool on) {
  NlMessage message(RTM_SETLINK, 0);
  ifinfomsg fixed{};
  fixed.ifi_index = static_cast<int>(link);
  message.header(fixed);
  message.nest(IFLA_AF_SPEC, [&](NlMessage& spec) {
    spec.nest(AF_INET, [&](NlMessage& inet) {
      inet.nest(IFLA_INET_CONF,
                [&](NlMessage& conf) { conf.put_u32(IPV4_DEVCONF_PROMOTE_SECONDARIES, on ? 1 : 0); });
    });
  });
  return message;
}

std::optional<Link> read_link(const nlmsghdr& header) {
  std::array<nlattr*, IFLA_MAX + 1> attributes{};
  if (nlmsg_parse(const_cast<nlmsghdr*>(&header), sizeof(ifinfomsg), attributes.data(), IFLA_MAX, nullptr) <
      0) {
    return std::nullopt;
  }
  const auto* fixed = static_cast<const ifinfomsg*>(nlmsg_data(&header));
  // A bridge tells of its ports with family AF_BRIDGE; "deleted" then means only "no longer a port".
  if (fixed->ifi_family != AF_UNSPEC || fixed->ifi_index <= 0) return std::nullopt;
  Link link;
  link.index = static_cast<IfIndex>(fixed->ifi_index);
  link.flags = fixed->ifi_flags;
  if (attributes[IFLA_IFNAME] != nullptr) link.name = nla_get_string(attributes[IFLA_IFNAME]);
  if (attributes[IFLA_MTU] != nullptr) link.mtu = nla_get_u32(attributes[IFLA_MTU]);
  link.forwards_v6 = reads_forwarding(attributes[IFLA_AF_SPEC]);
  const nlattr* mac = attributes[IFLA_ADDRESS];
  if (mac != nullptr && nla_len(mac) == static_cast<int>(link.mac.size())) {
    std::copy_n(static_cast<const std::uint8_t*>(nla_data(mac)), link.mac.size(), link.mac.begin());
  }
  return link;
}

}  // namespace ka::net
