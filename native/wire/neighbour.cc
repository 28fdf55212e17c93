#include "native/wire/neighbour.h"

#include "native/base/bytes.h"
#include "native/wire/inet.h"

namespace ka::wire {
namespace {

constexpr std::uint16_t kEtherTypeArp = 0x0806;
constexpr std::uint16_t kEtherTypeIpv6 = 0x86dd;
constexpr std::uint16_t kEtherTypeIpv4 = 0x0800;
constexpr std::uint16_t kHardwareEthernet = 1;
constexpr std::uint16_t kArpRequest = 1;
constexpr std::uint8_t kNeighbourAdvertisement = 136;
constexpr std::uint8_t kTargetLinkLayerAddress = 2;
constexpr std::uint32_t kFlagRouter = 0x80000000;
constexpr std::uint32_t kFlagOverride = 0x20000000;
constexpr std::size_t kIcmpSize = 32;
constexpr IpAddr kAllNodes = IpAddr::v6({0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});

}  // namespace

ArpFrame gratuitous_arp(const MacAddr& mac, const IpAddr& address) {
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
  out.copy(address.bytes());
  out.copy(kBroadcastMac);
  out.copy(address.bytes());
  return frame;
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

}  // namespace ka::wire
