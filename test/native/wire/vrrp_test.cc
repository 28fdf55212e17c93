// Adverts of Debian's keepalived 2.2.7 and of FRR's vrrpd 8.4.4, captured with tcpdump on a veth pair, and
// one broken rule at a time.
#include "native/wire/vrrp.h"

#include <doctest/doctest.h>
#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>

#include "test/native/hex.h"

using namespace ka;
using namespace ka::wire;
using ka::test::hex;
using ka::vrrp::Version;

namespace {

IpAddr ip(std::string_view text) {
  return *IpAddr::parse(text);
}

constexpr AuthData kPassword{'6', '6', '6'};

/// A captured advert, how it came, and what its receiver expects.
struct Sample {
  std::vector<std::uint8_t> bytes;
  std::vector<IpAddr> addresses;
  std::vector<Peer> peers;
  Datagram datagram;
  Expectation expected;
  AdvertFields fields;

  [[nodiscard]] std::variant<Accepted, DropReason> judge() const {
    Datagram d = datagram;
    d.payload = bytes;
    Expectation e = expected;
    e.addresses = addresses;
    e.peers = peers;
    return check(d, e);
  }
  /// The reason as text, or "accepted".
  [[nodiscard]] std::string_view verdict() const {
    const auto result = judge();
    const auto* reason = std::get_if<DropReason>(&result);
    return reason == nullptr ? "accepted" : name(*reason);
  }
  /// Makes the checksum right again after a change of bytes.
  void mend_checksum() {
    bytes[6] = bytes[7] = 0;
    Datagram d = datagram;
    d.payload = bytes;
    for (unsigned sum = 0; sum < 0x10000; ++sum) {
      bytes[6] = static_cast<std::uint8_t>(sum >> 8);
      bytes[7] = static_cast<std::uint8_t>(sum & 0xff);
      Advert advert;
      advert.version = (bytes[0] >> 4) == 2 ? Version::kV2 : Version::kV3;
      advert.family = expected.family;
      if (checksum_matches(advert, d, ChecksumForm::kPseudoHeader, expected.group)) return;
    }
  }
};

Sample sample(Version version, Family family, Vrid vrid, Priority priority, Micros interval,
              std::string_view bytes, std::vector<IpAddr> addresses) {
  Sample s;
  s.bytes = hex(bytes);
  s.addresses = std::move(addresses);
  const bool v4 = family == Family::kIpv4;
  s.datagram.source = v4 ? ip("10.0.0.18") : ip("fe80::e825:f9ff:fecc:c513");
  s.datagram.destination = v4 ? ip("224.0.0.18") : ip("ff02::12");
  s.datagram.ttl = 255;
  s.expected.version = version;
  s.expected.family = family;
  s.expected.vrid = vrid;
  s.expected.advert_interval = interval;
  s.expected.group = s.datagram.destination;
  s.expected.own_source = v4 ? ip("10.0.0.28") : ip("fe80::28");
  s.expected.own_priority = 90;
  s.fields.version = version;
  s.fields.family = family;
  s.fields.vrid = vrid;
  s.fields.priority = priority;
  s.fields.advert_interval = interval;
  s.fields.source = s.datagram.source;
  s.fields.destination = s.datagram.destination;
  return s;
}

Sample v2_password() {
  Sample s =
      sample(Version::kV2, Family::kIpv4, 6, 100, std::chrono::seconds(1),
             "210664020101f8f6 0a000064 0a000065 3636360000000000", {ip("10.0.0.100"), ip("10.0.0.101")});
  s.expected.auth_type = s.fields.auth_type = AuthType::kSimple;
  s.expected.auth_data = s.fields.auth_data = kPassword;
  return s;
}
Sample v3_ipv4() {
  return sample(Version::kV3, Family::kIpv4, 7, 150, Millis(100), "31079601000a43e6 0a000066",
                {ip("10.0.0.102")});
}
Sample v3_ipv6() {
  return sample(Version::kV3, Family::kIpv6, 8, 200, Millis(100),
                "3108c802000a347c fe800000000000000000000000000100 20010db8000000000000000000000100",
                {ip("fe80::100"), ip("2001:db8::100")});
}
Sample unicast(Sample s) {
  s.datagram.destination = s.fields.destination = ip("10.0.0.28");
  s.peers = {Peer{ip("10.0.0.18"), 0, 255}};
  return s;
}
Sample v2_unicast() {
  return unicast(sample(Version::kV2, Family::kIpv4, 9, 100, std::chrono::seconds(1),
                        "2109640100017086 0a00006e 0000000000000000", {ip("10.0.0.110")}));
}
Sample v3_unicast() {
  return unicast(sample(Version::kV3, Family::kIpv4, 17, 150, Millis(500), "31119601003219a1 0a000070",
                        {ip("10.0.0.112")}));
}
/// keepalived with old_unicast_checksum.
Sample v3_unicast_old() {
  return unicast(sample(Version::kV3, Family::kIpv4, 18, 150, Millis(500), "31129601003243a8 0a000071",
                        {ip("10.0.0.113")}));
}

Sample frr_ipv4() {
  return sample(Version::kV3, Family::kIpv4, 5, 120, Millis(500), "31057801003261ae 0a000078",
                {ip("10.0.0.120")});
}
Sample frr_ipv6() {
  Sample s = sample(Version::kV3, Family::kIpv6, 5, 120, Millis(500),
                    "310578010032c8ca 20010db8000000000000000000000120", {ip("2001:db8::120")});
  s.datagram.source = s.fields.source = ip("fe80::200:5eff:fe00:205");
  return s;
}

std::vector<Sample> all_samples() {
  return {v2_password(), v3_ipv4(),        v3_ipv6(),  v2_unicast(),
          v3_unicast(),  v3_unicast_old(), frr_ipv4(), frr_ipv6()};
}

std::optional<std::vector<std::uint8_t>> encoded(const Sample& s) {
  std::vector<std::uint8_t> out(kMaxAdvertSize);
  AdvertFields fields = s.fields;
  fields.addresses = s.addresses;
  const auto size = encode(out, fields);
  if (!size) return std::nullopt;
  out.resize(*size);
  return out;
}

}  // namespace

