// Packets of other implementations (scapy, gopacket, holo, govrrp, ryu, tcpdump captures) through the codec.
#include <doctest/doctest.h>
#include <algorithm>

#include "native/wire/inet.h"
#include "native/wire/vrrp.h"
#include "test/native/hex.h"
#include "test/native/json.h"
#include "test/native/wire/again.h"

using namespace ka;
using namespace ka::wire;
using ka::test::hex;
using ka::test::Json;

namespace {

/// Reasons of the vectors in our words. "length" of theirs covers an advert shorter than its fixed header,
/// too.
bool same_reason(const std::string& theirs, std::string_view ours) {
  if (theirs == "length") return ours == "length" || ours == "truncated";
  if (theirs == "length or hop limit") return ours == "length" || ours == "ttl";
  return theirs == ours;
}

struct Case {
  std::vector<std::uint8_t> payload;
  std::vector<IpAddr> addresses;
  Datagram datagram;
  Expectation expected;
};

Case make_case(const Json& vector) {
  const Json& input = vector["input"];
  const Json& decoded = vector["expected"]["decoded"];
  Case c;
  c.payload = hex(input["vrrp"].text);
  c.datagram.source = *IpAddr::parse(input["src"].text);
  c.datagram.destination = *IpAddr::parse(input["dst"].text);
  c.datagram.ttl = static_cast<std::uint8_t>(input["ttl"].number);
  c.datagram.payload = c.payload;
  Expectation& e = c.expected;
  e.family = c.datagram.source.family();
  const bool v2 = decoded["version"].number_or(3) == 2;
  e.version = v2 ? vrrp::Version::kV2 : vrrp::Version::kV3;
  e.vrid = static_cast<Vrid>(decoded["vrid"].number_or(1));
  e.auth_type = static_cast<AuthType>(decoded["authType"].number_or(0));
  const std::string& password = vector["expected"]["password"].text;
  std::copy(password.begin(), password.end(), e.auth_data.begin());
  e.advert_interval = v2 ? Micros(std::chrono::seconds(static_cast<int>(decoded["adverIntSec"].number)))
                         : Micros(Millis(static_cast<int>(decoded["maxAdverIntCs"].number) * 10));
  e.group = e.family == Family::kIpv4 ? *IpAddr::parse("224.0.0.18") : *IpAddr::parse("ff02::12");
  for (const Json& address : decoded["addresses"].items) c.addresses.push_back(*IpAddr::parse(address.text));
  return c;
}

void check_decoded(const Advert& advert, const Case& c, const Json& decoded) {
  CHECK(static_cast<int>(advert.version) == static_cast<int>(decoded["version"].number));
  CHECK(int{advert.vrid} == static_cast<int>(decoded["vrid"].number));
  CHECK(int{advert.priority} == static_cast<int>(decoded["priority"].number));
  CHECK(int{advert.count} == static_cast<int>(decoded["countIp"].number));
  CHECK(advert.advert_interval == c.expected.advert_interval);
  const auto sum = hex(decoded["checksum"].text);
  CHECK(advert.checksum == ((sum[0] << 8) | sum[1]));
  REQUIRE(advert.count == c.addresses.size());
  for (std::size_t i = 0; i < c.addresses.size(); ++i) CHECK(advert.address(i) == c.addresses[i]);
  if (decoded.has("authData")) {
    const auto data = hex(decoded["authData"].text);
    CHECK(std::equal(data.begin(), data.end(), advert.auth_data.begin(), advert.auth_data.end()));
  }
  const auto& forms = decoded["checksumVerifies"].items;
  const auto verifies = [&](std::string_view form) {
    return std::any_of(forms.begin(), forms.end(), [&](const Json& f) { return f.text == form; });
  };
  const bool v3_ipv4 = advert.version == vrrp::Version::kV3 && advert.family == Family::kIpv4;
  const bool usual = checksum_matches(advert, c.datagram, ChecksumForm::kPseudoHeader, c.expected.group);
  CHECK(usual == verifies(advert.version == vrrp::Version::kV2 ? "plain" : "pseudo"));
  if (v3_ipv4) {
    CHECK(checksum_matches(advert, c.datagram, ChecksumForm::kPlain, c.expected.group) == verifies("plain"));
  }
}

void check_encoded(const Advert& advert, const Case& c) {
  const AdvertFields fields = test::fields_of(advert, c.datagram, c.addresses);
  std::vector<std::uint8_t> out(kMaxAdvertSize);
  const auto size = encode(out, fields);
  REQUIRE(size.has_value());
  out.resize(*size);
  CHECK(out == c.payload);
}

void check_ip(const Case& c, const Json& input) {
  if (!input.has("ip") || c.expected.family != Family::kIpv4) return;
  const auto packet = hex(input["ip"].text);
  const auto view = strip_ipv4(packet);
  REQUIRE(view.has_value());
  CHECK(view->source == c.datagram.source);
  CHECK(view->destination == c.datagram.destination);
  CHECK(view->ttl == c.datagram.ttl);
  CHECK(view->protocol == kProtocolVrrp);
  CHECK(std::equal(view->payload.begin(), view->payload.end(), c.payload.begin(), c.payload.end()));
}

}  // namespace

TEST_CASE("packets of other implementations are judged and read as they should be") {
  const auto vectors = ka::test::load_vectors();
  if (!vectors) {
    ka::test::say_skipped();
    return;
  }
  int accepted = 0;
  int dropped = 0;
  for (const Json& vector : vectors->items) {
    if (vector["kind"].text != "packet") continue;
    const std::string id = vector["id"].text;
    // Deliberately different: this is another daemon's order of checks, not a packet. Ours is keepalived's
    // (vrrp.h).
    if (id == "pkt-order-frr") continue;
    CAPTURE(id);
    Case c = make_case(vector);
    c.expected.addresses = c.addresses;
    const Json& expected = vector["expected"];
    const auto decoded = decode(c.expected.family, c.payload);
    if (const auto* advert = std::get_if<Advert>(&decoded)) check_decoded(*advert, c, expected["decoded"]);
    check_ip(c, vector["input"]);
    const auto verdict = check(c.datagram, c.expected);
    if (expected["verdict"].text == "accept") {
      ++accepted;
      REQUIRE(std::holds_alternative<Accepted>(verdict));
      check_encoded(std::get<Accepted>(verdict).advert, c);
    } else {
      ++dropped;
      REQUIRE(std::holds_alternative<DropReason>(verdict));
      const std::string_view reason = name(std::get<DropReason>(verdict));
      CAPTURE(reason);
      CHECK(same_reason(expected["reason"].text, reason));
    }
  }
  CHECK(accepted >= 20);
  CHECK(dropped >= 13);
}
