// The virtual addresses of all routers: which are wanted (addresses.cc), which the kernel has, and the
// requests that bring the one to the other (address_requests.cc). Declares nothing about routers but their
// numbers. Only what the engine added, what its configuration owned before it started, and what others added
// for an Active Router is ever removed.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <unordered_map>
#include <vector>

#include "native/engine/config.h"
#include "native/engine/events.h"
#include "native/engine/links.h"
#include "native/engine/restoring.h"
#include "native/engine/worker.h"
#include "native/net/monitor.h"
#include "native/net/nl.h"

namespace ka::engine {

/// Hears what becomes of addresses.
class AddressObserver {
 public:
  virtual ~AddressObserver() = default;
  virtual void address_event(vrrp::RouterId router, const VirtualAddress& address, AddressEvent what,
                             int err_no) = 0;
  /// Every address of a router that `want` asked for is there, or was refused by the kernel.
  virtual void addresses_settled(vrrp::RouterId router) = 0;
};

/// What to do with addresses that the kernel has already when a router is defined.
enum class Leftovers : std::uint8_t {
  kRemove,  // of an unclean end: they go
  kAdopt,   // they stay until the router's first state is known (it may become Active at once)
  kLeave    // address owner: they are the host's own, unless they bear keepalived's address protocol
};

/// Thread: engine.
class AddressTable {
 public:
  /// Requests are sent by `worker`; it must end before the table does.
  AddressTable(Links& links, net::NlPipeline pipeline, Worker& worker, AddressObserver& observer)
      : links_(links), pipeline_(std::move(pipeline)), worker_(worker), observer_(observer) {}

  /// Gives a router its addresses, or new ones.
  void define(vrrp::RouterId router, std::span<const VirtualAddress> addresses,
              std::shared_ptr<InstalledFlags> flags, Leftovers leftovers);
  void forget(vrrp::RouterId router);
  /// The router is Active and needs its addresses, or no longer. `addresses_settled` follows an installation.
  void want(vrrp::RouterId router, bool wanted);

  /// No address of the router is waited for.
  [[nodiscard]] bool is_settled(vrrp::RouterId router) const;

  /// The link that bears `name` changed.
  void link_changed(const LinkState& link);
  /// The monitor told of an address. True when it is a virtual one.
  bool address_present(const net::KernelAddress& address, net::Origin origin, Instant now);
  bool address_gone(const net::KernelAddress& address, net::Origin origin, Instant now);
  /// A new list begins: what the kernel has is not known until it is named.
  void list_begin();
  void list_end(Instant now);

  /// Hands at most `budget` requests to the worker. True while more wait.
  bool send(std::size_t budget);
  /// Readable when answers have come.
  [[nodiscard]] int answers_fd() const { return pipeline_.fd(); }
  /// Takes answers from their socket. They count once the monitor has been read to its end: what it told
  /// before is older.
  void collect_answers() { pipeline_.collect(done_); }
  [[nodiscard]] bool has_answers() const { return !done_.empty(); }
  void count_answers(Instant now);
  /// When a refused or deferred address is to be tried again.
  [[nodiscard]] std::optional<Instant> next_deadline() const;
  void advance(Instant now);
  /// Makes promote_secondaries so on a link.
  void promote_secondaries(IfIndex link);
  /// Something is still to be asked or answered.
  [[nodiscard]] bool is_busy() const { return !queue_.empty() || !done_.empty() || !pipeline_.idle(); }

 private:
  using SlotId = std::uint32_t;
  static constexpr SlotId kNoSlot = 0xffffffffU;
  static constexpr std::uint64_t kOther = std::uint64_t{1} << 33;  // cookie of a request about no address

  /// The request whose answer is awaited; one at a time for each address.
  enum class Running : std::uint8_t { kNone, kAdd, kDelete };

  struct User {
    vrrp::RouterId router;
    std::uint32_t index;
    friend bool operator==(const User&, const User&) = default;
  };
  struct Slot {
    VirtualAddress spec;
    LinkState* link = nullptr;
    IfIndex index = 0;  // of the link that has, or is to have it
    std::vector<User> users;
    std::vector<vrrp::RouterId> waiting;  // routers that wait for `addresses_settled`
    std::uint32_t wanted = 0;
    bool is_present = false;
    bool is_ours = false;
    bool is_stale = false;     // there before us
    bool is_outdated = false;  // there with other options than `spec`
    Leftovers leftovers = Leftovers::kRemove;
    bool is_adopted = false;   // not to be touched until its router's first state is known
    bool is_restored = false;  // the running request puts it back
    bool is_queued = false;
    bool is_listed = false;
    bool is_add_unanswered = false;
    bool has_failed = false;
    Running running = Running::kNone;
    std::uint32_t sequence = 0;  // of the last request
    /// The call of `define` that named it last.
    std::uint64_t definition = 0;
    bool looks_again = false;  // something changed while a request was running
    bool is_doubtful = false;  // someone deleted it while it was being added
    LoopBreaker breaker;
    std::optional<Instant> retry_at;
  };
  struct Owner {
    std::vector<SlotId> slots;
    std::shared_ptr<InstalledFlags> flags;
    bool is_wanted = false;
    std::uint32_t pending = 0;
  };
  struct Key {
    IfIndex link = 0;
    IpAddr address;
    std::uint8_t length = 0;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const;
  };

  SlotId slot_for(const VirtualAddress& address, Leftovers leftovers);
  void bind(SlotId id);
  void unbind(SlotId id);
  void release(SlotId id, vrrp::RouterId router);
  void enqueue(SlotId id);
  void want_slot(SlotId id, Owner& owner, vrrp::RouterId router);
  static void take_charge(Slot& slot);
  void unwant_slot(SlotId id, vrrp::RouterId router);
  [[nodiscard]] SlotId find(const net::KernelAddress& address) const;
  void lost(SlotId id, bool by_others, Instant now);
  void request(SlotId id);
  void finish(SlotId id, int err_no, Instant now);
  void added(SlotId id, int err_no, Instant now);
  void deleted(SlotId id, int err_no, Instant now);
  void refused(SlotId id, int err_no, Instant now);
  void settle(SlotId id);
  void publish(const Slot& slot);
  void tell(const Slot& slot, AddressEvent what, int err_no);
  void retry_later(SlotId id, Instant at);
  void drop_if_unused(SlotId id);
  [[nodiscard]] static net::Address kernel_form(const Slot& slot);

  Links& links_;
  net::NlPipeline pipeline_;
  Worker& worker_;
  AddressObserver& observer_;
  std::vector<Slot> slots_;
  std::vector<SlotId> free_;
  std::unordered_map<vrrp::RouterId, Owner> owners_;
  std::unordered_map<Key, SlotId, KeyHash> by_key_;
  std::unordered_map<std::string, std::set<SlotId>> by_dev_;
  std::uint64_t definition_ = 0;
  std::deque<SlotId> queue_;
  std::vector<std::pair<Instant, SlotId>> retries_;
  std::vector<net::Completion> done_;
};

}  // namespace ka::engine
