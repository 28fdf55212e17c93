// Adverts of keepalived and FRR as they are read and written, and the reasons that the codec knows.
#include "native/wire/vrrp.h"

#include <doctest/doctest.h>
#include <algorithm>
#include <fstream>
#include <iterator>

#include "test/native/wire/samples.h"

using namespace ka;
using namespace ka::test;

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
