#include "native/base/bytes.h"

#include <doctest/doctest.h>
#include <array>
#include <vector>

using ka::Reader;
using ka::Writer;

TEST_CASE("a reader takes big-endian numbers from the front") {
  const std::array<std::uint8_t, 7> bytes{0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07};
  Reader reader(bytes);
  CHECK(reader.u8() == 0x01);
  CHECK(reader.u16() == 0x0203);
  CHECK(reader.u32() == 0x04050607);
  CHECK(reader.ok());
  CHECK(reader.remaining() == 0);
}

TEST_CASE("a reader past its end yields zeros and says so for good") {
  const std::array<std::uint8_t, 3> bytes{0xff, 0xff, 0xff};
  Reader reader(bytes);
  CHECK(reader.take(4).empty());
  CHECK(!reader.ok());
  CHECK(reader.u8() == 0);
  CHECK(reader.u16() == 0);
  CHECK(!reader.ok());
  Reader empty(std::span<const std::uint8_t>{});
  CHECK(empty.take(0).empty());
  CHECK(empty.ok());
}

TEST_CASE("a writer puts big-endian numbers to the front and nothing beyond its end") {
  std::array<std::uint8_t, 8> bytes{};
  bytes.fill(0xee);
  Writer writer(std::span<std::uint8_t>(bytes).first(7));
  writer.u8(1);
  writer.u16(0x0203);
  writer.u32(0x04050607);
  CHECK(writer.ok());
  writer.u8(9);
  CHECK(!writer.ok());
  writer.patch_u16(1, 0xabcd);
  writer.patch_u16(6, 0xabcd);  // beyond what was written: ignored
  CHECK(writer.size() == 7);
  const std::array<std::uint8_t, 8> expected{0x01, 0xab, 0xcd, 0x04, 0x05, 0x06, 0x07, 0xee};
  CHECK(bytes == expected);
}

TEST_CASE("a write that does not fit writes none of its bytes") {
  std::array<std::uint8_t, 3> bytes{};
  Writer writer(bytes);
  writer.u32(0x01020304);
  CHECK(!writer.ok());
  CHECK(writer.size() == 0);
  CHECK(bytes == std::array<std::uint8_t, 3>{});
}
