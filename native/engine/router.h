// A virtual router as the engine thread keeps it: its configuration, what was worked out from links, and its
// counters.
#pragma once

#include <array>
#include <bitset>
#include <memory>
#include <string>
#include <vector>

#include "native/engine/config.h"
#include "native/engine/links.h"
#include "native/engine/rival_watch.h"
#include "native/engine/status.h"
#include "native/wire/vrrp.h"

namespace ka::engine {

struct SocketEntry;

struct Router {
  RouterConfig config;
  std::vector<IpAddr> advertised;  // virtual addresses of the router's family, as in the advert
  LinkState* link = nullptr;       // nullptr: no interface, unicast by routing alone
  SocketEntry* socket = nullptr;   // nullptr: no link yet, or it could not be opened
  std::vector<std::pair<TrackedLink, LinkState*>> tracked;
  std::vector<LinkState*> address_links;  // whose loss is a fault
  std::vector<LinkState*> watched;        // all of these, and those of exempt addresses

  vrrp::Holds holds = 0;  // those that the engine and policy set
  Priority priority = 100;
  IpAddr source;  // unspecified: none
  vrrp::State state = vrrp::State::kInitialize;
  Instant since{};
  std::array<Micros, 3> time_in_state{};
  bool is_started = false;  // kNotStarted was cleared

  std::int64_t buffer_share = 0;  // of the receive buffer of its socket, in bytes
  std::uint16_t identification = 0;
  wire::ChecksumForm checksum_form = wire::ChecksumForm::kPseudoHeader;
  IpAddr list_checked_for;  // sender whose address list was right (vrrp_skip_check_adv_addr)
  /// Reasons already told since the state or the sender changed, one bit each.
  std::uint32_t told_drops = 0;
  IpAddr told_sender;
  Instant told_at{};      // when told_sender was first told of
  Instant lower_since{};  // begin of the second in which adverts of lower priority are counted
  int lower_told = 0;     // how many were told of in it
  std::uint64_t failures_in_a_row = 0;
  /// errno values told since an advert last reached every destination.
  std::bitset<256> told_send_errors;
  int advert_error = 0;        // of the adverts that are being sent
  bool is_sending = false;     // until it is known what became of them
  bool is_installing = false;  // addresses were asked for and are not all there
  RivalWatch rivals;
  Instant asked_at{};          // who else holds its addresses, when that was last asked
  std::size_t ask_next = 0;    // the address to ask for next
  bool must_announce = false;  // as soon as the addresses are there
  vrrp::AnnounceReason announce_reason = vrrp::AnnounceReason::kBecameActive;

  [[nodiscard]] Family family() const { return config.params.family; }
  [[nodiscard]] RouterShared& shared() const { return *config.shared; }
};

/// What the announcer knows a router's announcements on other links (garp_extra_if) by, and back.
[[nodiscard]] constexpr vrrp::RouterId extra_plan(vrrp::RouterId id) {
  return id | 0x80000000U;
}
[[nodiscard]] constexpr vrrp::RouterId without_extra(vrrp::RouterId id) {
  return id & 0x7fffffffU;
}

/// Address 0.0.0.0 or :: means that there is none.
[[nodiscard]] bool has_source(const Router& router);
/// What the state machine needs, from the configuration and what the engine worked out.
[[nodiscard]] vrrp::Params effective_params(const Router& router);
/// Base priority, weights of policy and of tracked links, limited to 1..254; owners 255.
[[nodiscard]] Priority effective_priority(const Router& router);
/// Holds that the links demand: kLinkDown, kNoMulticast, kTrackedLink, kNoSource.
[[nodiscard]] vrrp::Holds link_holds(const Router& router, const Links& links);
/// The source address to use now; unspecified when there is none.
[[nodiscard]] IpAddr choose_source(const Router& router);
/// Names of the links that hold the router, comma between them.
[[nodiscard]] std::string links_that_hold(const Router& router);
/// What the router demands of an advert that it hears.
[[nodiscard]] wire::Expectation expectation(const Router& router, const IpAddr& sender);

/// Two routers that cannot tell their adverts apart: same VRID, family and link, and overlapping
/// destinations.
[[nodiscard]] bool collide(const RouterConfig& a, const RouterConfig& b);

}  // namespace ka::engine
