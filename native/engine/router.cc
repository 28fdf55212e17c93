#include "native/engine/router.h"

#include <linux/if_addr.h>

#include <algorithm>

namespace ka::engine {

using vrrp::Hold;

bool has_source(const Router& router) {
  return !router.source.is_unspecified();
}

vrrp::Params effective_params(const Router& router) {
  vrrp::Params params = router.config.params;
  params.priority = router.priority;
  params.source = router.source;
  params.owner_ignore_adverts = router.config.owner_ignore_adverts;
  return params;
}

Priority effective_priority(const Router& router) {
  if (router.config.owner) return kPriorityOwner;
  int sum = router.config.priority_sum;
  for (const auto& [tracked, link] : router.tracked) {
    // A positive weight counts while the link is up, a negative one while it is down; reverse turns the
    // effect round.
    const bool applies = tracked.weight > 0 ? link->is_up() : !link->is_up();
    if (applies) sum += tracked.reverse ? -tracked.weight : tracked.weight;
  }
  return static_cast<Priority>(std::clamp(sum, 1, 254));
}

namespace {

bool holds_by_track(const TrackedLink& tracked, const LinkState& link) {
  return tracked.weight == 0 && link.is_up() == tracked.reverse;
}

bool own_link_holds(const Router& router) {
  if (router.link == nullptr) return false;
  // Without the link there is nothing to send on, whatever the configuration says.
  if (!router.link->is_present()) return true;
  return !router.config.dont_track_primary && !router.link->is_up();
}

bool lacks_multicast(const Router& router) {
  return !router.config.is_unicast() && router.link != nullptr && router.link->is_present() &&
         !router.link->link.has_multicast();
}

}  // namespace

vrrp::Holds link_holds(const Router& router, const Links& links) {
  vrrp::Holds holds = 0;
  if (own_link_holds(router)) holds |= bit(Hold::kLinkDown);
  if (lacks_multicast(router)) holds |= bit(Hold::kNoMulticast);
  const bool tracked_down =
      std::ranges::any_of(router.tracked, [](const auto& t) { return holds_by_track(t.first, *t.second); }) ||
      std::ranges::any_of(router.address_links, [](const LinkState* link) { return !link->is_up(); });
  if (tracked_down) holds |= bit(Hold::kTrackedLink);
  const bool source_missing =
      router.config.track_source && router.config.source && !links.has_address(*router.config.source);
  if (!has_source(router) || source_missing) holds |= bit(Hold::kNoSource);
  return holds;
}

IpAddr choose_source(const Router& router) {
  if (router.config.source) return *router.config.source;
  if (router.link == nullptr || !router.link->is_present()) return {};
  const bool is_v4 = router.family() == Family::kIpv4;
  for (const auto& address : router.link->addresses) {
    if (address.prefix.address.family() != router.family()) continue;
    const bool is_usable =
        (address.flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) == 0 || (address.flags & IFA_F_OPTIMISTIC) != 0;
    if (is_v4 || (address.prefix.address.is_link_local() && is_usable)) return address.prefix.address;
  }
  return {};
}

std::string links_that_hold(const Router& router) {
  std::string names;
  const auto add = [&](const LinkState& link) {
    const std::string_view known = names;
    if (known.find(link.name) != std::string_view::npos) return;
    if (!names.empty()) names += ',';
    names += link.name;
  };
  if (own_link_holds(router)) add(*router.link);
  for (const auto& [tracked, link] : router.tracked) {
    if (holds_by_track(tracked, *link)) add(*link);
  }
  for (const LinkState* link : router.address_links) {
    if (!link->is_up()) add(*link);
  }
  return names;
}

wire::Expectation expectation(const Router& router, const IpAddr& sender) {
  const RouterConfig& config = router.config;
  wire::Expectation expected;
  expected.version = config.params.version;
  expected.family = config.params.family;
  expected.vrid = config.params.vrid;
  if (config.auth_pass) {
    expected.auth_type = wire::AuthType::kSimple;
    expected.auth_data = *config.auth_pass;
  }
  expected.advert_interval = config.params.advert_interval;
  expected.addresses = router.advertised;
  // keepalived: in MASTER state the list is always compared.
  expected.skip_address_list =
      config.skip_check_adv_addr && router.state != vrrp::State::kActive && router.list_checked_for == sender;
  expected.accept_plain_checksum = config.v3_checksum_as_v2;
  expected.old_checksum = config.old_checksum;
  expected.peers = config.peers;
  expected.check_source = config.check_unicast_source;
  expected.group = config.multicast_group;
  expected.ignore_all = config.owner && config.owner_ignore_adverts;
  expected.own_source = router.source;
  expected.own_priority = router.priority;
  return expected;
}

bool collide(const RouterConfig& a, const RouterConfig& b) {
  if (a.params.vrid != b.params.vrid || a.params.family != b.params.family || a.interface != b.interface)
    return false;
  if (a.is_unicast() != b.is_unicast()) return false;
  if (!a.is_unicast()) return a.multicast_group == b.multicast_group;
  if (a.source != b.source) return false;
  return std::ranges::any_of(a.peers, [&](const wire::Peer& peer) {
    return std::ranges::any_of(b.peers,
                               [&](const wire::Peer& other) { return other.address == peer.address; });
  });
}

}  // namespace ka::engine
