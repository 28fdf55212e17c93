#include "native/wire/inet.h"

#include <doctest/doctest.h>

#include "test/native/hex.h"

using ka::IpAddr;
using ka::test::hex;
using ka::wire::Checksum;
using ka::wire::strip_ipv4;

namespace {
// IPv4 header and advert of Debian's keepalived 2.2.7 (v2, VRID 6), as captured.
const char* const kKeepalivedPacket =
    "45c0002c00010000ff70d07c0a000012e0000012 210664020101f8f60a0000640a0000653636360000000000";
}  // namespace

TEST_CASE("the internet checksum of the example in RFC 1071 section 3") {
  Checksum sum;
  sum.add(hex("0001f203f4f5f6f7"));
  CHECK(sum.value() == 0x220d);  // complement of ddf2
}

TEST_CASE("an odd last byte counts as the high half of a word") {
  Checksum sum;
  sum.add(hex("0001f203f4f5f6"));
  CHECK(sum.value() == 0x2304);
}

TEST_CASE("a right checksum adds up to zero, over the header of a keepalived packet") {
  const auto packet = hex(kKeepalivedPacket);
  Checksum sum;
  sum.add(std::span(packet).first(20));
  CHECK(sum.value() == 0);
}

TEST_CASE("the IPv4 header that is written is keepalived's own, byte for byte") {
  ka::wire::Ipv4Header header;
  header.source = *IpAddr::parse("10.0.0.18");
  header.destination = *IpAddr::parse("224.0.0.18");
  header.identification = 1;
  const auto bytes = ka::wire::ipv4_header(header, 24);
  const auto expected = hex("45c0002c00010000ff70d07c0a000012e0000012");
  CHECK(std::equal(bytes.begin(), bytes.end(), expected.begin(), expected.end()));
}

TEST_CASE("an IPv4 header is taken off") {
  const auto packet = hex(kKeepalivedPacket);
  const auto view = strip_ipv4(packet);
  REQUIRE(view.has_value());
  CHECK(view->source.format() == "10.0.0.18");
  CHECK(view->destination.format() == "224.0.0.18");
  CHECK(view->ttl == 255);
  CHECK(view->protocol == 112);
  CHECK(view->payload.size() == 24);
  CHECK(view->payload[0] == 0x21);
}

TEST_CASE("options are part of the header") {
  auto packet = hex(kKeepalivedPacket);
  packet.insert(packet.begin() + 20, {0x94, 0x04, 0x00, 0x00});  // router alert
  packet[0] = 0x46;
  packet[3] = static_cast<std::uint8_t>(packet[3] + 4);
  const auto view = strip_ipv4(packet);
  REQUIRE(view.has_value());
  CHECK(view->payload.size() == 24);
  CHECK(view->payload[0] == 0x21);
}

TEST_CASE("Ethernet padding behind the packet is not payload") {
  auto packet = hex(kKeepalivedPacket);
  packet.insert(packet.end(), 6, 0);
  const auto view = strip_ipv4(packet);
  REQUIRE(view.has_value());
  CHECK(view->payload.size() == 24);
}

TEST_CASE("broken IPv4 headers are refused") {
  const auto good = hex(kKeepalivedPacket);
  const auto with = [&](std::size_t at, std::uint8_t value) {
    auto packet = good;
    packet[at] = value;
    return strip_ipv4(packet).has_value();
  };
  CHECK(with(0, 0x45));
  CHECK(!with(0, 0x65));  // version 6
  CHECK(!with(0, 0x44));  // header shorter than 20 bytes
  CHECK(!with(0, 0x4f));  // header longer than the packet
  CHECK(!with(3, 19));    // total length below the header
  CHECK(!with(3, 45));    // total length beyond the packet
  CHECK(!with(6, 0x20));  // more fragments
  CHECK(!with(7, 0x01));  // fragment offset
  CHECK(with(6, 0x40));   // don't fragment
  for (std::size_t size = 0; size < 20; ++size) CHECK(!strip_ipv4(std::span(good).first(size)));
  CHECK(!strip_ipv4(std::span(good).first(43)));
}
