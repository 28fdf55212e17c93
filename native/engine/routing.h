// Routes and policy rules of all routers, and those that are static: which are wanted, and the requests that
// bring the kernel to it. A request that asks for what is there already changes nothing, and so whoever
// doubts (a link came up, somebody deleted something alike) asks again. Declares nothing about routers but
// their numbers.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "native/engine/config.h"
#include "native/engine/events.h"
#include "native/engine/links.h"
#include "native/engine/restoring.h"
#include "native/engine/worker.h"
#include "native/net/nl.h"

namespace ka::engine {

/// Hears what becomes of routes and rules.
class RoutingObserver {
 public:
  virtual ~RoutingObserver() = default;
  virtual void routing_event(vrrp::RouterId router, const RoutingEntry& entry, AddressEvent what,
                             int err_no) = 0;
};

/// Thread: engine.
class RoutingTable {
 public:
  /// Requests are sent by `worker`; it must end before the table does. `monitor` joins groups when there is
  /// something to watch: hosts with a hundred thousand routes pay nothing otherwise.
  RoutingTable(Links& links, net::NlPipeline pipeline, net::NlSocket monitor, Worker& worker,
               RoutingObserver& observer)
      : links_(links),
        pipeline_(std::move(pipeline)),
        monitor_(std::move(monitor)),
        worker_(worker),
        observer_(observer) {}

  /// Gives a router its routes and rules, or new ones. `removes_leftovers`: those of an unclean end go at
  /// once.
  void define(vrrp::RouterId router, std::span<const RoutingEntry> entries, bool removes_leftovers);
  void forget(vrrp::RouterId router);
  /// The router is Active and needs them, or no longer.
  void want(vrrp::RouterId router, bool wanted);
  /// Some may have gone without a word: the addresses of the router came back.
  void renew(vrrp::RouterId router);
  /// The link that bears `name` changed; the kernel drops what leads over a link that goes down.
  void link_changed(const LinkState& link);

  /// Hands removals to the worker, which carries out its jobs in order: before addresses are removed.
  void send_removals();
  /// Hands at most `budget` additions to the worker: after addresses have been handed over. True while more
  /// wait.
  bool send_additions(std::size_t budget);
  /// Readable when answers have come; when somebody deleted a route or rule.
  [[nodiscard]] int answers_fd() const { return pipeline_.fd(); }
  [[nodiscard]] int monitor_fd() const { return monitor_.fd(); }
  /// Reads both.
  void take_answers(Instant now);
  /// When what was refused is to be tried again.
  [[nodiscard]] std::optional<Instant> next_deadline() const { return next_retry_; }
  void advance(Instant now);
  /// Something is still to be asked or answered.
  [[nodiscard]] bool is_busy() const {
    return !removals_.empty() || !additions_.empty() || !pipeline_.idle();
  }

 private:
  using SlotId = std::uint32_t;

  struct Slot {
    RoutingEntry entry;
    vrrp::RouterId router = vrrp::kNoRouter;
    bool is_queued = false;
    bool is_restoring = false;  // somebody deleted one like it
    bool has_failed = false;    // told, and not added since
    LoopBreaker breaker;
    std::optional<Instant> retry_at;
  };
  struct Owner {
    std::vector<SlotId> slots;
    bool is_wanted = false;
    bool has_leftovers = false;
  };

  [[nodiscard]] bool is_wanted(const Slot& slot) const;
  void add(SlotId id);
  void remove(SlotId id);
  void send();
  void added(SlotId id, int err_no, Instant now);
  void read_monitor(Instant now);
  void deleted(const net::Deleted& deleted, bool is_mine, Instant now);
  void retry_later(Slot& slot, Instant at);
  void watch();
  [[nodiscard]] net::LinkIndex link_index() const;

  Links& links_;
  net::NlPipeline pipeline_;
  net::NlSocket monitor_;
  Worker& worker_;
  RoutingObserver& observer_;
  std::unordered_map<SlotId, Slot> slots_;
  std::unordered_map<vrrp::RouterId, Owner> owners_;
  SlotId next_ = 1;
  std::deque<net::NlMessage> removals_;
  std::deque<SlotId> additions_;
  std::vector<net::Completion> done_;
  std::optional<Instant> next_retry_;  // at or before the first of them
  bool is_watching_ = false;
};

}  // namespace ka::engine
