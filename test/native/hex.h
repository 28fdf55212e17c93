// Bytes written as hex digits, for tests whose expected values are somebody else's packets.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace ka::test {

/// Reads pairs of hex digits; blanks between them are ignored.
inline std::vector<std::uint8_t> hex(std::string_view text) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; };
  std::vector<std::uint8_t> bytes;
  int high = -1;
  for (const char c : text) {
    if (c == ' ') continue;
    if (high < 0) {
      high = digit(c);
    } else {
      bytes.push_back(static_cast<std::uint8_t>(high * 16 + digit(c)));
      high = -1;
    }
  }
  return bytes;
}

}  // namespace ka::test
