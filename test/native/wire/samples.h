// Adverts of Debian's keepalived 2.2.7 and of FRR's vrrpd 8.4.4, captured with tcpdump on a veth pair.
#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "native/wire/vrrp.h"
#include "test/native/hex.h"

namespace ka::test {

using namespace ka::wire;
using ka::vrrp::Version;

inline IpAddr ip(std::string_view text) {
  return *IpAddr::parse(text);
}

inline constexpr AuthData kPassword{'6', '6', '6'};

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

inline Sample sample(Version version, Family family, Vrid vrid, Priority priority, Micros interval,
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

inline Sample v2_password() {
  Sample s =
      sample(Version::kV2, Family::kIpv4, 6, 100, std::chrono::seconds(1),
             "210664020101f8f6 0a000064 0a000065 3636360000000000", {ip("10.0.0.100"), ip("10.0.0.101")});
  s.expected.auth_type = s.fields.auth_type = AuthType::kSimple;
  s.expected.auth_data = s.fields.auth_data = kPassword;
  return s;
}
inline Sample v3_ipv4() {
  return sample(Version::kV3, Family::kIpv4, 7, 150, Millis(100), "31079601000a43e6 0a000066",
                {ip("10.0.0.102")});
}
inline Sample v3_ipv6() {
  return sample(Version::kV3, Family::kIpv6, 8, 200, Millis(100),
                "3108c802000a347c fe800000000000000000000000000100 20010db8000000000000000000000100",
                {ip("fe80::100"), ip("2001:db8::100")});
}
inline Sample unicast(Sample s) {
  s.datagram.destination = s.fields.destination = ip("10.0.0.28");
  s.peers = {Peer{ip("10.0.0.18"), 0, 255}};
  return s;
}
inline Sample v2_unicast() {
  return unicast(sample(Version::kV2, Family::kIpv4, 9, 100, std::chrono::seconds(1),
                        "2109640100017086 0a00006e 0000000000000000", {ip("10.0.0.110")}));
}
inline Sample v3_unicast() {
  return unicast(sample(Version::kV3, Family::kIpv4, 17, 150, Millis(500), "31119601003219a1 0a000070",
                        {ip("10.0.0.112")}));
}
/// keepalived with old_unicast_checksum.
inline Sample v3_unicast_old() {
  return unicast(sample(Version::kV3, Family::kIpv4, 18, 150, Millis(500), "31129601003243a8 0a000071",
                        {ip("10.0.0.113")}));
}

inline Sample frr_ipv4() {
  return sample(Version::kV3, Family::kIpv4, 5, 120, Millis(500), "31057801003261ae 0a000078",
                {ip("10.0.0.120")});
}
inline Sample frr_ipv6() {
  Sample s = sample(Version::kV3, Family::kIpv6, 5, 120, Millis(500),
                    "310578010032c8ca 20010db8000000000000000000000120", {ip("2001:db8::120")});
  s.datagram.source = s.fields.source = ip("fe80::200:5eff:fe00:205");
  return s;
}

inline std::vector<Sample> all_samples() {
  return {v2_password(), v3_ipv4(),        v3_ipv6(),  v2_unicast(),
          v3_unicast(),  v3_unicast_old(), frr_ipv4(), frr_ipv6()};
}

inline std::optional<std::vector<std::uint8_t>> encoded(const Sample& s) {
  std::vector<std::uint8_t> out(kMaxAdvertSize);
  AdvertFields fields = s.fields;
  fields.addresses = s.addresses;
  const auto size = encode(out, fields);
  if (!size) return std::nullopt;
  out.resize(*size);
  return out;
}

}  // namespace ka::test
