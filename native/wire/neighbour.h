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

/// An ARP request for `target` from `sender`; an unspecified sender makes it a probe (RFC 5227
/// section 2.1.1). Nobody learns the target's address from it. Precondition: both are IPv4.
[[nodiscard]] ArpFrame arp_request(const MacAddr& mac, const IpAddr& sender, const IpAddr& target);

/// Neighbour solicitation (RFC 4861 section 4.3) without IPv6 header, checksum left to the kernel; with
/// source link-layer address `mac`. Precondition: IPv6.
inline constexpr std::size_t kSolicitationSize = 32;
using Solicitation = std::array<std::uint8_t, kSolicitationSize>;
[[nodiscard]] Solicitation neighbour_solicitation(const MacAddr& mac, const IpAddr& target);
/// ff02::1:ffXX:XXXX of an address (RFC 4291 section 2.7.1).
[[nodiscard]] IpAddr solicited_node(const IpAddr& target);

/// Who says that an address is his.
struct NeighbourClaim {
  IpAddr address;
  MacAddr mac{};
};
/// A whole Ethernet frame with an ARP reply. nullopt: anything else.
[[nodiscard]] std::optional<NeighbourClaim> read_arp_reply(std::span<const std::uint8_t> frame);
/// A neighbour advertisement without IPv6 header that names its link-layer address. nullopt: anything else.
[[nodiscard]] std::optional<NeighbourClaim> read_neighbour_advertisement(
    std::span<const std::uint8_t> message);

}  // namespace ka::wire
