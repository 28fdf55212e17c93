// Frames of Debian's keepalived 2.2.7 and FRR 8.4.4, captured with tcpdump on a veth pair, MAC
// 02:00:00:00:00:18.
#include "native/wire/neighbour.h"

#include <doctest/doctest.h>
#include <algorithm>

#include "test/native/hex.h"

using ka::IpAddr;
using ka::test::hex;

namespace {
constexpr ka::MacAddr kMac{0x02, 0x00, 0x00, 0x00, 0x00, 0x18};

template <typename Frame>
bool same(const Frame& frame, const std::vector<std::uint8_t>& expected) {
  return std::equal(frame.begin(), frame.end(), expected.begin(), expected.end());
}
}  // namespace

TEST_CASE("a gratuitous ARP is keepalived's, byte for byte [keepalived: garp_master_repeat]") {
  const auto expected =
      hex("ffffffffffff020000000018 0806 0001080006040001 020000000018 0a000064 ffffffffffff 0a000064");
  CHECK(same(ka::wire::gratuitous_arp(kMac, *IpAddr::parse("10.0.0.100")), expected));
}

TEST_CASE("an unsolicited neighbour advertisement is keepalived's, byte for byte [RFC4861-7.2.6]") {
  const auto link_local = hex(
      "333300000001020000000018 86dd 6000000000203aff fe800000000000000000000000000100"
      "ff020000000000000000000000000001 8800558620000000 fe800000000000000000000000000100 0201020000000018");
  CHECK(same(ka::wire::unsolicited_na(kMac, *IpAddr::parse("fe80::100"), false), link_local));
  const auto global = hex(
      "333300000001020000000018 86dd 6000000000203aff 20010db8000000000000000000000100"
      "ff020000000000000000000000000001 8800f71520000000 20010db8000000000000000000000100 0201020000000018");
  CHECK(same(ka::wire::unsolicited_na(kMac, *IpAddr::parse("2001:db8::100"), false), global));
}

TEST_CASE("FRR's vrrpd 8.4.4 sends the same, and with the router flag") {
  constexpr ka::MacAddr virtual_v4{0x00, 0x00, 0x5e, 0x00, 0x01, 0x05};
  const auto arp =
      hex("ffffffffffff00005e000105 0806 0001080006040001 00005e000105 0a000078 ffffffffffff 0a000078");
  CHECK(same(ka::wire::gratuitous_arp(virtual_v4, *IpAddr::parse("10.0.0.120")), arp));

  constexpr ka::MacAddr virtual_v6{0x00, 0x00, 0x5e, 0x00, 0x02, 0x05};
  const auto na = hex(
      "33330000000100005e000205 86dd 6000000000203aff 20010db8000000000000000000000120"
      "ff020000000000000000000000000001 880018e8a0000000 20010db8000000000000000000000120 020100005e000205");
  CHECK(same(ka::wire::unsolicited_na(virtual_v6, *IpAddr::parse("2001:db8::120"), true), na));
}

TEST_CASE("an ARP request asks from the interface's own address, or from none [RFC5227-2.1.1]") {
  const auto asked =
      hex("ffffffffffff020000000018 0806 0001080006040001 020000000018 0a000012 000000000000 0a000064");
  CHECK(same(ka::wire::arp_request(kMac, *IpAddr::parse("10.0.0.18"), *IpAddr::parse("10.0.0.100")), asked));
  const auto probe =
      hex("ffffffffffff020000000018 0806 0001080006040001 020000000018 00000000 000000000000 0a000064");
  CHECK(same(ka::wire::arp_request(kMac, IpAddr{}, *IpAddr::parse("10.0.0.100")), probe));
}

TEST_CASE("an ARP reply says who has the address; a request, a cut frame and other types say nothing") {
  const auto reply =
      hex("020000000018020000000028 0806 0001080006040002 020000000028 0a000064 020000000018 0a000012");
  const auto claim = ka::wire::read_arp_reply(reply);
  REQUIRE(claim);
  CHECK(claim->address == *IpAddr::parse("10.0.0.100"));
  CHECK(claim->mac == ka::MacAddr{0x02, 0, 0, 0, 0, 0x28});
  for (std::size_t size = 0; size < 32; ++size)
    CHECK_FALSE(ka::wire::read_arp_reply(std::span(reply).first(size)));
  CHECK_FALSE(ka::wire::read_arp_reply(
      hex("ffffffffffff020000000018 0806 0001080006040001 020000000018 0a000012 000000000000 0a000064")));
  CHECK_FALSE(ka::wire::read_arp_reply(
      hex("020000000018020000000028 0800 0001080006040002 020000000028 0a000064 020000000018 0a000012")));
}

TEST_CASE("a neighbour solicitation and what answers it [RFC4861-4.3, 4.4]") {
  const IpAddr target = *IpAddr::parse("2001:db8::a:100");
  CHECK(ka::wire::solicited_node(target) == *IpAddr::parse("ff02::1:ff0a:100"));
  CHECK(same(ka::wire::neighbour_solicitation(kMac, target),
             hex("8700000000000000 20010db80000000000000000000a0100 0101020000000018")));
  const auto answer = hex("8800123460000000 20010db80000000000000000000a0100 0201020000000028");
  const auto claim = ka::wire::read_neighbour_advertisement(answer);
  REQUIRE(claim);
  CHECK(claim->address == target);
  CHECK(claim->mac == ka::MacAddr{0x02, 0, 0, 0, 0, 0x28});
  for (std::size_t size = 0; size < answer.size(); ++size)
    CHECK_FALSE(ka::wire::read_neighbour_advertisement(std::span(answer).first(size)));
  // An option of length 0 would never end.
  CHECK_FALSE(ka::wire::read_neighbour_advertisement(
      hex("8800123460000000 20010db80000000000000000000a0100 0200020000000028")));
  CHECK_FALSE(ka::wire::read_neighbour_advertisement(
      hex("8700123460000000 20010db80000000000000000000a0100 0201020000000028")));
}
