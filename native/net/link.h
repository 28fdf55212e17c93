// Links (network interfaces): the requests that list them and change their settings, and what the kernel
// tells of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "native/base/ip.h"
#include "native/base/units.h"
#include "native/net/nl.h"

namespace ka::net {

/// A link as the kernel reports it.
struct Link {
  IfIndex index = 0;
  std::string name;
  /// IFF_UP, IFF_RUNNING, IFF_NOARP ... (net/if.h).
  std::uint32_t flags = 0;
  /// All zero when the link has no Ethernet address.
  MacAddr mac{};
  std::uint32_t mtu = 0;
  /// net.ipv6.conf.LINK.forwarding when the kernel last told of the link: neighbour advertisements say
  /// "router".
  bool forwards_v6 = false;

  /// Up as VRRP means it: administratively up and with carrier (keepalived: UP and RUNNING).
  [[nodiscard]] bool is_up() const;
  [[nodiscard]] bool has_multicast() const;
  /// Gratuitous ARP and neighbour advertisements make sense on it.
  [[nodiscard]] bool has_neighbours() const;
};

/// RTM_GETLINK for all links. Equivalent: ip link show
[[nodiscard]] NlMessage list_links();
/// Sets net.ipv4.conf.LINK.promote_secondaries: deleting a primary address keeps the others of its subnet.
/// Goes through netlink, so that it works where /proc/sys is read-only (containers) and in the socket's own
/// namespace.
[[nodiscard]] NlMessage promote_secondaries(IfIndex link, bool on);
/// Reads RTM_NEWLINK or RTM_DELLINK. nullopt: broken, or not about a link itself (bridge port notifications).
[[nodiscard]] std::optional<Link> read_link(const nlmsghdr& header);

}  // namespace ka::net
