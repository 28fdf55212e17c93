// IP addresses, prefixes and MAC addresses as values. No sockets, no names, no allocation except in format().
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ka {

enum class Family : std::uint8_t { kIpv4 = 4, kIpv6 = 6 };

/// An IPv4 or IPv6 address in network byte order; an IPv4 address uses the first four bytes, the rest is
/// zero.
class IpAddr {
 public:
  constexpr IpAddr() = default;  // 0.0.0.0
  static constexpr IpAddr v4(std::array<std::uint8_t, 4> b) {
    IpAddr a;
    for (std::size_t i = 0; i < 4; ++i) a.bytes_[i] = b[i];
    return a;
  }
  static constexpr IpAddr v6(const std::array<std::uint8_t, 16>& b) {
    IpAddr a;
    a.family_ = Family::kIpv6;
    a.bytes_ = b;
    return a;
  }
  /// Precondition: bytes.size() is 4 or 16 and fits the family.
  static IpAddr from_bytes(Family family, std::span<const std::uint8_t> bytes);
  /// Parses dotted-quad or RFC 4291 text, no prefix, no scope id. nullopt when it is neither.
  static std::optional<IpAddr> parse(std::string_view text);

  [[nodiscard]] constexpr Family family() const { return family_; }
  [[nodiscard]] std::span<const std::uint8_t> bytes() const {
    return {bytes_.data(), family_ == Family::kIpv4 ? std::size_t{4} : std::size_t{16}};
  }
  [[nodiscard]] bool is_unspecified() const;
  [[nodiscard]] bool is_multicast() const;
  [[nodiscard]] bool is_link_local() const;  // IPv6 fe80::/10
  /// RFC 5952 text for IPv6.
  [[nodiscard]] std::string format() const;

  /// Order of RFC 9568 section 6.4.3: unsigned integers in network byte order (families: IPv4 first).
  friend constexpr std::strong_ordering operator<=>(const IpAddr&, const IpAddr&) = default;
  friend constexpr bool operator==(const IpAddr&, const IpAddr&) = default;

 private:
  Family family_ = Family::kIpv4;
  std::array<std::uint8_t, 16> bytes_{};
};

/// An address with its prefix length (host bits kept): `10.0.0.100/24`.
struct Prefix {
  IpAddr address;
  std::uint8_t length = 32;
  friend constexpr bool operator==(const Prefix&, const Prefix&) = default;
};
[[nodiscard]] std::optional<Prefix> parse_prefix(std::string_view text);
[[nodiscard]] std::string format(const Prefix& prefix);

using MacAddr = std::array<std::uint8_t, 6>;

}  // namespace ka
