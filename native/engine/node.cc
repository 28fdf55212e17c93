#include "native/engine/node.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>

#include "native/engine/rivals.h"
#include "native/net/address.h"

namespace ka::engine {

namespace {

/// Acknowledgements of a few hundred requests.
constexpr int kRequestBuffer = 4 * 1024 * 1024;
constexpr int kRoutingMonitorBuffer = 1024 * 1024;
/// Address requests that go to the worker in one piece.
constexpr std::size_t kRequestsPerTurn = 32;
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
  auto requests = net::NlSocket::open(NETLINK_ROUTE, kRequestBuffer, options.request_buffer);
  if (!requests.ok()) return requests.error();
  net::NlPipeline pipeline(std::move(*requests));
  if (auto permitted = may_change_addresses(pipeline); !permitted.ok()) return permitted.error();
  auto routing = net::NlSocket::open(NETLINK_ROUTE, kRequestBuffer, options.request_buffer);
  if (!routing.ok()) return routing.error();
  auto routing_monitor = net::NlSocket::open(NETLINK_ROUTE, kRoutingMonitorBuffer, options.monitor_buffer);
  if (!routing_monitor.ok()) return routing_monitor.error();
  auto monitor = net::Monitor::open(options.monitor_buffer);
  if (!monitor.ok()) return monitor.error();
  auto lister = net::Lister::open();
  if (!lister.ok()) return lister.error();
  auto worker = Worker::start(options);
  if (!worker.ok()) return worker.error();
  auto node = std::unique_ptr<Node>(new Node(options, epoll, std::move(*worker), shared, ring,
                                             std::move(*monitor), std::move(*lister), std::move(pipeline),
                                             net::NlPipeline(std::move(*routing)),
                                             std::move(*routing_monitor), std::move(*frames)));
  if (options.lock_memory) node->memory_lock_ = MemoryLock::of_this_thread();
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
           net::NlPipeline routing, net::NlSocket routing_monitor, FrameSocket frames)
    : worker_(std::move(worker)),
      world_(options, epoll, *worker_, shared, ring),
      monitor_(std::move(monitor)),
      lister_(std::move(lister)),
      addresses_(world_.links, std::move(pipeline), *worker_, *this),
      routing_(world_.links, std::move(routing), std::move(routing_monitor), *worker_, *this),
      executor_(world_, addresses_, routing_, std::move(frames)),
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
    has_acted_ |= executor_.run(now);
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
  fire_due(Instant::min());
  return now_;
}

void Node::fire_due(Instant heard_until) {
  // Each router once; then others have to be heard.
  for (std::size_t fired = 0; fired <= world_.routers.size(); fired += kRoutersPerLook) {
    const bool are_more_due = world_.domain.advance(now_, heard_until, kRoutersPerLook);
    has_acted_ |= executor_.run(now_);
    if (!are_more_due) break;
    now_ = monotonic_now();
  }
}

void Node::fire(Instant& now, Instant heard_until) {
  now_ = now;
  unlooked_ = 0;
  // What arrives from here on has not been read.
  fire_due(std::min(now, heard_until));
  now = now_;
}

void Node::advance(Instant& now, Instant heard_until) {
  now_ = now;
  settle_links(now);
  fire(now, heard_until);
  if (start_at_ && *start_at_ <= now) start_routers(now);
  if (list_again_at_ && *list_again_at_ <= now) ask_for_list();
  addresses_.advance(now);
  routing_.advance(now);
}

bool Node::work(Instant now) {
  now_ = now;
  if (std::exchange(are_answers_ready_, false)) take_answers(now);
  // Routes go before the addresses that they need, and come behind them.
  routing_.send_removals();
  const bool are_addresses_waiting = addresses_.send(kRequestsPerTurn);
  // Answers count when the monitor has been read, and that waits for a list.
  bool has_more = are_addresses_waiting || (addresses_.has_answers() && !monitor_.wants_list());
  if (!are_addresses_waiting) has_more |= routing_.send_additions(kRequestsPerTurn);
  if (!world_.domain.effects().empty()) executor_.run(now);
  const auto due = world_.announcer.next_deadline();
  if (due && *due <= now) has_more |= executor_.announce_due(now);
  return has_more;
}

void Node::take_answers(Instant now) {
  worker_->take_finished();
  routing_.take_answers(now);
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

std::optional<Instant> Node::other_deadline() const {
  std::optional<Instant> earliest;
  const auto consider = [&](std::optional<Instant> other) {
    if (other && (!earliest || *other < *earliest)) earliest = other;
  };
  consider(world_.announcer.next_deadline());
  consider(addresses_.next_deadline());
  consider(routing_.next_deadline());
  consider(start_at_);
  consider(list_again_at_);
  consider(world_.links.next_settling());
  return earliest;
}

void Node::read_claims(Instant now) {
  now_ = now;
  rival_answers(world_, now);
}

void Node::listen_if_absent(Nanos uncounted, Instant now) {
  is_listening_ = world_.domain.listen_if_absent(uncounted, now);
}

void Node::was_late(Micros late, Micros asleep, bool tells, bool was_suspended, Instant now) {
  if (tells) {
    Event event;
    event.kind = EventKind::kLate;
    event.up = was_suspended;
    event.present = late >= smallest_interval_;
    event.enabled = is_listening_;
    event.amount = late.count();
    world_.tell(event);
  }
  is_listening_ = false;
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
  if (world_.options.keep_addresses) return;
  routing_.want(vrrp::kNoRouter, false);
  addresses_.want(vrrp::kNoRouter, false);
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
  if (what != AddressEvent::kRestored) return;
  // The kernel has dropped what used it as source or to reach a gateway.
  routing_.renew(id);
  if (id != vrrp::kNoRouter) world_.domain.announce_again(id, vrrp::AnnounceReason::kRequested, now_);
}

void Node::routing_event(vrrp::RouterId id, const RoutingEntry& entry, AddressEvent what, int err_no) {
  Event event;
  event.kind = EventKind::kRoute;
  event.router = id;
  event.address_event = what;
  event.err_no = err_no;
  event.text = Text<96>(entry.text);
  world_.tell(event);
}

void Node::addresses_settled(vrrp::RouterId id) {
  if (Router* router = world_.find(id)) executor_.addresses_settled(*router, now_);
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
