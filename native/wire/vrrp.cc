#include "native/wire/vrrp.h"

#include <algorithm>
#include <bitset>

#include "native/base/bytes.h"
#include "native/wire/inet.h"

namespace ka::wire {
namespace {

using vrrp::Version;

constexpr std::size_t kHeaderSize = 8;
constexpr std::size_t kAuthDataSize = 8;
constexpr std::size_t kChecksumAt = 6;
constexpr std::uint8_t kTypeAdvertisement = 1;
constexpr std::uint16_t kIntervalMask = 0x0fff;
constexpr std::size_t kMaxCount = 255;
constexpr std::uint8_t kGlobalTtl = 255;

constexpr std::size_t address_size(Family family) {
  return family == Family::kIpv4 ? 4 : 16;
}

constexpr std::size_t body_size(Version version, Family family, std::size_t count) {
  return kHeaderSize + count * address_size(family) + (version == Version::kV2 ? kAuthDataSize : 0);
}

/// The same addresses, in any order, an address as often as the other side has it. Both have at most 255.
bool same_addresses(const Advert& advert, std::span<const IpAddr> expected) {
  std::bitset<kMaxCount> used;
  for (std::size_t i = 0; i < advert.count; ++i) {
    const IpAddr address = advert.address(i);
    // Both sides usually have the same order; then the first look finds it.
    std::size_t j = i;
    for (std::size_t tried = 0; tried < expected.size() && (used[j] || expected[j] != address); ++tried) {
      j = (j + 1) % expected.size();
    }
    if (used[j] || expected[j] != address) return false;
    used[j] = true;
  }
  return true;
}

// ---- the ladder: each rung is one rule ----

bool ttl_ok(const Datagram& d, const Expectation& e) {
  return !e.peers.empty() || d.ttl == kGlobalTtl;
}

bool password_ok(const Advert& a, const Expectation& e) {
  return e.auth_type != AuthType::kSimple || a.auth_data == e.auth_data;
}

bool destination_ok(const Datagram& d, const Expectation& e) {
  if (e.peers.empty()) return d.destination == e.group;
  return !d.destination.is_multicast();
}

bool source_ok(const Datagram& d, const Expectation& e) {
  if (e.peers.empty() || !e.check_source) return true;
  return std::any_of(e.peers.begin(), e.peers.end(), [&](const Peer& p) { return p.address == d.source; });
}

/// The range of the sender's own entry; senders that are no peer are the source rule's business.
bool peer_ttl_ok(const Datagram& d, const Expectation& e) {
  if (!e.check_source) return true;
  return std::all_of(e.peers.begin(), e.peers.end(), [&](const Peer& p) {
    return p.address != d.source || (d.ttl >= p.min_ttl && d.ttl <= p.max_ttl);
  });
}

/// The form in which the checksum is right, or nullopt.
std::optional<ChecksumForm> matching_form(const Advert& a, const Datagram& d, const Expectation& e) {
  const auto right = [&](ChecksumForm form) { return checksum_matches(a, d, form, e.group); };
  if (right(ChecksumForm::kPseudoHeader)) return ChecksumForm::kPseudoHeader;
  if (a.version == Version::kV2 || a.family == Family::kIpv6) return std::nullopt;
  if (e.accept_plain_checksum && right(ChecksumForm::kPlain)) return ChecksumForm::kPlain;
  const bool old_allowed = !e.peers.empty() && e.old_checksum != OldChecksum::kNever;
  if (old_allowed && right(ChecksumForm::kOldUnicast)) return ChecksumForm::kOldUnicast;
  return std::nullopt;
}

std::optional<DropReason> check_authentication(const Advert& a, const Expectation& e) {
  if (a.version != Version::kV2) return std::nullopt;
  if (a.auth_type != e.auth_type) return DropReason::kAuthMismatch;
  if (!password_ok(a, e)) return DropReason::kAuthFailed;
  if (a.advert_interval != e.advert_interval) return DropReason::kInterval;
  return std::nullopt;
}

std::optional<DropReason> check_place(const Advert& a, const Datagram& d, const Expectation& e) {
  if (!destination_ok(d, e)) return DropReason::kDestination;
  if (e.ignore_all) return DropReason::kOwner;
  if (d.source == e.own_source && a.priority == e.own_priority) return DropReason::kOwn;
  if (a.count != e.addresses.size()) return DropReason::kAddressList;
  if (!e.skip_address_list && !same_addresses(a, e.addresses)) return DropReason::kAddressList;
  if (!source_ok(d, e)) return DropReason::kSource;
  if (!peer_ttl_ok(d, e)) return DropReason::kTtl;
  return std::nullopt;
}

}  // namespace

std::string_view name(DropReason reason) {
  switch (reason) {
    case DropReason::kTruncated:
      return "truncated";
    case DropReason::kIpHeader:
      return "ip-header";
    case DropReason::kTtl:
      return "ttl";
    case DropReason::kVersion:
      return "version";
    case DropReason::kType:
      return "type";
    case DropReason::kLength:
      return "length";
    case DropReason::kChecksum:
      return "checksum";
    case DropReason::kVrid:
      return "vrid";
    case DropReason::kAuthType:
      return "auth-type";
    case DropReason::kAuthMismatch:
      return "auth-mismatch";
    case DropReason::kAuthFailed:
      return "auth-failed";
    case DropReason::kInterval:
      return "interval";
    case DropReason::kAddressList:
      return "address-list";
    case DropReason::kDestination:
      return "destination";
    case DropReason::kSource:
      return "source";
    case DropReason::kOwner:
      return "owner";
    case DropReason::kOwn:
      return "own";
    case DropReason::kHeld:
      return "held";
  }
  return "";
}

IpAddr Advert::address(std::size_t i) const {
  const std::size_t size = address_size(family);
  return IpAddr::from_bytes(family, addresses.subspan(i * size, size));
}

std::variant<Vrid, DropReason> peek_vrid(std::span<const std::uint8_t> payload) {
  Reader reader(payload);
  reader.skip(1);
  const Vrid vrid = reader.u8();
  if (!reader.ok()) return DropReason::kTruncated;
  if (vrid == 0) return DropReason::kVrid;
  return vrid;
}

std::variant<Advert, DropReason> decode(Family family, std::span<const std::uint8_t> payload) {
  Reader reader(payload);
  const std::uint8_t version_type = reader.u8();
  Advert advert;
  advert.family = family;
  advert.vrid = reader.u8();
  advert.priority = reader.u8();
  advert.count = reader.u8();
  const std::uint16_t word = reader.u16();
  advert.checksum = reader.u16();
  if (!reader.ok()) return DropReason::kTruncated;

  const unsigned version = version_type >> 4;
  const bool is_v2 = version == static_cast<unsigned>(Version::kV2) && family == Family::kIpv4;
  const bool is_v3 = version == static_cast<unsigned>(Version::kV3);
  if (!is_v2 && !is_v3) return DropReason::kVersion;
  advert.version = is_v2 ? Version::kV2 : Version::kV3;
  if ((version_type & 0x0f) != kTypeAdvertisement) return DropReason::kType;
  if (advert.vrid == 0) return DropReason::kVrid;
  if (payload.size() != body_size(advert.version, family, advert.count)) return DropReason::kLength;
  advert.addresses = reader.take(advert.count * address_size(family));
  if (is_v3) {
    advert.advert_interval = std::chrono::duration_cast<Micros>(Centis(word & kIntervalMask));
    return advert;
  }
  const unsigned auth_type = word >> 8;
  if (auth_type > static_cast<unsigned>(AuthType::kAh)) return DropReason::kAuthType;
  advert.auth_type = static_cast<AuthType>(auth_type);
  advert.advert_interval = std::chrono::seconds(word & 0xff);
  const auto auth_data = reader.take(kAuthDataSize);
  std::copy(auth_data.begin(), auth_data.end(), advert.auth_data.begin());
  return advert;
}

bool checksum_matches(const Advert& advert, const Datagram& datagram, ChecksumForm form,
                      const IpAddr& group) {
  Checksum sum;
  const bool has_pseudo_header =
      advert.version == Version::kV3 && (form != ChecksumForm::kPlain || advert.family == Family::kIpv6);
  if (has_pseudo_header) {
    const IpAddr& destination = form == ChecksumForm::kOldUnicast ? group : datagram.destination;
    sum.add_pseudo_header(datagram.source, destination, kProtocolVrrp, datagram.payload.size());
  }
  sum.add(datagram.payload);
  return sum.value() == 0;
}

std::variant<Accepted, DropReason> check(const Datagram& datagram, const Expectation& expected) {
  if (datagram.truncated) return DropReason::kTruncated;
  const auto decoded = decode(expected.family, datagram.payload);
  if (const auto* reason = std::get_if<DropReason>(&decoded)) {
    // A packet of another version may well be too long or too short for that version, too.
    return *reason;
  }
  const Advert& advert = *std::get_if<Advert>(&decoded);
  if (advert.version != expected.version) return DropReason::kVersion;
  if (advert.vrid != expected.vrid) return DropReason::kVrid;
  if (!ttl_ok(datagram, expected)) return DropReason::kTtl;
  if (const auto reason = check_authentication(advert, expected)) return *reason;
  const auto form = matching_form(advert, datagram, expected);
  if (!form) return DropReason::kChecksum;
  if (const auto reason = check_place(advert, datagram, expected)) return *reason;

  return Accepted{advert, *form, advert.advert_interval != expected.advert_interval};
}

std::size_t encoded_size(const AdvertFields& fields) {
  return body_size(fields.version, fields.family, fields.addresses.size());
}

std::optional<std::size_t> encode(std::span<std::uint8_t> out, const AdvertFields& fields) {
  const std::size_t count = fields.addresses.size();
  const bool is_v2 = fields.version == Version::kV2;
  if (count > kMaxCount || (is_v2 && fields.family == Family::kIpv6)) return std::nullopt;
  Writer writer(out);
  writer.u8(static_cast<std::uint8_t>((static_cast<unsigned>(fields.version) << 4) | kTypeAdvertisement));
  writer.u8(fields.vrid);
  writer.u8(fields.priority);
  writer.u8(static_cast<std::uint8_t>(count));
  if (is_v2) {
    writer.u8(static_cast<std::uint8_t>(fields.auth_type));
    writer.u8(static_cast<std::uint8_t>(
        std::chrono::duration_cast<std::chrono::seconds>(fields.advert_interval).count()));
  } else {
    const auto centis = std::chrono::duration_cast<Centis>(fields.advert_interval).count();
    writer.u16(static_cast<std::uint16_t>(centis & kIntervalMask));
  }
  writer.u16(0);
  for (const IpAddr& address : fields.addresses) {
    if (address.family() != fields.family) return std::nullopt;
    writer.copy(address.bytes());
  }
  if (is_v2) writer.copy(fields.auth_data);
  if (!writer.ok()) return std::nullopt;

  Checksum sum;
  if (!is_v2 && (fields.checksum_form != ChecksumForm::kPlain || fields.family == Family::kIpv6)) {
    sum.add_pseudo_header(fields.source, fields.destination, kProtocolVrrp, writer.size());
  }
  sum.add(writer.written());
  writer.patch_u16(kChecksumAt, sum.value());
  return writer.size();
}

}  // namespace ka::wire
