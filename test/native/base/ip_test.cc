#include "native/base/ip.h"

#include <doctest/doctest.h>

using ka::IpAddr;

namespace {
std::string round_trip(std::string_view text) {
  const auto address = IpAddr::parse(text);
  return address ? address->format() : "refused";
}
}  // namespace

TEST_CASE("IPv4 text is read and written as dotted quads only") {
  CHECK(round_trip("10.0.0.100") == "10.0.0.100");
  CHECK(round_trip("255.255.255.255") == "255.255.255.255");
  CHECK(round_trip("0.0.0.0") == "0.0.0.0");
  for (const char* bad :
       {"", "10", "10.0.0", "10.0.0.0.1", "256.0.0.1", "10.0.0.-1", "10.0.0.1 ", " 10.0.0.1", "010.0.0.1",
        "10..0.1", "10.0.0.", "1e1.0.0.1", "10.0.0.1/24", "a.b.c.d"}) {
    CAPTURE(bad);
    CHECK(round_trip(bad) == "refused");
  }
}

TEST_CASE("IPv6 text is read in every form of RFC 4291 and written as RFC 5952 wants") {
  CHECK(round_trip("2001:DB8:0:0:0:0:0:1") == "2001:db8::1");
  CHECK(round_trip("::") == "::");
  CHECK(round_trip("::1") == "::1");
  CHECK(round_trip("fe80::") == "fe80::");
  CHECK(round_trip("1:2:3:4:5:6:7:8") == "1:2:3:4:5:6:7:8");
  CHECK(round_trip("2001:db8:0:1:1:1:1:1") == "2001:db8:0:1:1:1:1:1");  // one zero group is not shortened
  CHECK(round_trip("2001:0:0:1:0:0:0:1") == "2001:0:0:1::1");           // the longest run
  CHECK(round_trip("2001:db8:0:0:1:0:0:1") == "2001:db8::1:0:0:1");     // the first of equal runs
  CHECK(round_trip("::ffff:10.0.0.1") == "::ffff:10.0.0.1");
  CHECK(round_trip("::10.0.0.1") == "::a00:1");
  CHECK(round_trip("64:ff9b::192.0.2.33") == "64:ff9b::c000:221");
  for (const char* bad : {":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::",
                          "12345::", "g::", "fe80::1%eth0", "::1/64", "1:", ":1", "::1.2.3", "1.2.3.4::"}) {
    CAPTURE(bad);
    CHECK(round_trip(bad) == "refused");
  }
}

TEST_CASE("prefixes keep their host bits; without a length they are one host") {
  CHECK(ka::format(*ka::parse_prefix("10.0.0.100/24")) == "10.0.0.100/24");
  CHECK(ka::format(*ka::parse_prefix("10.0.0.100")) == "10.0.0.100/32");
  CHECK(ka::format(*ka::parse_prefix("2001:db8::1")) == "2001:db8::1/128");
  CHECK(ka::format(*ka::parse_prefix("0.0.0.0/0")) == "0.0.0.0/0");
  CHECK(!ka::parse_prefix("10.0.0.100/33"));
  CHECK(!ka::parse_prefix("2001:db8::1/129"));
  CHECK(!ka::parse_prefix("10.0.0.100/"));
  CHECK(!ka::parse_prefix("10.0.0.100/+1"));
}

TEST_CASE("addresses are ordered as unsigned integers in network order [RFC9568-6.4.3]") {
  const auto at = [](std::string_view text) { return *IpAddr::parse(text); };
  CHECK(at("10.0.0.9") < at("10.0.0.10"));
  CHECK(at("10.0.0.200") > at("10.0.0.100"));
  CHECK(at("9.255.255.255") < at("10.0.0.0"));
  CHECK(at("192.168.0.1") > at("10.0.0.1"));
  CHECK(at("fe80::2") > at("fe80::1"));
  CHECK(at("fe80::1") == at("fe80:0::1"));
  CHECK(at("255.255.255.255") < at("::"));
}

TEST_CASE("kinds of addresses are told apart") {
  CHECK(IpAddr().is_unspecified());
  CHECK(IpAddr::parse("::")->is_unspecified());
  CHECK(!IpAddr::parse("0.0.0.1")->is_unspecified());
  CHECK(IpAddr::parse("224.0.0.18")->is_multicast());
  CHECK(IpAddr::parse("239.1.1.1")->is_multicast());
  CHECK(!IpAddr::parse("223.255.255.255")->is_multicast());
  CHECK(!IpAddr::parse("240.0.0.1")->is_multicast());
  CHECK(IpAddr::parse("ff02::12")->is_multicast());
  CHECK(!IpAddr::parse("fe80::1")->is_multicast());
  CHECK(IpAddr::parse("febf::1")->is_link_local());
  CHECK(!IpAddr::parse("fec0::1")->is_link_local());
  CHECK(!IpAddr::parse("254.128.0.1")->is_link_local());
}
