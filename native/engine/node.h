// One VRRP node: brings configuration, links and addresses together and feeds the state machine. No thread,
// no waiting: the loop in engine.cc calls it, with the time.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "native/engine/executor.h"
#include "native/engine/memory_lock.h"
#include "native/engine/receiver.h"
#include "native/engine/routing.h"
#include "native/engine/world.h"
#include "native/net/monitor.h"

namespace ka::engine {

/// Thread: engine.
class Node final : public net::MonitorSink, public AddressObserver, public RoutingObserver {
 public:
  /// Ends the worker first: what it is about to do needs the rest.
  ~Node() override { worker_.reset(); }
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  /// Errors: kPermission (CAP_NET_RAW or CAP_NET_ADMIN is missing), kKernel.
  static Result<std::unique_ptr<Node>> open(const Options& options, int epoll, EngineShared& shared,
                                            EventRing& ring);

  /// Waits for the first list of links and addresses. The only call that waits; nothing runs yet.
  Result<void> learn_links();
  /// Routers may run from `at` on (vrrp_startup_delay).
  void start(Instant at) { start_at_ = at; }

  /// Carries out a transaction, or nothing of it.
  /// Errors: kNotFound, kExists, kInvalidArgument; `detail` names the router and what is wrong.
  Result<void> apply(Transaction transaction, Instant now);

  /// Reads a socket until it is empty or the budget is used up; adverts of our own that fall due meanwhile
  /// are sent, and `now` moves on. Returns until when everything that arrived has been read.
  Instant receive_from(SocketEntry& entry, Instant& now, StampClock& clock, std::size_t& budget);
  /// True when it was read to its end, and no list is missing.
  bool read_monitor(Instant now);
  /// A list of links is being read, by the worker; the monitor has to wait for it.
  [[nodiscard]] bool is_listing() const { return is_listing_; }
  /// Everything that is due: what was decided is carried out, adverts first; `now` moves on meanwhile. A
  /// peer's silence counts up to `heard_until`.
  void advance(Instant& now, Instant heard_until);
  /// The deadlines of the state machines alone.
  void fire(Instant& now, Instant heard_until);
  /// A bounded part of the work that need not be done at once. True while more waits.
  bool work(Instant now);
  /// The kernel has been asked for something and has not answered yet.
  [[nodiscard]] bool is_waiting() const {
    return addresses_.is_busy() || routing_.is_busy() || worker_->is_busy();
  }
  /// One of answer_fds() is readable.
  void answers_came() { are_answers_ready_ = true; }
  /// Descriptors that become readable when the kernel, or the worker, has answered.
  [[nodiscard]] std::array<int, 4> answer_fds() const {
    return {addresses_.answers_fd(), worker_->fd(), routing_.answers_fd(), routing_.monitor_fd()};
  }
  /// The earliest deadline of anything but the state machines.
  [[nodiscard]] std::optional<Instant> other_deadline() const;
  /// What was heard or due since the last call led to more than adverts.
  [[nodiscard]] bool take_acted() { return std::exchange(has_acted_, false); }
  /// The earliest deadline of the state machines: an advert, or a peer's silence.
  [[nodiscard]] std::optional<Instant> protocol_deadline() const { return world_.domain.next_deadline(); }

  /// Somebody answered for an address.
  void read_claims(Instant now);
  /// This node may not have run until now; before what arrived meanwhile is read. See Domain.
  void listen_if_absent(Nanos uncounted, Instant now);
  /// A deadline was noticed `late`, after the node had slept for `asleep` in all; `tells`: so that people
  /// hear of it.
  void was_late(Micros late, Micros asleep, bool tells, bool was_suspended, Instant now);
  /// Sockets that neighbours claim our addresses by; -1: none.
  [[nodiscard]] std::array<int, 2> claim_fds() const {
    return {world_.prober.arp_fd(), world_.prober.icmp_fd()};
  }
  [[nodiscard]] Micros smallest_interval() const { return smallest_interval_; }
  /// Smallest skew_time of the routers that run.
  [[nodiscard]] Micros smallest_skew() const { return smallest_skew_; }
  /// JavaScript stopped answering, or answers again.
  void set_watchdog(bool held, Millis stalled, Instant now);

  /// Priority 0 and removal of addresses begin; `work` carries them out.
  void shutdown(Instant now);

  /// False while a list of links is being read.
  [[nodiscard]] int monitor_fd() const { return monitor_.fd(); }

 private:
  /// Routers that one change touches before adverts are looked after; routers that fire at once.
  static constexpr std::size_t kRoutersPerLook = 64;

