// What the kernel tells of links and addresses, and what follows from it for each router.
#include <net/if.h>

#include "native/engine/node.h"

namespace ka::engine {

namespace {

constexpr int kMonitorDatagramsPerTurn = 256;

}  // namespace

bool Node::read_monitor(Instant now) {
  now_ = now;
  if (is_listing_) return false;
  const bool is_drained = monitor_.drain(*this, kMonitorDatagramsPerTurn);
  world_.shared.netlink_overruns.raise_to(monitor_.overruns());
  if (are_addresses_changed_ || !changed_links_.empty()) refresh_routers(now);
  if (is_drained && monitor_.wants_list() && !list_again_at_) ask_for_list();
  return is_drained && !monitor_.wants_list();
}

void Node::list_begin() {
  world_.links.list_begin();
  addresses_.list_begin();
}

void Node::list_end() {
  for (const IfIndex index : world_.links.list_end()) link_gone(index);
  addresses_.list_end(now_);
  // Addresses were listed anew, on every link.
  for (const auto& [id, router] : world_.routers) {
    if (router->link != nullptr) touch(*router->link);
  }
  are_addresses_changed_ = true;
}

void Node::link_present(const net::Link& link) {
  const Links::Change change = world_.links.set_link(link, now_);
  // The old name loses the link before the new one has it.
  link_changed(change.second);
  link_changed(change.first);
  if (change.is_new_way) announce_on(*change.first);
}

void Node::announce_on(const LinkState& link) {
  for (const vrrp::RouterId id : link.users) {
    const Router* router = world_.find(id);
    if (router == nullptr) continue;
    const auto is_on_link = [&](const VirtualAddress& address) { return address.dev == link.name; };
    if (std::ranges::any_of(router->config.addresses, is_on_link) ||
        std::ranges::any_of(router->config.excluded, is_on_link))
      world_.domain.announce_again(id, vrrp::AnnounceReason::kRequested, now_);
  }
}

void Node::link_gone(IfIndex index) {
  link_changed(world_.links.remove_link(index).first);
}

void Node::settle_links(Instant now) {
  const std::vector<LinkState*> settled = world_.links.settle(now);
  if (settled.empty()) return;
  for (LinkState* link : settled) link_changed(link);
  refresh_routers(now);
}

void Node::link_changed(LinkState* link) {
  if (link == nullptr || !link->is_used) return;
  addresses_.link_changed(*link);
  routing_.link_changed(*link);
  touch(*link);
  are_addresses_changed_ = true;
  show_link(*link);
  // It is told when it counts.
  if (link->settles_at) return;
  Event event;
  event.kind = EventKind::kLink;
  event.name = Text<16>(link->name);
  event.link = link->index;
  event.present = link->is_present();
  event.enabled = (link->link.flags & IFF_UP) != 0;
  event.up = link->is_up();
  world_.tell(event);
}

void Node::address_present(const net::KernelAddress& address, net::Origin origin) {
  if (addresses_.address_present(address, origin, now_)) return;
  if (!world_.links.add_address(address)) return;
  if (LinkState* link = world_.links.by_index(address.link)) touch(*link);
  are_addresses_changed_ = true;
}

void Node::address_gone(const net::KernelAddress& address, net::Origin origin) {
  if (addresses_.address_gone(address, origin, now_)) return;
  if (!world_.links.remove_address(address)) return;
  if (LinkState* link = world_.links.by_index(address.link)) touch(*link);
  are_addresses_changed_ = true;
}

void Node::touch(LinkState& link) {
  if (std::exchange(link.is_touched, true)) return;
  changed_links_.push_back(&link);
}

/// Only those that have to do with what changed; a router with several links is seen to several times.
void Node::refresh_routers(Instant now) {
  std::size_t seen = 0;
  const auto see_to = [&](const std::vector<vrrp::RouterId>& ids) {
    for (const vrrp::RouterId id : ids) {
      Router* router = world_.find(id);
      if (router == nullptr) continue;
      refresh(*router, now);
      announce_plan(*router);
      if (++seen % kRoutersPerLook == 0) now = send_due_adverts();
    }
  };
  for (LinkState* link : changed_links_) {
    link->is_touched = false;
    see_to(link->users);
  }
  changed_links_.clear();
  if (std::exchange(are_addresses_changed_, false)) see_to(source_watchers_);
  executor_.run(now);
}

void Node::refresh(Router& router, Instant now) {
  const vrrp::RouterId id = router.config.id;
  if (auto attached = world_.sockets.attach(router, now); !attached.ok())
    warn_no_socket(router, attached.error());
  if (const IpAddr source = choose_source(router); source != router.source) {
    router.source = source;
    world_.domain.set_source(id, source, now);
  }
  if (const Priority priority = effective_priority(router); priority != router.priority) {
    router.priority = priority;
    world_.domain.set_priority(id, priority, now);
  }
  vrrp::Holds wanted =
      link_holds(router, world_.links) | static_cast<vrrp::Holds>(router.holds & kPolicyHolds);
  if (is_deaf(router)) wanted |= bit(vrrp::Hold::kLinkDown);
  if (is_watchdog_held_ && router.config.watchdog) wanted |= bit(vrrp::Hold::kWatchdog);
  const auto set = static_cast<vrrp::Holds>(wanted & ~router.holds);
  const auto clear = static_cast<vrrp::Holds>(router.holds & ~wanted);
  router.holds = wanted;
  if ((set | clear) != 0) world_.domain.set_holds(id, set, clear, now);
  world_.publish(router);
}

bool Node::is_deaf(const Router& router) {
  if (router.socket == nullptr) return true;
  return router.is_started && router.state != vrrp::State::kActive && !SocketTable::hears(router);
}

void Node::warn_no_socket(const Router& router, const Error& error) {
  Event event;
  event.kind = EventKind::kWarning;
  event.router = router.config.id;
  event.err_no = error.err_no;
  event.text = Text<96>(router.config.name + ": no socket for adverts: " + error.op);
  world_.tell(event);
}

LinkState* Node::use_link(const std::string& name) {
  LinkState& link = world_.links.use(name);
  if (link.shown_at == 0) show_link(link);
  return &link;
}

void Node::show_link(LinkState& link) {
  EngineShared& shared = world_.shared;
  if (link.shown_at == 0) {
    const std::uint32_t count = shared.link_count.load(std::memory_order_relaxed);
    if (count >= shared.links.size()) return;
    link.shown_at = count + 1;
  }
  LinkView view;
  link.name.copy(static_cast<char*>(view.name), sizeof view.name - 1);
  view.index = link.index;
  view.is_up = link.is_up();
  shared.links[link.shown_at - 1].store(view);
  if (link.shown_at > shared.link_count.load(std::memory_order_relaxed)) {
    shared.link_count.store(link.shown_at, std::memory_order_release);
  }
}

}  // namespace ka::engine
