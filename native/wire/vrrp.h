// VRRP advertisements: bytes <-> values, versions 2 and 3, and the rules by which one is accepted. No
// sockets, no state.
//
// RFC 3768 section 5.1 (v2)                              RFC 9568 section 5.1 (v3)
//  0 ver 4 | type 4    1 vrid         2 priority  3 count    0 ver | type   1 vrid          2 priority   3
//  count 4 auth type 8       5 interval, s  6 checksum 16          4 reserved 4 | interval, cs 12 6 checksum
//  16 8 addresses, 4 bytes each                                 8 addresses, 4 or 16 bytes each .
//  authentication data, 8 bytes
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "native/base/ip.h"
#include "native/base/units.h"
#include "native/vrrp/types.h"

namespace ka::wire {

/// Why an advert is not accepted: one enumerator per rule, one counter per enumerator.
/// The names are those of NativeDropReason in bindings/native-events.ts.
enum class DropReason : std::uint8_t {
  kTruncated,     // shorter than its fixed header, or the receive buffer cut it
  kIpHeader,      // IPv4 header broken, or not protocol 112
  kTtl,           // TTL or hop limit outside what is asked: 255 for multicast, the peer's range for unicast
  kVersion,       // not the version of the router (or neither 2 nor 3)
  kType,          // not an advertisement
  kLength,        // not exactly header + addresses + authentication data
  kChecksum,      // checksum wrong
  kVrid,          // no router with this VRID here, or VRID 0
  kAuthType,      // v2: authentication type unknown
  kAuthMismatch,  // v2: authentication type is not the configured one
  kAuthFailed,    // v2: password differs
  kInterval,      // v2: advert interval is not the configured one
  kAddressList,   // the addresses are not the configured ones
  kDestination,   // multicast router: not the multicast group; unicast router: not unicast
  kSource,        // check_unicast_src: the sender is not a peer
  kOwner,         // an address owner that ignores adverts
  kOwn,           // our own advert came back: our address and our priority
  kHeld           // the router does not take part now (startup delay, fault)
};
inline constexpr std::size_t kDropReasonCount = 18;
/// The reason as bindings/native-events.ts spells it: "truncated", "ip-header", ...
[[nodiscard]] std::string_view name(DropReason reason);

/// VRRPv2 authentication type (RFC 2338 section 5.3.6; RFC 3768 reserves 1 and 2).
enum class AuthType : std::uint8_t { kNone = 0, kSimple = 1, kAh = 2 };
/// Simple password, padded with zeros.
using AuthData = std::array<std::uint8_t, 8>;

/// How a version 3 checksum over IPv4 is formed. Version 2 has no pseudo-header, IPv6 always has one.
enum class ChecksumForm : std::uint8_t {
  kPseudoHeader,  // RFC 9568 section 5.2.8; keepalived and FRR
  kPlain,         // keepalived v3_checksum_as_v2
  kOldUnicast     // keepalived old_unicast_checksum: pseudo-header with the multicast group as destination
};

/// A decoded advertisement. A view: it is valid as long as the packet's bytes.
struct Advert {
  vrrp::Version version = vrrp::Version::kV2;
  Family family = Family::kIpv4;
  Vrid vrid = 0;
  Priority priority = 0;
  std::uint8_t count = 0;
  /// v2: whole seconds; v3: multiples of 10 ms, 0 .. 40.95 s.
  Micros advert_interval{0};
  std::uint16_t checksum = 0;
  AuthType auth_type = AuthType::kNone;     // v2
  AuthData auth_data{};                     // v2
  std::span<const std::uint8_t> addresses;  // count x (4 or 16) bytes
  /// Precondition: i < count.
  [[nodiscard]] IpAddr address(std::size_t i) const;
};

/// A received datagram, its IP header taken off.
struct Datagram {
  IpAddr source;
  IpAddr destination;
  std::uint8_t ttl = 0;
  /// The socket said MSG_TRUNC.
  bool truncated = false;
  std::span<const std::uint8_t> payload;
};

/// The VRID of a payload, to find the router that it is for. Errors: kTruncated, kVrid (0).
[[nodiscard]] std::variant<Vrid, DropReason> peek_vrid(std::span<const std::uint8_t> payload);

/// Takes an advertisement apart by its own version; judges form only: kTruncated, kVersion, kType, kVrid,
/// kLength, and kAuthType for v2. The checksum is not looked at.
[[nodiscard]] std::variant<Advert, DropReason> decode(Family family, std::span<const std::uint8_t> payload);

/// True when `payload`'s checksum field is right in the given form. `group` matters to kOldUnicast alone.
[[nodiscard]] bool checksum_matches(const Advert& advert, const Datagram& datagram, ChecksumForm form,
                                    const IpAddr& group);

/// keepalived old_unicast_checksum: `kAuto` accepts the old form and reports it, `kNever` refuses it,
/// `kAlways` accepts it and is what a router sends from its first advert on.
enum class OldChecksum : std::uint8_t { kAuto, kNever, kAlways };

/// One entry of unicast_peer.
struct Peer {
  IpAddr address;
  std::uint8_t min_ttl = 0;
  std::uint8_t max_ttl = 255;
};

/// What a router demands of an advert. Spans belong to the caller.
struct Expectation {
  vrrp::Version version = vrrp::Version::kV2;
  Family family = Family::kIpv4;
  Vrid vrid = 0;
  AuthType auth_type = AuthType::kNone;  // v2
  AuthData auth_data{};                  // v2
  Micros advert_interval{1'000'000};     // compared in v2 only
  /// Virtual addresses as advertised, any order.
  std::span<const IpAddr> addresses;
  /// vrrp_skip_check_adv_addr: the caller says whether this sender's list needs no comparing again; the count
  /// always does.
  bool skip_address_list = false;
  /// v3_checksum_as_v2: the plain form is accepted as well.
  bool accept_plain_checksum = false;
  OldChecksum old_checksum = OldChecksum::kAuto;
  /// Peers; empty means multicast.
  std::span<const Peer> peers;
  /// check_unicast_src
  bool check_source = false;
  /// Multicast destination of the router (also for the old checksum form).
  IpAddr group;
  /// An owner with owner_ignore_adverts.
  bool ignore_all = false;
  /// Own address and priority, to know an advert of our own when it comes back.
  IpAddr own_source;
  Priority own_priority = 0;
};

/// An accepted advert.
struct Accepted {
  Advert advert;
  /// Its checksum was right in this form only; kOldUnicast tells the caller to answer in that form too.
  ChecksumForm checksum_form = ChecksumForm::kPseudoHeader;
  /// v3: the advert's interval is not the expected one (keepalived: said once, accepted).
  bool interval_differs = false;
};

/// The ladder of rules in a fixed order; the first that is broken is the answer.
/// Order: truncated, version, type, vrid, length, ttl, auth-type, auth-mismatch, auth-failed, interval,
/// checksum, destination, owner, own, address-list, source. (keepalived's, with the rules of form first, so
/// that a packet of another version is called that and not "too long".)
[[nodiscard]] std::variant<Accepted, DropReason> check(const Datagram& datagram, const Expectation& expected);

/// What to say in an advertisement.
struct AdvertFields {
  vrrp::Version version = vrrp::Version::kV2;
  Family family = Family::kIpv4;
  Vrid vrid = 1;
  Priority priority = 100;
  Micros advert_interval{1'000'000};  // v2: rounded down to seconds; v3: to 10 ms
  AuthType auth_type = AuthType::kNone;
  AuthData auth_data{};
  std::span<const IpAddr> addresses;  // all of `family`, at most 255
  ChecksumForm checksum_form = ChecksumForm::kPseudoHeader;
  /// For the pseudo-header. kOldUnicast: pass the multicast group as destination.
  IpAddr source;
  IpAddr destination;
};

/// Bytes that `encode` needs: 8 + 4 or 16 per address (+ 8 for v2).
[[nodiscard]] std::size_t encoded_size(const AdvertFields& fields);
/// Largest advertisement: version 3, IPv6, 255 addresses.
inline constexpr std::size_t kMaxAdvertSize = 8 + 255 * 16;

/// Writes an advertisement, checksum included, and returns its size; does not allocate.
/// nullopt: `out` is too small, more than 255 addresses, an address of the other family, or version 2 over
/// IPv6.
[[nodiscard]] std::optional<std::size_t> encode(std::span<std::uint8_t> out, const AdvertFields& fields);

}  // namespace ka::wire
