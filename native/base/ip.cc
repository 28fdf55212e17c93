#include "native/base/ip.h"

#include <algorithm>
#include <charconv>

namespace ka {
namespace {

/// A decimal number without sign, blank or leading zero, at most `limit`.
std::optional<unsigned> parse_decimal(std::string_view text, unsigned limit) {
  if (text.empty() || text.size() > 3 || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  unsigned value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc{} || end != text.data() + text.size() || value > limit) return std::nullopt;
  return value;
}

bool parse_v4(std::string_view text, std::span<std::uint8_t> out) {
  for (std::size_t i = 0; i < 4; ++i) {
    const std::size_t dot = text.find('.');
    if ((dot == std::string_view::npos) != (i == 3)) return false;
    const auto value = parse_decimal(text.substr(0, dot), 255);
    if (!value) return false;
    out[i] = static_cast<std::uint8_t>(*value);
    if (i < 3) text.remove_prefix(dot + 1);
  }
  return true;
}

/// Groups of one side of "::" (or of the whole text); how many bytes they fill, nullopt when malformed.
std::optional<std::size_t> parse_groups(std::string_view text, bool may_end_in_v4,
                                        std::span<std::uint8_t> out) {
  std::size_t filled = 0;
  if (text.empty()) return filled;
  for (;;) {
    const std::size_t colon = text.find(':');
    const std::string_view group = text.substr(0, colon);
    const bool last = colon == std::string_view::npos;
    if (last && may_end_in_v4 && group.find('.') != std::string_view::npos) {
      if (filled + 4 > out.size() || !parse_v4(group, out.subspan(filled, 4))) return std::nullopt;
      return filled + 4;
    }
    unsigned value = 0;
    if (group.empty() || group.size() > 4 || filled + 2 > out.size()) return std::nullopt;
    const auto [end, ec] = std::from_chars(group.data(), group.data() + group.size(), value, 16);
    if (ec != std::errc{} || end != group.data() + group.size()) return std::nullopt;
    out[filled] = static_cast<std::uint8_t>(value >> 8);
    out[filled + 1] = static_cast<std::uint8_t>(value & 0xff);
    filled += 2;
    if (last) return filled;
    text.remove_prefix(colon + 1);
  }
}

std::optional<IpAddr> parse_v6(std::string_view text) {
  std::array<std::uint8_t, 16> bytes{};
  const std::size_t gap = text.find("::");
  if (gap == std::string_view::npos) {
    const auto filled = parse_groups(text, true, bytes);
    if (!filled || *filled != 16) return std::nullopt;
    return IpAddr::v6(bytes);
  }
  const std::string_view tail_text = text.substr(gap + 2);
  if (tail_text.find("::") != std::string_view::npos) return std::nullopt;
  std::array<std::uint8_t, 16> tail{};
  const auto head_size = parse_groups(text.substr(0, gap), false, bytes);
  const auto tail_size = parse_groups(tail_text, true, tail);
  if (!head_size || !tail_size || *head_size + *tail_size > 14) return std::nullopt;
  std::copy_n(tail.begin(), *tail_size, bytes.end() - static_cast<std::ptrdiff_t>(*tail_size));
  return IpAddr::v6(bytes);
}

std::string format_v4(std::span<const std::uint8_t> b) {
  std::string text;
  for (std::size_t i = 0; i < 4; ++i) {
    if (i > 0) text += '.';
    text += std::to_string(unsigned{b[i]});
  }
  return text;
}

std::string format_v6(std::span<const std::uint8_t> b) {
  std::array<unsigned, 8> groups{};
  for (std::size_t i = 0; i < 8; ++i) groups[i] = (unsigned{b[2 * i]} << 8) | b[2 * i + 1];
  // The longest run of at least two zero groups, the first of several, becomes "::" (RFC 5952 section 4.2).
  std::size_t best = 8;
  std::size_t best_length = 1;
  for (std::size_t i = 0; i < 8; ++i) {
    std::size_t length = 0;
    while (i + length < 8 && groups[i + length] == 0) ++length;
    if (length > best_length) {
      best = i;
      best_length = length;
    }
  }
  const bool mapped = best == 0 && best_length == 5 && groups[5] == 0xffff;
  std::string text;
  for (std::size_t i = 0; i < 8;) {
    if (i == best) {
      text += "::";
      i += best_length;
      continue;
    }
    if (!text.empty() && text.back() != ':') text += ':';
    if (mapped && i == 6) return text + format_v4(b.subspan(12));
    std::array<char, 4> digits{};
    const auto [end, ec] = std::to_chars(digits.data(), digits.data() + digits.size(), groups[i], 16);
    static_cast<void>(ec);
    text.append(digits.data(), end);
    ++i;
  }
  return text;
}

}  // namespace

IpAddr IpAddr::from_bytes(Family family, std::span<const std::uint8_t> bytes) {
  IpAddr address;
  address.family_ = family;
  const std::size_t size = family == Family::kIpv4 ? 4 : 16;
  std::copy_n(bytes.begin(), std::min(size, bytes.size()), address.bytes_.begin());
  return address;
}

std::optional<IpAddr> IpAddr::parse(std::string_view text) {
  if (text.find(':') != std::string_view::npos) return parse_v6(text);
  std::array<std::uint8_t, 4> bytes{};
  if (!parse_v4(text, bytes)) return std::nullopt;
  return IpAddr::v4(bytes);
}

bool IpAddr::is_unspecified() const {
  return std::all_of(bytes_.begin(), bytes_.end(), [](std::uint8_t b) { return b == 0; });
}

bool IpAddr::is_multicast() const {
  return family_ == Family::kIpv4 ? (bytes_[0] & 0xf0) == 0xe0 : bytes_[0] == 0xff;
}

bool IpAddr::is_link_local() const {
  return family_ == Family::kIpv6 && bytes_[0] == 0xfe && (bytes_[1] & 0xc0) == 0x80;
}

std::string IpAddr::format() const {
  return family_ == Family::kIpv4 ? format_v4(bytes()) : format_v6(bytes());
}

std::optional<Prefix> parse_prefix(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = IpAddr::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  const unsigned full = address->family() == Family::kIpv4 ? 32 : 128;
  if (slash == std::string_view::npos) return Prefix{*address, static_cast<std::uint8_t>(full)};
  const auto length = parse_decimal(text.substr(slash + 1), full);
  if (!length) return std::nullopt;
  return Prefix{*address, static_cast<std::uint8_t>(*length)};
}

std::string format(const Prefix& prefix) {
  return prefix.address.format() + '/' + std::to_string(unsigned{prefix.length});
}

}  // namespace ka
