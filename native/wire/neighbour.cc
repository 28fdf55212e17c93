#include "native/wire/neighbour.h"

#include <algorithm>

#include "native/base/bytes.h"
#include "native/wire/inet.h"

namespace ka::wire {
namespace {

constexpr std::uint16_t kEtherTypeArp = 0x0806;
constexpr std::uint16_t kEtherTypeIpv6 = 0x86dd;
constexpr std::uint16_t kEtherTypeIpv4 = 0x0800;
constexpr std::uint16_t kHardwareEthernet = 1;
constexpr std::uint16_t kArpRequest = 1;
constexpr std::uint16_t kArpReply = 2;
constexpr std::uint8_t kNeighbourSolicitation = 135;
constexpr std::uint8_t kSourceLinkLayerAddress = 1;
constexpr std::uint8_t kNeighbourAdvertisement = 136;
constexpr std::uint8_t kTargetLinkLayerAddress = 2;
constexpr std::uint32_t kFlagRouter = 0x80000000;
constexpr std::uint32_t kFlagOverride = 0x20000000;
constexpr std::size_t kIcmpSize = 32;
constexpr IpAddr kAllNodes = IpAddr::v6({0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});

/// An ARP request (RFC 826) from `mac` and `sender` to everybody.
ArpFrame broadcast_request(const MacAddr& mac, const IpAddr& sender, const MacAddr& target_mac,
                           const IpAddr& target) {
  ArpFrame frame{};
  Writer out(frame);
  out.copy(kBroadcastMac);
  out.copy(mac);
  out.u16(kEtherTypeArp);
  out.u16(kHardwareEthernet);
  out.u16(kEtherTypeIpv4);
  out.u8(6);
  out.u8(4);
  out.u16(kArpRequest);
  out.copy(mac);
  out.copy(sender.bytes());
  out.copy(target_mac);
  out.copy(target.bytes());
  return frame;
}

}  // namespace

ArpFrame gratuitous_arp(const MacAddr& mac, const IpAddr& address) {
  return broadcast_request(mac, address, kBroadcastMac, address);
}

NaFrame unsolicited_na(const MacAddr& mac, const IpAddr& address, bool router) {
  constexpr std::size_t kIcmpAt = kEthernetHeaderSize + 40;
  constexpr std::size_t kChecksumAt = kIcmpAt + 2;
  NaFrame frame{};
  Writer out(frame);
  out.copy(kAllNodesMac);
  out.copy(mac);
  out.u16(kEtherTypeIpv6);

  out.u32(0x60000000);
  out.u16(static_cast<std::uint16_t>(kIcmpSize));
  out.u8(kProtocolIcmpv6);
  out.u8(255);
  out.copy(address.bytes());
  out.copy(kAllNodes.bytes());

  out.u8(kNeighbourAdvertisement);
  out.u8(0);
  out.u16(0);
  out.u32(kFlagOverride | (router ? kFlagRouter : 0u));
  out.copy(address.bytes());
  out.u8(kTargetLinkLayerAddress);
  out.u8(1);  // option length in units of 8 bytes
  out.copy(mac);

  Checksum sum;
  sum.add_pseudo_header(address, kAllNodes, kProtocolIcmpv6, kIcmpSize);
  sum.add(std::span<const std::uint8_t>(frame).subspan(kIcmpAt));
  out.patch_u16(kChecksumAt, sum.value());
  return frame;
}

ArpFrame arp_request(const MacAddr& mac, const IpAddr& sender, const IpAddr& target) {
  return broadcast_request(mac, sender, MacAddr{}, target);
}

Solicitation neighbour_solicitation(const MacAddr& mac, const IpAddr& target) {
  Solicitation message{};
  Writer out(message);
  out.u8(kNeighbourSolicitation);
  out.u8(0);
  out.u16(0);
  out.u32(0);
  out.copy(target.bytes());
  out.u8(kSourceLinkLayerAddress);
  out.u8(1);
  out.copy(mac);
  return message;
}

IpAddr solicited_node(const IpAddr& target) {
  std::array<std::uint8_t, 16> bytes{0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0, 0, 0};
  for (std::size_t i = 13; i < 16; ++i) bytes[i] = target.bytes()[i];
  return IpAddr::v6(bytes);
}

std::optional<NeighbourClaim> read_arp_reply(std::span<const std::uint8_t> frame) {
  Reader in(frame);
  in.skip(12);
  const bool is_arp = in.u16() == kEtherTypeArp && in.u16() == kHardwareEthernet &&
                      in.u16() == kEtherTypeIpv4 && in.u8() == 6 && in.u8() == 4 && in.u16() == kArpReply;
  const auto mac = in.take(6);
  const auto address = in.take(4);
  if (!is_arp || !in.ok()) return std::nullopt;
  NeighbourClaim claim;
  claim.address = IpAddr::from_bytes(Family::kIpv4, address);
  std::ranges::copy(mac, claim.mac.begin());
  return claim;
}

std::optional<NeighbourClaim> read_neighbour_advertisement(std::span<const std::uint8_t> message) {
  Reader in(message);
  const bool is_advertisement = in.u8() == kNeighbourAdvertisement && in.u8() == 0;
  in.skip(6);
  const auto address = in.take(16);
  if (!is_advertisement || !in.ok()) return std::nullopt;
  while (in.remaining() >= 8) {
    const std::uint8_t type = in.u8();
    const std::uint8_t units = in.u8();
    if (units == 0) return std::nullopt;
    const auto value = in.take(std::size_t{units} * 8 - 2);
    if (!in.ok()) return std::nullopt;
    if (type != kTargetLinkLayerAddress || units != 1) continue;
    NeighbourClaim claim;
    claim.address = IpAddr::from_bytes(Family::kIpv6, address);
    std::ranges::copy(value, claim.mac.begin());
    return claim;
  }
  return std::nullopt;
}

}  // namespace ka::wire
