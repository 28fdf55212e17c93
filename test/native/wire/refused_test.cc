// One broken rule at a time: what is refused, and why.

#include <doctest/doctest.h>

#include "test/native/wire/samples.h"

using namespace ka;
using namespace ka::test;

TEST_CASE("an advert cut anywhere is refused, and never read beyond its end") {
  for (Sample s : all_samples()) {
    const auto whole = s.bytes;
    for (std::size_t size = 0; size < whole.size(); ++size) {
      s.bytes.assign(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      CHECK(s.verdict() == (size < 8 ? "truncated" : "length"));
    }
  }
  Sample s = v2_password();
  s.datagram.truncated = true;
  CHECK(s.verdict() == "truncated");
}

TEST_CASE("an advert with bytes behind it, or a count that does not fit, is refused") {
  for (Sample s : all_samples()) {
    s.bytes.push_back(0);
    CHECK(s.verdict() == "length");
    s.bytes.pop_back();
    ++s.bytes[3];
    CHECK(s.verdict() == "length");
  }
}

TEST_CASE("only the router's own version is accepted") {
  for (const int version : {0, 1, 4, 15}) {
    Sample s = v2_password();
    s.bytes[0] = static_cast<std::uint8_t>((version << 4) | 1);
    CHECK(s.verdict() == "version");
  }
  Sample s = v2_password();
  s.expected.version = Version::kV3;
  CHECK(s.verdict() == "version");
  s = v3_ipv4();
  s.expected.version = Version::kV2;
  CHECK(s.verdict() == "version");
  s = v3_ipv6();
  s.bytes[0] = 0x21;  // there is no version 2 over IPv6
  CHECK(s.verdict() == "version");
}

TEST_CASE("only type 1 is an advertisement") {
  for (const int type : {0, 2, 15}) {
    Sample s = v2_password();
    s.bytes[0] = static_cast<std::uint8_t>(0x20 | type);
    CHECK(s.verdict() == "type");
  }
}

TEST_CASE("another VRID, or VRID 0, is not for this router") {
  Sample s = v2_password();
  s.bytes[1] = 7;
  CHECK(s.verdict() == "vrid");
  s.bytes[1] = 0;
  CHECK(s.verdict() == "vrid");
  CHECK(std::get<Vrid>(peek_vrid(hex("2106"))) == 6);
  CHECK(std::get<DropReason>(peek_vrid(hex("2100"))) == DropReason::kVrid);
  CHECK(std::get<DropReason>(peek_vrid(hex("21"))) == DropReason::kTruncated);
}

TEST_CASE("multicast adverts need TTL 255 [RFC9568-7.1]") {
  for (Sample s : {v2_password(), v3_ipv4(), v3_ipv6()}) {
    for (const int ttl : {0, 1, 254}) {
      s.datagram.ttl = static_cast<std::uint8_t>(ttl);
      CHECK(s.verdict() == "ttl");
    }
  }
}

TEST_CASE(
    "unicast adverts may have any TTL, unless their peer has a range [keepalived: unicast_peer min_ttl]") {
  Sample s = v2_unicast();
  s.datagram.ttl = 63;
  CHECK(s.verdict() == "accepted");
  s.peers[0].min_ttl = 64;
  CHECK(s.verdict() == "accepted");
  s.expected.check_source = true;
  CHECK(s.verdict() == "ttl");
  s.datagram.ttl = 64;
  CHECK(s.verdict() == "accepted");
  s.peers[0].max_ttl = 63;
  CHECK(s.verdict() == "ttl");
}

TEST_CASE("check_unicast_src accepts peers alone [keepalived: check_unicast_src]") {
  Sample s = v2_unicast();
  s.peers[0].address = ip("10.0.0.99");
  CHECK(s.verdict() == "accepted");
  s.expected.check_source = true;
  CHECK(s.verdict() == "source");
  s.peers.push_back(Peer{ip("10.0.0.18"), 0, 255});
  CHECK(s.verdict() == "accepted");
}

TEST_CASE("authentication must be of the configured type and password [RFC2338-5.3.6]") {
  Sample s = v2_password();
  s.expected.auth_data = AuthData{'6', '6', '7'};
  CHECK(s.verdict() == "auth-failed");
  s = v2_password();
  s.expected.auth_type = AuthType::kNone;
  CHECK(s.verdict() == "auth-mismatch");
  s = v2_unicast();
  s.expected.auth_type = AuthType::kSimple;
  CHECK(s.verdict() == "auth-mismatch");
  s = v2_password();
  s.bytes[4] = 3;
  CHECK(s.verdict() == "auth-type");
  s.bytes[4] = 2;
  CHECK(s.verdict() == "auth-mismatch");
}

TEST_CASE("without authentication its data is not looked at") {
  Sample s = v2_unicast();
  s.bytes[13] = 0x55;
  s.mend_checksum();
  CHECK(s.verdict() == "accepted");
}

TEST_CASE("v2 intervals must agree, v3 intervals may differ [RFC3768-7.1]") {
  Sample s = v2_password();
  s.expected.advert_interval = std::chrono::seconds(2);
  CHECK(s.verdict() == "interval");
  s = v3_ipv4();
  s.expected.advert_interval = std::chrono::seconds(1);
  const auto result = s.judge();
  REQUIRE(std::holds_alternative<Accepted>(result));
  CHECK(std::get<Accepted>(result).interval_differs);
  CHECK(std::get<Accepted>(result).advert.advert_interval == Millis(100));
}

TEST_CASE("the reserved bits before a v3 interval are not part of it [RFC9568-5.2.6]") {
  Sample s = v3_ipv4();
  s.bytes[4] = 0xf0;
  s.mend_checksum();
  CHECK(s.verdict() == "accepted");
}

TEST_CASE("a wrong checksum is refused, whichever bit is wrong") {
  for (Sample s : all_samples()) {
    s.expected.own_priority = 0;
    const auto good = s.bytes;
    for (std::size_t at = 2; at < good.size(); ++at) {
      if (at >= 3 && at <= 5) continue;  // these break a rule that comes first
      if (s.fields.version == Version::kV2 && at + 8 >= good.size()) continue;
      s.bytes = good;
      s.bytes[at] ^= 0x10;
      CHECK(s.verdict() == "checksum");
    }
  }
}

TEST_CASE("a v3 checksum depends on where the packet came from and went [RFC9568-5.2.8]") {
  Sample s = v3_ipv4();
  s.datagram.source = ip("10.0.0.19");
  CHECK(s.verdict() == "checksum");
  s = v2_password();
  s.datagram.source = ip("10.0.0.19");
  CHECK(s.verdict() == "accepted");
}

TEST_CASE("the plain v3 checksum needs v3_checksum_as_v2 [keepalived: v3_checksum_as_v2]") {
  Sample s = v3_ipv4();
  s.fields.checksum_form = ChecksumForm::kPlain;
  s.bytes = *encoded(s);
  CHECK(s.bytes == hex("31079601000a2e87 0a000066"));
  CHECK(s.verdict() == "checksum");
  s.expected.accept_plain_checksum = true;
  CHECK(s.verdict() == "accepted");
  s.bytes = v3_ipv4().bytes;  // a peer without the option
  CHECK(s.verdict() == "accepted");
  s.bytes[7] ^= 1;
  CHECK(s.verdict() == "checksum");
}

TEST_CASE("the old unicast checksum is known and told, unless forbidden [keepalived: old_unicast_checksum]") {
  Sample s = v3_unicast_old();
  const auto result = s.judge();
  REQUIRE(std::holds_alternative<Accepted>(result));
  CHECK(std::get<Accepted>(result).checksum_form == ChecksumForm::kOldUnicast);
  CHECK(std::get<Accepted>(v3_unicast().judge()).checksum_form == ChecksumForm::kPseudoHeader);
  s.expected.old_checksum = OldChecksum::kNever;
  CHECK(s.verdict() == "checksum");
}

TEST_CASE("a multicast router wants its group, a unicast router no group") {
  Sample s = v2_password();
  s.datagram.destination = ip("10.0.0.28");
  CHECK(s.verdict() == "destination");
  s.datagram.destination = ip("224.0.0.19");
  CHECK(s.verdict() == "destination");
  s.expected.group = ip("224.0.0.19");
  CHECK(s.verdict() == "accepted");
  s = v2_unicast();
  s.datagram.destination = ip("224.0.0.18");
  CHECK(s.verdict() == "destination");
}

TEST_CASE("an owner may ignore all adverts [keepalived: owner_ignore_adverts]") {
  Sample s = v2_password();
  s.expected.ignore_all = true;
  CHECK(s.verdict() == "owner");
}

TEST_CASE("our own advert that comes back is known by address and priority") {
  Sample s = v2_password();
  s.expected.own_source = s.datagram.source;
  CHECK(s.verdict() == "accepted");  // the address alone: another router has it too
  s.expected.own_priority = 100;
  CHECK(s.verdict() == "own");
  s.expected.own_source = ip("10.0.0.28");
  CHECK(s.verdict() == "accepted");
}

TEST_CASE("addresses must be the configured ones, in any order [RFC3768-7.1]") {
  Sample s = v2_password();
  std::swap(s.addresses[0], s.addresses[1]);
  CHECK(s.verdict() == "accepted");
  s.addresses[0] = s.addresses[1];
  CHECK(s.verdict() == "address-list");
  s.addresses = {ip("10.0.0.100"), ip("10.0.0.102")};
  CHECK(s.verdict() == "address-list");
  s.expected.skip_address_list = true;
  CHECK(s.verdict() == "accepted");
  s.addresses.pop_back();  // the count is compared all the same
  CHECK(s.verdict() == "address-list");
  s.addresses.clear();
  CHECK(s.verdict() == "address-list");
}

TEST_CASE("a repeated address must be repeated on both sides") {
  Sample s = v2_password();
  s.bytes = hex("210664020101f8f7 0a000064 0a000064 3636360000000000");
  CHECK(s.verdict() == "address-list");
  s.addresses = {ip("10.0.0.100"), ip("10.0.0.100")};
  CHECK(s.verdict() == "accepted");
}

TEST_CASE("when several rules are broken, the first of the ladder is told") {
  Sample s = v2_password();
  s.datagram.destination = ip("224.0.0.19");
  CHECK(s.verdict() == "destination");
  s.bytes[7] ^= 1;
  CHECK(s.verdict() == "checksum");
  s.expected.advert_interval = std::chrono::seconds(3);
  CHECK(s.verdict() == "interval");
  s.expected.auth_data[0] = 'x';
  CHECK(s.verdict() == "auth-failed");
  s.datagram.ttl = 1;
  CHECK(s.verdict() == "ttl");
  s.bytes.push_back(0);
  CHECK(s.verdict() == "length");
  s.bytes[1] = 0;
  CHECK(s.verdict() == "vrid");
  s.bytes[0] = 0x22;
  CHECK(s.verdict() == "type");
  s.bytes[0] = 0x52;
  CHECK(s.verdict() == "version");
  s.bytes.resize(5);
  CHECK(s.verdict() == "truncated");
}