TEST_CASE("adverts of keepalived and FRR are accepted and read rightly") {
  for (const Sample& s : all_samples()) {
    CAPTURE(unsigned{s.expected.vrid});
    const auto result = s.judge();
    REQUIRE(std::holds_alternative<Accepted>(result));
    const Accepted& accepted = std::get<Accepted>(result);
    CHECK(accepted.advert.version == s.fields.version);
    CHECK(accepted.advert.vrid == s.fields.vrid);
    CHECK(accepted.advert.priority == s.fields.priority);
    CHECK(accepted.advert.advert_interval == s.fields.advert_interval);
    CHECK(accepted.advert.auth_type == s.fields.auth_type);
    CHECK(!accepted.interval_differs);
    REQUIRE(accepted.advert.count == s.addresses.size());
    for (std::size_t i = 0; i < s.addresses.size(); ++i) CHECK(accepted.advert.address(i) == s.addresses[i]);
  }
}

TEST_CASE("what we send is what keepalived and FRR send, byte for byte") {
  for (Sample s : all_samples()) {
    CAPTURE(unsigned{s.expected.vrid});
    if (s.expected.vrid == 18) {
      s.fields.checksum_form = ChecksumForm::kOldUnicast;
      s.fields.destination = s.expected.group = ip("224.0.0.18");
    }
    CHECK(encoded(s) == s.bytes);
  }
}

TEST_CASE("keepalived's farewell with priority 0 is accepted [RFC9568-6.4.3]") {
  Sample s = v2_password();
  s.bytes = hex("2106000201015cf7 0a000064 0a000065 3636360000000000");
  CHECK(s.verdict() == "accepted");
  s.fields.priority = 0;
  CHECK(encoded(s) == s.bytes);
}

TEST_CASE("FRR's farewell with priority 0 is accepted") {
  Sample s = frr_ipv4();
  s.bytes = hex("310500010032d9ae 0a000078");
  CHECK(s.verdict() == "accepted");
  s = frr_ipv6();
  s.bytes = hex("31050001003240cb 20010db8000000000000000000000120");
  CHECK(s.verdict() == "accepted");
}

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

TEST_CASE("what cannot be said in an advert is not encoded") {
  Sample s = v2_password();
  s.fields.family = Family::kIpv6;
  CHECK(!encoded(s));
  s = v3_ipv6();
  s.addresses[0] = ip("10.0.0.1");
  CHECK(!encoded(s));
  s = v3_ipv4();
  s.addresses.assign(256, ip("10.0.0.1"));
  CHECK(!encoded(s));
  s.addresses.pop_back();
  REQUIRE(encoded(s));
  CHECK(encoded(s)->size() == 8 + 255 * 4);
  s = v3_ipv4();
  std::array<std::uint8_t, 11> small{};
  s.fields.addresses = s.addresses;
  CHECK(encoded_size(s.fields) == 12);
  CHECK(!encode(small, s.fields));
}

TEST_CASE("every reason has a name of its own") {
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < kDropReasonCount; ++i) names.push_back(name(static_cast<DropReason>(i)));
  CHECK(std::count(names.begin(), names.end(), "") == 0);
  std::sort(names.begin(), names.end());
  CHECK(std::adjacent_find(names.begin(), names.end()) == names.end());
}

TEST_CASE("every reason is declared to TypeScript, in the same words") {
  std::ifstream file("bindings/native-events.ts");
  REQUIRE(file.is_open());
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const std::size_t begin = text.find("export type NativeDropReason =");
  REQUIRE(begin != std::string::npos);
  const std::string list = text.substr(begin, text.find(';', begin) - begin);
  for (std::size_t i = 0; i < kDropReasonCount; ++i) {
    const std::string_view reason = name(static_cast<DropReason>(i));
    CAPTURE(reason);
    CHECK(list.find("'" + std::string(reason) + "'") != std::string::npos);
  }
  CHECK(static_cast<std::size_t>(std::count(list.begin(), list.end(), '|')) == kDropReasonCount);
}
