#include "native/net/address.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

namespace ka::net {

namespace {

/// IFA_PROTO, linux 5.18; spelt out for older headers.
constexpr int kIfaProto = 11;
constexpr std::uint32_t kForever = 0xffffffffU;

ifaddrmsg fixed_header(const Address& address) {
  ifaddrmsg header{};
  const bool is_v4 = address.prefix.address.family() == Family::kIpv4;
  header.ifa_family = is_v4 ? AF_INET : AF_INET6;
  header.ifa_prefixlen = address.prefix.length;
  header.ifa_flags = static_cast<std::uint8_t>(address.flags & 0xff);
  header.ifa_scope = is_v4 ? address.scope : std::uint8_t{0};
  header.ifa_index = address.link;
  return header;
}

void put_identity(NlMessage& message, const Address& address) {
  message.put(IFA_LOCAL, address.prefix.address.bytes());
  // With a peer the prefix belongs to the peer's address (linux: inet_rtm_newaddr).
  message.put(IFA_ADDRESS, address.peer ? address.peer->bytes() : address.prefix.address.bytes());
}

}  // namespace

NlMessage add_address(const Address& address) {
  NlMessage message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
  message.header(fixed_header(address));
  put_identity(message, address);
  if (address.broadcast) message.put(IFA_BROADCAST, address.broadcast->bytes());
  if (!address.label.empty()) message.put_string(IFA_LABEL, address.label);
  if (address.preferred_s) {
    ifa_cacheinfo lifetime{};
    lifetime.ifa_prefered = *address.preferred_s;
    lifetime.ifa_valid = kForever;
    message.put_struct(IFA_CACHEINFO, lifetime);
  }
  message.put_u32(IFA_FLAGS, address.flags);
  message.put_u8(kIfaProto, kProtocolKeepalived);
  return message;
}

NlMessage delete_address(const Address& address) {
  NlMessage message(RTM_DELADDR, 0);
  message.header(fixed_header(address));
  put_identity(message, address);
  return message;
}

NlMessage list_addresses() {
  NlMessage message(RTM_GETADDR, NLM_F_DUMP);
  message.header(ifaddrmsg{});
  return message;
}

std::optional<KernelAddress> read_address(const nlmsghdr& header) {
  constexpr int kMax = std::max<int>(IFA_MAX, kIfaProto);
  std::array<nlattr*, kMax + 1> attributes{};
  // libnl takes the header as non-const and only reads from it.
  if (nlmsg_parse(const_cast<nlmsghdr*>(&header), sizeof(ifaddrmsg), attributes.data(), kMax, nullptr) < 0) {
    return std::nullopt;
  }
  const auto* fixed = static_cast<const ifaddrmsg*>(nlmsg_data(&header));
  const bool is_v4 = fixed->ifa_family == AF_INET;
  if (!is_v4 && fixed->ifa_family != AF_INET6) return std::nullopt;
  const nlattr* local = attributes[IFA_LOCAL] != nullptr ? attributes[IFA_LOCAL] : attributes[IFA_ADDRESS];
  const std::size_t size = is_v4 ? 4 : 16;
  if (local == nullptr || static_cast<std::size_t>(nla_len(local)) != size) return std::nullopt;
  KernelAddress address;
  address.link = fixed->ifa_index;
  address.prefix.address = IpAddr::from_bytes(is_v4 ? Family::kIpv4 : Family::kIpv6,
                                              {static_cast<const std::uint8_t*>(nla_data(local)), size});
  address.prefix.length = fixed->ifa_prefixlen;
  address.scope = fixed->ifa_scope;
  if (attributes[kIfaProto] != nullptr) address.protocol = nla_get_u8(attributes[kIfaProto]);
  address.flags = attributes[IFA_FLAGS] != nullptr ? nla_get_u32(attributes[IFA_FLAGS]) : fixed->ifa_flags;
  return address;
}

}  // namespace ka::net
