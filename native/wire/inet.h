// What VRRP needs of IP: the internet checksum, pseudo-headers, an IPv4 header to write and one to take off.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "native/base/ip.h"

namespace ka::wire {

/// IP protocol number of VRRP (RFC 9568 section 5.1.1.4).
inline constexpr std::uint8_t kProtocolVrrp = 112;
/// IP protocol number of ICMPv6 (RFC 8200).
inline constexpr std::uint8_t kProtocolIcmpv6 = 58;

/// The internet checksum (RFC 1071) as a running sum. Parts of odd length may only come last.
class Checksum {
 public:
  constexpr void add(std::span<const std::uint8_t> bytes) {
    std::size_t i = 0;
    for (; i + 1 < bytes.size(); i += 2) sum_ += (std::uint32_t{bytes[i]} << 8) | bytes[i + 1];
    if (i < bytes.size()) sum_ += std::uint32_t{bytes[i]} << 8;
  }
  constexpr void add_u16(std::uint16_t word) { sum_ += word; }
  /// The pseudo-header of RFC 793 (IPv4) or RFC 8200 section 8.1 (IPv6); both add up alike. Families must
  /// agree.
  void add_pseudo_header(const IpAddr& source, const IpAddr& destination, std::uint8_t protocol,
                         std::size_t payload_length);
  /// What belongs into the checksum field. Over data that contains a right checksum this is 0.
  [[nodiscard]] constexpr std::uint16_t value() const {
    std::uint64_t sum = sum_;
    while ((sum >> 16) != 0) sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>(~sum & 0xffff);
  }

 private:
  std::uint64_t sum_ = 0;
};

/// An IPv4 packet without its header, as a raw socket delivers it.
struct Ipv4View {
  IpAddr source;
  IpAddr destination;
  std::uint8_t ttl = 0;
  std::uint8_t protocol = 0;
  /// Payload as the total length field counts it: Ethernet padding behind it is gone.
  std::span<const std::uint8_t> payload;
};

/// Takes off an IPv4 header with its options (IHL-aware).
/// nullopt: not version 4, IHL below 5 or beyond the packet, total length below the header or beyond the
/// packet, or a fragment other than a whole packet.
[[nodiscard]] std::optional<Ipv4View> strip_ipv4(std::span<const std::uint8_t> packet);

/// Size of the header that `write_ipv4_header` writes (no options).
inline constexpr std::size_t kIpv4HeaderSize = 20;

/// Fields of an IPv4 header to send. The identification is 0 and don't-fragment is not set.
struct Ipv4Header {
  IpAddr source;
  IpAddr destination;
  std::uint8_t ttl = 255;
  std::uint8_t protocol = kProtocolVrrp;
  /// Internetwork control, as keepalived and FRR send.
  std::uint8_t tos = 0xc0;
  std::uint16_t identification = 0;
};

/// Writes a header for `payload_length` bytes, checksum included. Precondition: both addresses are IPv4.
[[nodiscard]] std::array<std::uint8_t, kIpv4HeaderSize> ipv4_header(const Ipv4Header& header,
                                                                    std::size_t payload_length);

}  // namespace ka::wire
