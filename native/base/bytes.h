// Bounds-checked big-endian access to bytes that somebody else owns. Knows no format.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace ka {

/// Reads from the front of a span. A read past the end yields zeros, and ok() is false from then on, so that
/// a decoder may read a whole header and ask once.
class Reader {
 public:
  explicit constexpr Reader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  [[nodiscard]] constexpr bool ok() const { return ok_; }
  [[nodiscard]] constexpr std::size_t remaining() const { return bytes_.size() - at_; }

  constexpr std::uint8_t u8() {
    const auto b = take(1);
    return b.empty() ? std::uint8_t{0} : b[0];
  }
  constexpr std::uint16_t u16() {
    const auto b = take(2);
    return b.empty() ? std::uint16_t{0} : static_cast<std::uint16_t>((unsigned{b[0]} << 8) | unsigned{b[1]});
  }
  constexpr std::uint32_t u32() {
    const std::uint32_t high = u16();
    return (high << 16) | u16();
  }
  /// The next `count` bytes; empty (and ok() false) when there are fewer.
  constexpr std::span<const std::uint8_t> take(std::size_t count) {
    if (!ok_ || count > remaining()) {
      ok_ = false;
      return {};
    }
    const auto part = bytes_.subspan(at_, count);
    at_ += count;
    return part;
  }
  constexpr void skip(std::size_t count) { static_cast<void>(take(count)); }

 private:
  std::span<const std::uint8_t> bytes_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

/// Writes to the front of a span. A write that does not fit writes nothing, and ok() is false from then on.
class Writer {
 public:
  explicit constexpr Writer(std::span<std::uint8_t> bytes) : bytes_(bytes) {}

  [[nodiscard]] constexpr bool ok() const { return ok_; }
  /// Bytes written so far.
  [[nodiscard]] constexpr std::size_t size() const { return at_; }
  /// What was written so far.
  [[nodiscard]] constexpr std::span<std::uint8_t> written() const { return bytes_.first(at_); }

  constexpr void u8(std::uint8_t value) {
    const auto b = claim(1);
    if (!b.empty()) b[0] = value;
  }
  constexpr void u16(std::uint16_t value) {
    const auto b = claim(2);
    if (b.empty()) return;
    b[0] = static_cast<std::uint8_t>(value >> 8);
    b[1] = static_cast<std::uint8_t>(value & 0xff);
  }
  constexpr void u32(std::uint32_t value) {
    const auto b = claim(4);
    if (b.empty()) return;
    for (std::size_t i = 0; i < 4; ++i) b[i] = static_cast<std::uint8_t>((value >> (24 - 8 * i)) & 0xff);
  }
  constexpr void copy(std::span<const std::uint8_t> source) {
    const auto b = claim(source.size());
    if (!b.empty()) std::copy(source.begin(), source.end(), b.begin());
  }
  constexpr void fill(std::size_t count, std::uint8_t value) {
    const auto b = claim(count);
    std::fill(b.begin(), b.end(), value);
  }
  /// Overwrites two bytes written before, e.g. a checksum. Does nothing when they were not.
  constexpr void patch_u16(std::size_t at, std::uint16_t value) {
    if (at + 2 > at_) return;
    bytes_[at] = static_cast<std::uint8_t>(value >> 8);
    bytes_[at + 1] = static_cast<std::uint8_t>(value & 0xff);
  }

 private:
  constexpr std::span<std::uint8_t> claim(std::size_t count) {
    if (!ok_ || count > bytes_.size() - at_) {
      ok_ = false;
      return {};
    }
    const auto part = bytes_.subspan(at_, count);
    at_ += count;
    return part;
  }

  std::span<std::uint8_t> bytes_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

}  // namespace ka
