#include "native/engine/rivals.h"

#include <linux/if_addr.h>

#include <algorithm>

namespace ka::engine {
namespace {

void tell(World& world, Router& router, RivalNews news) {
  if (news == RivalNews::kNone) return;
  const Rival& rival = router.rivals.rival();
  const bool is_raised = news == RivalNews::kRaised;
  if (is_raised) router.shared().split_brains.add();
  router.shared().is_split.store(is_raised, std::memory_order_relaxed);
  Event event;
  event.kind = EventKind::kSplitBrain;
  event.router = router.config.id;
  event.up = is_raised;
  event.sign = rival.sign;
  event.cause.peer = rival.peer;
  event.cause.peer_priority = rival.priority;
  event.address = rival.address;
  event.mac = rival.mac;
  world.tell(event);
}

/// How often signs of a rival can be had: with each advert, and no oftener than is asked.
Nanos sign_interval(const Router& router) {
  return std::max<Nanos>(router.config.params.advert_interval, VipProber::kPeriod);
}

/// The interface's own address to ask from: never a virtual one, which neighbours would learn.
IpAddr own_address(const LinkState& link, Family family) {
  for (const auto& address : link.addresses) {
    const IpAddr& own = address.prefix.address;
    if (own.family() != family) continue;
    const bool is_usable = (address.flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) == 0;
    if (family == Family::kIpv4 || (own.is_link_local() && is_usable)) return own;
  }
  return family == Family::kIpv4 ? IpAddr{} : IpAddr::v6({});
}

void ask(World& world, Router& router) {
  const RouterConfig& config = router.config;
  const std::size_t count = config.addresses.size() + config.excluded.size();
  if (count == 0) return;
  const std::size_t at = router.ask_next++ % count;
  const VirtualAddress& address =
      at < config.addresses.size() ? config.addresses[at] : config.excluded[at - config.addresses.size()];
  const LinkState& link = world.links.use(address.dev);
  if (!link.is_up() || !link.link.has_neighbours()) return;
  const Family family = address.prefix.address.family();
  const IpAddr source = own_address(link, family);
  if (family == Family::kIpv6 && source.is_unspecified()) return;
  world.prober.ask({config.id, link.index, link.link.mac, source, address.prefix.address});
}

}  // namespace

void rival_seen(World& world, Router& router, const Rival& rival, Instant now) {
  const bool is_advert = rival.sign == RivalSign::kAdverts;
  const Nanos interval = is_advert ? Nanos{router.config.params.advert_interval} : sign_interval(router);
  tell(world, router, router.rivals.seen(rival, interval, now));
}

void rival_look(World& world, Router& router, Instant now) {
  if (router.state != vrrp::State::kActive) return;
  const RivalNews news = router.rivals.look(now);
  tell(world, router, news);
  // Neighbours may have learnt the other's MAC address.
  if (news == RivalNews::kCleared)
    world.domain.announce_again(router.config.id, vrrp::AnnounceReason::kRequested, now);
  if (!world.prober.is_open()) return;
  // Not with the first advert: the former master has yet to hear of it. A tenth less than the period, since
  // adverts are not to the nanosecond.
  const Nanos interval = sign_interval(router);
  if (now - router.since < interval * 9 / 10 || now - router.asked_at < interval * 9 / 10) return;
  if (!world.prober.may_ask(now)) return;
  router.asked_at = now;
  ask(world, router);
}

void rival_forget(World& world, Router& router) {
  tell(world, router, router.rivals.forget());
}

void rival_answers(World& world, Instant now) {
  std::size_t budget = VipProber::kPerTurn;
  while (const auto answer = world.prober.next_answer(budget)) {
    Router* router = world.find(answer->router);
    if (router == nullptr || router->state != vrrp::State::kActive) continue;
    // Another interface of this host on the same segment may answer (arp_ignore).
    if (world.links.has_mac(answer->claim.mac)) continue;
    Rival rival;
    rival.sign = RivalSign::kNeighbour;
    rival.address = answer->claim.address;
    rival.mac = answer->claim.mac;
    rival_seen(world, *router, rival, now);
  }
}

}  // namespace ka::engine
