#include "native/wire/inet.h"

#include <algorithm>

#include "native/base/bytes.h"

namespace ka::wire {
namespace {
constexpr std::uint16_t kMoreFragments = 0x2000;
constexpr std::uint16_t kFragmentOffset = 0x1fff;
}  // namespace

void Checksum::add_pseudo_header(const IpAddr& source, const IpAddr& destination, std::uint8_t protocol,
                                 std::size_t payload_length) {
  add(source.bytes());
  add(destination.bytes());
  add_u16(protocol);
  add_u16(static_cast<std::uint16_t>(payload_length & 0xffff));
  add_u16(static_cast<std::uint16_t>((payload_length >> 16) & 0xffff));
}

std::optional<Ipv4View> strip_ipv4(std::span<const std::uint8_t> packet) {
  Reader reader(packet);
  const std::uint8_t version_ihl = reader.u8();
  reader.skip(1);  // type of service
  const std::size_t total = reader.u16();
  reader.skip(2);  // identification
  const std::uint16_t fragment = reader.u16();
  Ipv4View view;
  view.ttl = reader.u8();
  view.protocol = reader.u8();
  reader.skip(2);  // header checksum: the kernel has seen to it
  const auto source = reader.take(4);
  const auto destination = reader.take(4);
  if (!reader.ok() || (version_ihl >> 4) != 4) return std::nullopt;
  const std::size_t header = std::size_t{version_ihl & 0x0fu} * 4;
  if (header < kIpv4HeaderSize || total < header || total > packet.size()) return std::nullopt;
  if ((fragment & (kMoreFragments | kFragmentOffset)) != 0) return std::nullopt;
  view.source = IpAddr::from_bytes(Family::kIpv4, source);
  view.destination = IpAddr::from_bytes(Family::kIpv4, destination);
  view.payload = packet.subspan(header, total - header);
  return view;
}

std::array<std::uint8_t, kIpv4HeaderSize> ipv4_header(const Ipv4Header& header, std::size_t payload_length) {
  constexpr std::size_t kChecksumAt = 10;
  std::array<std::uint8_t, kIpv4HeaderSize> bytes{};
  Writer out(bytes);
  out.u8(0x45);
  out.u8(header.tos);
  out.u16(static_cast<std::uint16_t>(kIpv4HeaderSize + payload_length));
  out.u16(header.identification);
  out.u16(0);
  out.u8(header.ttl);
  out.u8(header.protocol);
  out.u16(0);
  out.copy(header.source.bytes());
  out.copy(header.destination.bytes());
  Checksum sum;
  sum.add(out.written());
  out.patch_u16(kChecksumAt, sum.value());
  return bytes;
}

}  // namespace ka::wire
