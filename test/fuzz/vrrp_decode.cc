// VRRP advertisements: any bytes, judged as every kind of router would. What is accepted must encode to the
// same bytes. Input: one byte that chooses the receiver, then the payload.
#include <algorithm>
#include <array>
#include <cstdlib>

#include "native/wire/vrrp.h"
#include "test/native/wire/again.h"

namespace {

using namespace ka;
using namespace ka::wire;

void require(bool holds) {
  if (!holds) std::abort();
}

/// An accepted advert, said again, is the same packet, but for bits that carry nothing.
void round_trip(const Accepted& accepted, const Datagram& datagram, std::span<const IpAddr> addresses) {
  const Advert& advert = accepted.advert;
  const AdvertFields fields = test::fields_of(advert, datagram, addresses);
  std::array<std::uint8_t, kMaxAdvertSize> out;
  const auto size = encode(out, fields);
  require(size.has_value() && *size == datagram.payload.size());
  require(std::equal(out.begin(), out.begin() + 4, datagram.payload.begin()));
  require(std::equal(out.begin() + 8, out.begin() + static_cast<std::ptrdiff_t>(*size),
                     datagram.payload.begin() + 8));
  Datagram again = datagram;
  again.payload = std::span<const std::uint8_t>(out).first(*size);
  require(checksum_matches(advert, again, ChecksumForm::kPseudoHeader, IpAddr{}));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::uint8_t choice = data[0];
  const std::span<const std::uint8_t> payload(data + 1, size - 1);
  const bool v6 = (choice & 1) != 0;
  Datagram datagram;
  datagram.source = v6 ? *IpAddr::parse("fe80::18") : *IpAddr::parse("10.0.0.18");
  datagram.destination = v6 ? *IpAddr::parse("ff02::12") : *IpAddr::parse("224.0.0.18");
  datagram.ttl = 255;
  datagram.payload = payload;

  Expectation expected;
  expected.family = datagram.source.family();
  expected.version = v6 || (choice & 2) != 0 ? vrrp::Version::kV3 : vrrp::Version::kV2;
  expected.group = datagram.destination;
  expected.accept_plain_checksum = (choice & 4) != 0;
  const std::array<Peer, 1> peers{Peer{datagram.source, 1, 255}};
  if ((choice & 8) != 0) {
    expected.peers = peers;
    expected.check_source = true;
    datagram.destination = v6 ? *IpAddr::parse("fe80::28") : *IpAddr::parse("10.0.0.28");
  }
  // Takes what the packet itself says, so that the rules behind the first ones are reached.
  static_cast<void>(peek_vrid(payload));
  std::array<IpAddr, 255> addresses;
  const auto decoded = decode(expected.family, payload);
  if (const auto* advert = std::get_if<Advert>(&decoded)) {
    for (std::size_t i = 0; i < advert->count; ++i) addresses[i] = advert->address(i);
    expected.addresses = std::span<const IpAddr>(addresses).first(advert->count);
    expected.vrid = advert->vrid;
    expected.auth_type = advert->auth_type;
    expected.auth_data = advert->auth_data;
    expected.advert_interval = advert->advert_interval;
  }
  const auto verdict = check(datagram, expected);
  if (const auto* accepted = std::get_if<Accepted>(&verdict))
    round_trip(*accepted, datagram, expected.addresses);
  if (const auto* reason = std::get_if<DropReason>(&verdict)) require(!name(*reason).empty());
  return 0;
}
