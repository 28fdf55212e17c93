// Addresses of links: the requests that add, delete and list them, and what the kernel tells of them.
// Builds and reads messages only; NlPipeline and Monitor carry them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "native/base/ip.h"
#include "native/base/units.h"
#include "native/net/nl.h"

struct nlmsghdr;

namespace ka::net {

/// An address as the kernel is to have it. Equivalent: ip address add PREFIX [peer P] [broadcast B] [label L]
/// dev LINK
struct Address {
  IfIndex link = 0;
  Prefix prefix;
  std::optional<IpAddr> peer;
  std::optional<IpAddr> broadcast;
  /// rtnetlink scope; IPv4 only, the kernel computes that of IPv6.
  std::uint8_t scope = 0;
  /// IFA_F_NODAD, IFA_F_NOPREFIXROUTE ... (linux/if_addr.h).
  std::uint32_t flags = 0;
  /// Preferred lifetime in seconds; absent: forever.
  std::optional<std::uint32_t> preferred_s;
  /// IPv4 label; empty: the link's name.
  std::string label;
};

/// An address as the kernel reports it.
struct KernelAddress {
  IfIndex link = 0;
  Prefix prefix;
  std::uint32_t flags = 0;
  std::uint8_t scope = 0;
  /// IFA_PROTO, linux 5.18 and later; else 0.
  std::uint8_t protocol = 0;
};

/// Address protocol that keepalived 2.4 marks its addresses with, and so do we (older kernels ignore it).
inline constexpr std::uint8_t kProtocolKeepalived = 18;

/// RTM_NEWADDR; an address that is there already is answered with EEXIST.
[[nodiscard]] NlMessage add_address(const Address& address);
/// RTM_DELADDR; one that is not there is answered with EADDRNOTAVAIL. Equivalent: ip address del PREFIX dev
/// LINK
[[nodiscard]] NlMessage delete_address(const Address& address);
/// RTM_GETADDR for all links and families. Equivalent: ip address show
[[nodiscard]] NlMessage list_addresses();
/// Reads RTM_NEWADDR or RTM_DELADDR. nullopt: another family, or broken.
[[nodiscard]] std::optional<KernelAddress> read_address(const nlmsghdr& header);

}  // namespace ka::net
