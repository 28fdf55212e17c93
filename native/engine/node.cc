#include "native/engine/node.h"

#include <net/if.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>

#include "native/engine/rivals.h"
#include "native/net/address.h"

namespace ka::engine {

namespace {

/// Acknowledgements of a few hundred requests.
constexpr int kRequestBuffer = 4 * 1024 * 1024;
/// Address requests that go to the worker in one piece.
constexpr std::size_t kRequestsPerTurn = 32;
constexpr int kMonitorDatagramsPerTurn = 256;
constexpr int kLearnTimeoutMs = 20'000;
constexpr std::chrono::seconds kListAgain{1};

/// Deletes nothing; without CAP_NET_ADMIN the kernel refuses before it looks at what is asked.
Result<void> may_change_addresses(net::NlPipeline& pipeline) {
  net::Address nothing;
  nothing.link = 0x7fffffff;
  nothing.prefix = {IpAddr::v4({192, 0, 2, 1}), 32};
  std::vector<net::Completion> done;
  pipeline.queue(net::delete_address(nothing), 0);
  pipeline.flush(done);
  pipeline.collect(done);
  for (const auto& completion : done) {
    if (completion.err_no == EPERM || completion.err_no == EACCES) {
      return net::kernel_error("RTM_DELADDR", completion.err_no,
                               "changing addresses is not permitted: CAP_NET_ADMIN is missing");
    }
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Node>> Node::open(const Options& options, int epoll, EngineShared& shared,
                                         EventRing& ring) {
  auto frames = FrameSocket::open();
  if (!frames.ok()) {
    Error error = frames.error();
    if (error.code == Errc::kPermission)
      error.detail = "raw sockets are not permitted: CAP_NET_RAW is missing";
    return error;
  }
  auto requests = net::NlSocket::open(NETLINK_ROUTE, kRequestBuffer);
  if (!requests.ok()) return requests.error();
  net::NlPipeline pipeline(std::move(*requests));
  if (auto permitted = may_change_addresses(pipeline); !permitted.ok()) return permitted.error();
  auto monitor = net::Monitor::open();
  if (!monitor.ok()) return monitor.error();
  auto lister = net::Lister::open();
  if (!lister.ok()) return lister.error();
  auto worker = Worker::start(options);
  if (!worker.ok()) return worker.error();
  auto node =
      std::unique_ptr<Node>(new Node(options, epoll, std::move(*worker), shared, ring, std::move(*monitor),
                                     std::move(*lister), std::move(pipeline), std::move(*frames)));
  if (options.split_brain_probe) {
    if (auto opened = node->world_.prober.open(); !opened.ok()) {
      Event event;
      event.kind = EventKind::kWarning;
      event.err_no = opened.error().err_no;
      event.text = Text<96>(opened.error().detail);
      node->world_.tell(event);
    }
  }
  return node;
}

Node::Node(const Options& options, int epoll, std::unique_ptr<Worker> worker, EngineShared& shared,
           EventRing& ring, net::Monitor monitor, net::Lister lister, net::NlPipeline pipeline,
           FrameSocket frames)
    : worker_(std::move(worker)),
      world_(options, epoll, *worker_, shared, ring),
      monitor_(std::move(monitor)),
      lister_(std::move(lister)),
      addresses_(world_.links, std::move(pipeline), *worker_, *this),
      executor_(world_, addresses_, std::move(frames)),
      receiver_(world_) {}

Result<void> Node::learn_links() {
  ask_for_list();
  while (is_listing_) {
    pollfd waiting{worker_->fd(), POLLIN, 0};
    if (::poll(&waiting, 1, kLearnTimeoutMs) == 0) break;
    worker_->take_finished();
  }
  if (monitor_.wants_list())
    return net::kernel_error("RTM_GETLINK", ETIMEDOUT, "the kernel did not list its links");
  return {};
}

/// The list waits for the rtnl lock, which others may hold for long.
void Node::ask_for_list() {
  is_listing_ = true;
  list_again_at_.reset();
  const auto list = std::make_shared<Result<net::Listing>>(net::Listing{});
  worker_->give([this, list] { *list = lister_.read(); }, [this, list] { list_came(*list); });
}

void Node::list_came(Result<net::Listing>& list) {
  is_listing_ = false;
  if (list.ok()) {
    monitor_.take_list(*list, *this);
    // What came meanwhile is newer.
    read_monitor(now_);
    return;
  }
  list_again_at_ = now_ + kListAgain;
  Event event;
  event.kind = EventKind::kWarning;
  event.err_no = list.error().err_no;
  event.text = Text<96>(list.error().detail);
  world_.tell(event);
}

// ---- packets and time ----

Instant Node::receive_from(SocketEntry& entry, Instant& now, StampClock& clock, std::size_t& budget) {
  now_ = now;
  while (budget > 0) {
    const std::size_t got = receiver_.receive(entry, now, clock);
    budget -= std::min(budget, ReceiveBatch::kSize);
    if (!world_.domain.effects().empty()) executor_.run(now);
    unlooked_ += got;
    if (unlooked_ >= ReceiveBatch::kSize) {
      now = send_due_adverts();
      clock.begin(now, realtime_now_ns());
      unlooked_ = 0;
    }
    if (got < ReceiveBatch::kSize) return Instant::max();
  }
  return entry.read_until;
}

Instant Node::send_due_adverts() {
  now_ = monotonic_now();
  world_.domain.advance(now_, Instant::min());
  if (!world_.domain.effects().empty()) executor_.run(now_);
  return now_;
}

void Node::advance(Instant now, Instant heard_until) {
  now_ = now;
  unlooked_ = 0;
  world_.domain.advance(now, heard_until);
  executor_.run(now);
  if (start_at_ && *start_at_ <= now) start_routers(now);
  if (list_again_at_ && *list_again_at_ <= now) ask_for_list();
  addresses_.advance(now);
}

bool Node::work(Instant now) {
  now_ = now;
  if (std::exchange(are_answers_ready_, false)) take_answers(now);
  // Answers count when the monitor has been read, and that waits for a list.
  bool has_more = addresses_.send(kRequestsPerTurn) || (addresses_.has_answers() && !monitor_.wants_list());
  if (!world_.domain.effects().empty()) executor_.run(now);
  const auto due = world_.announcer.next_deadline();
  if (due && *due <= now) has_more |= executor_.announce_due(now);
  return has_more;
}

void Node::take_answers(Instant now) {
  worker_->take_finished();
  addresses_.collect_answers();
  if (addresses_.has_answers()) {
    // What the kernel told before it answered is there to be read by now.
    if (!read_monitor(now)) {
      are_answers_ready_ = true;
      return;
    }
    addresses_.count_answers(now);
  }
  joined(world_.sockets.take_joined(), now);
}

void Node::joined(const std::vector<vrrp::RouterId>& routers, Instant now) {
  if (routers.empty()) return;
  std::size_t seen = 0;
  for (const vrrp::RouterId id : routers) {
    Router* router = world_.find(id);
    if (router == nullptr) continue;
    refresh(*router, now);
    if (++seen % kRoutersPerLook == 0) now = send_due_adverts();
  }
  if (!start_at_) start_routers(now);
  executor_.run(now);
}

std::optional<Instant> Node::next_deadline() const {
  std::optional<Instant> earliest = world_.domain.next_deadline();
  const auto consider = [&](std::optional<Instant> other) {
    if (other && (!earliest || *other < *earliest)) earliest = other;
  };
  consider(world_.announcer.next_deadline());
  consider(addresses_.next_deadline());
  consider(start_at_);
  consider(list_again_at_);
  return earliest;
}

void Node::read_claims(Instant now) {
  now_ = now;
  rival_answers(world_, now);
}

void Node::listen_if_absent(Nanos uncounted, Instant now) {
  world_.domain.listen_if_absent(uncounted, now);
}

void Node::was_late(Micros late, Micros asleep, bool tells, bool was_suspended, Instant now) {
  if (tells) {
    Event event;
    event.kind = EventKind::kLate;
    event.up = was_suspended;
    event.amount = late.count();
    world_.tell(event);
  }
  // Late by less than an interval: the kernel kept the adverts, they have been read. By more: perhaps the
  // machine was paused, nobody knows since when, and adverts are lost.
  world_.domain.grant_grace(late < smallest_interval_ ? late : asleep, now);
}

void Node::set_watchdog(bool held, Millis stalled, Instant now) {
  if (held == is_watchdog_held_) return;
  now_ = now;
  is_watchdog_held_ = held;
  Event event;
  event.kind = EventKind::kWatchdog;
  event.amount = stalled.count();
  event.up = held;
  world_.tell(event);
  for (auto& [id, router] : world_.routers) refresh(*router, now);
  executor_.run(now);
}

void Node::shutdown(Instant now) {
  now_ = now;
  if (world_.options.keep_addresses) executor_.leave_everything_as_it_is();
  start_at_.reset();
  world_.domain.shutdown(now);
  executor_.run(now);
}

// ---- net::MonitorSink ----

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
  const Links::Change change = world_.links.set_link(link);
  // The old name loses the link before the new one has it.
  link_changed(change.second);
  link_changed(change.first);
}

void Node::link_gone(IfIndex index) {
  link_changed(world_.links.remove_link(index).first);
}

void Node::link_changed(LinkState* link) {
  if (link == nullptr || !link->is_used) return;
  addresses_.link_changed(*link);
  touch(*link);
  are_addresses_changed_ = true;
  show_link(*link);
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

// ---- AddressObserver ----

void Node::address_event(vrrp::RouterId id, const VirtualAddress& address, AddressEvent what, int err_no) {
  Event event;
  event.kind = EventKind::kAddress;
  event.router = id;
  event.address = address.prefix.address;
  event.prefix_length = address.prefix.length;
  event.name = Text<16>(address.dev);
  event.address_event = what;
  event.err_no = err_no;
  world_.tell(event);
  if (what == AddressEvent::kRestored)
    world_.domain.announce_again(id, vrrp::AnnounceReason::kRequested, now_);
}

void Node::addresses_settled(vrrp::RouterId id) {
  if (Router* router = world_.find(id)) executor_.addresses_settled(*router, now_);
}

// ---- links ----

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

void Node::measure_skew() {
  Micros smallest{1'000'000};
  smallest_interval_ = Micros{1'000'000};
  for (const auto& [id, router] : world_.routers) {
    const Micros unit = router->config.params.version == vrrp::Version::kV3
                            ? router->config.params.advert_interval
                            : Micros{1'000'000};
    smallest_interval_ = std::min(smallest_interval_, router->config.params.advert_interval);
    smallest = std::min(smallest, Micros{unit.count() * (256 - router->priority) / 256});
  }
  // Below this a late wake-up is what any busy machine does.
  smallest_skew_ = std::max(smallest, Micros{1'000});
}

}  // namespace ka::engine