  Node(const Options& options, int epoll, std::unique_ptr<Worker> worker, EngineShared& shared,
       EventRing& ring, net::Monitor monitor, net::Lister lister, net::NlPipeline pipeline,
       net::NlPipeline routing, net::NlSocket routing_monitor, FrameSocket frames);

  // ---- net::MonitorSink (node_links.cc) ----
  void list_begin() override;
  void list_end() override;
  void link_present(const net::Link& link) override;
  void link_gone(IfIndex index) override;
  void address_present(const net::KernelAddress& address, net::Origin origin) override;
  void address_gone(const net::KernelAddress& address, net::Origin origin) override;
  // ---- AddressObserver ----
  void address_event(vrrp::RouterId id, const VirtualAddress& address, AddressEvent what,
                     int err_no) override;
  void addresses_settled(vrrp::RouterId id) override;
  // ---- RoutingObserver ----
  void routing_event(vrrp::RouterId id, const RoutingEntry& entry, AddressEvent what, int err_no) override;

  // ---- transactions (transaction.cc) ----
  [[nodiscard]] Result<void> check(const Transaction& transaction) const;
  [[nodiscard]] Result<void> check_collisions(const Transaction& transaction) const;
  void remove_router(vrrp::RouterId id, Instant now);
  Result<void> put_router(RouterConfig config, bool joins_running_group, Instant now);
  void configure(Router& router);
  void watch(Router& router);
  void unwatch(const Router& router);
  void set_groups(const Transaction& transaction, Instant now);
  void set_paces(std::vector<Pace> paces);
  void set_statics(const Statics& statics);
  void run_command(const Command& command, Instant now);
  void start_routers(Instant now);

  void take_answers(Instant now);
  void ask_for_list();
  void list_came(Result<net::Listing>& list);
  /// These routers hear now, or were refused their group.
  void joined(const std::vector<vrrp::RouterId>& routers, Instant now);
  /// Sends what adverts of our own fell due in the middle of something longer; returns the time.
  Instant send_due_adverts();
  /// Fires what is due until now_ and carries it out, some routers at a time: the first advert does not wait
  /// for what is decided about the last router, and each router's interval begins when its advert leaves, so
  /// that routers which became Active together do not stay a burst. now_ moves on.
  void fire_due(Instant heard_until);

  // ---- links (node_links.cc) ----
  void link_changed(LinkState* link);
  /// Announces the addresses of all Active routers that have some on the link.
  void announce_on(const LinkState& link);
  /// Changes of links that have lasted long enough to count.
  void settle_links(Instant now);
  void touch(LinkState& link);
  void refresh_routers(Instant now);
  void refresh(Router& router, Instant now);
  /// Without a socket, or without the group on it as yet: one that has not taken over would take that for
  /// silence.
  [[nodiscard]] static bool is_deaf(const Router& router);
  void warn_no_socket(const Router& router, const Error& error);
  void announce_plan(const Router& router);
  void announce_extra_plan(const Router& router, const std::vector<vrrp::AnnounceAddress>& plan);
  [[nodiscard]] vrrp::PaceId pace_of(const LinkState& link);
  void show_link(LinkState& link);
  LinkState* use_link(const std::string& name);
  void measure_skew();

  std::unique_ptr<Worker> worker_;
  World world_;
  net::Monitor monitor_;
  net::Lister lister_;  // the worker's
  AddressTable addresses_;
  RoutingTable routing_;
  Executor executor_;
  Receiver receiver_;
  std::map<vrrp::GroupId, std::vector<vrrp::RouterId>> groups_;
  std::vector<Pace> paces_;
  Pace default_pace_;
  std::optional<Instant> start_at_;
  Micros smallest_skew_{1'000'000};
  Micros smallest_interval_{1'000'000};
  bool is_listening_ = false;  // since the last `listen_if_absent`, until `was_late` has told
  Instant now_{};              // of the call that runs
  std::vector<LinkState*> changed_links_;
  std::vector<vrrp::RouterId> source_watchers_;  // routers that look for their source on any link
  bool are_addresses_changed_ = false;
  std::size_t unlooked_ = 0;  // packets since adverts of our own were last looked after
  bool has_acted_ = false;
  bool are_answers_ready_ = false;
  bool is_watchdog_held_ = false;
  bool is_listing_ = false;
  std::optional<Instant> list_again_at_;
  std::optional<MemoryLock> memory_lock_;
};

}  // namespace ka::engine
