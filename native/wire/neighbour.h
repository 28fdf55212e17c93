// Gratuitous ARP and unsolicited Neighbour Advertisement: whole Ethernet frames for a packet socket.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "native/base/ip.h"

namespace ka::wire {

/// ff:ff:ff:ff:ff:ff
inline constexpr MacAddr kBroadcastMac{0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
/// 33:33:00:00:00:01, where IPv6 sends to ff02::1 (RFC 2464 section 7).
inline constexpr MacAddr kAllNodesMac{0x33, 0x33, 0x00, 0x00, 0x00, 0x01};
inline constexpr std::size_t kEthernetHeaderSize = 14;

/// Ethernet header (14) and ARP (28). The driver pads to the minimum frame.
inline constexpr std::size_t kArpFrameSize = kEthernetHeaderSize + 28;
/// Ethernet header (14), IPv6 header (40), neighbour advertisement (24) with target link-layer address option
/// (8).
inline constexpr std::size_t kNaFrameSize = kEthernetHeaderSize + 40 + 32;

using ArpFrame = std::array<std::uint8_t, kArpFrameSize>;
using NaFrame = std::array<std::uint8_t, kNaFrameSize>;

/// Gratuitous ARP as keepalived sends it: a broadcast request, sender = target = `address`, sender MAC =
/// `mac`, target MAC broadcast (ignored by receivers, RFC 5227 section 3). Precondition: `address` is IPv4.
[[nodiscard]] ArpFrame gratuitous_arp(const MacAddr& mac, const IpAddr& address);

/// Unsolicited neighbour advertisement (RFC 4861 section 4.4, 7.2.6) to all nodes: override flag, hop limit
/// 255, target link-layer address `mac`, source address `address` itself. `router`: the interface forwards.
/// Precondition: IPv6.
[[nodiscard]] NaFrame unsolicited_na(const MacAddr& mac, const IpAddr& address, bool router);

}  // namespace ka::wire
