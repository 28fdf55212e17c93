// When which virtual address is to be announced by gratuitous ARP or neighbour advertisement: batches, second
// batches, refreshes, pacing. Deadlines and numbers only: no packets, no sockets, no clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "native/base/units.h"
#include "native/vrrp/deadline_heap.h"
#include "native/vrrp/types.h"

namespace ka::vrrp {

/// Addresses with the same pace number share one queue per family. The engine numbers them: an interface's
/// index, or a number of its own for each garp_group.
using PaceId = std::uint32_t;

/// One address as the announcer knows it.
struct AnnounceAddress {
  /// What the caller calls it; handed back in AnnounceSend. Addresses are served in the order of the list.
  std::uint32_t index = 0;
  IfIndex link = 0;
  Family family = Family::kIpv4;
  PaceId pace = 0;
};

/// One packet to send now.
struct AnnounceSend {
  RouterId router = kNoRouter;
  std::uint32_t index = 0;
  IfIndex link = 0;
  Family family = Family::kIpv4;
};

/// Announcement plans of all routers of one node.
///
/// Fed by the effects kAnnounce and kCancelAnnounce. A router's addresses go out in rounds, each address once
/// a round, and routers that share a pace take turns round by round: all addresses are announced once before
/// any is announced twice. Not thread-safe; one owner. Configuration may allocate, everything else never
/// does.
class Announcer {
 public:
  // ---- configuration ----

  /// Adds a router or replaces its plan and addresses. What was queued goes on with the new addresses; a
  /// new refresh period of one that is announced runs from `now`.
  void set_router(RouterId router, const AnnounceParams& params, std::span<const AnnounceAddress> addresses,
                  Instant now);
  void remove_router(RouterId router);
  /// Least time between two packets of a pace (vrrp_garp_interval, vrrp_gna_interval, garp_group); 0: none.
  void set_pace(PaceId pace, Micros garp_interval, Micros gna_interval);

  // ---- events: never allocate ----

  /// Starts what `reason` asks for (keepalived garp_master_*, garp_lower_prio_*).
  /// Unknown routers are ignored. A batch that still runs is not made longer than one batch of the new
  /// reason.
  void announce(RouterId router, AnnounceReason reason, Instant now);
  /// Forgets everything queued and every later batch of the router.
  void cancel(RouterId router);

  // ---- answers ----

  /// When `take_due` has something to do; not after `now` while work is left over.
  [[nodiscard]] std::optional<Instant> next_deadline() const;
  /// Fills `out` with what is due at `now` and returns how many. The work is bounded by out.size(), so that
  /// the caller can look after adverts between two calls: 0 does not mean that nothing is left,
  /// next_deadline() says.
  std::size_t take_due(Instant now, std::span<AnnounceSend> out);

 private:
  static constexpr std::uint32_t kNone = 0xffffffffu;

  /// Addresses of one router that share a queue.
  struct Lane {
    std::vector<AnnounceAddress> addresses;
    RouterId router = kNoRouter;
    std::uint32_t queue = kNone;
    std::uint32_t next = kNone;      // lane behind this one in the queue
    std::uint32_t previous = kNone;  // lane before this one
    std::uint32_t cursor = 0;        // next address of the running round
    std::uint32_t rounds = 0;        // rounds to go, the running one included; 0: not queued
  };
  struct Queue {
    PaceId pace = 0;
    Family family = Family::kIpv4;
    Micros interval{0};
    Instant next_at{};  // no packet before this
    std::uint32_t head = kNone;
    std::uint32_t tail = kNone;
  };
  struct Plan {
    RouterId router = kNoRouter;
    AnnounceParams params;
    std::vector<std::uint32_t> lanes;
    std::optional<Instant> second_batch;
    std::optional<Instant> lower_prio_batch;
    std::optional<Instant> refresh;
    std::uint16_t second_rounds = 0;
    bool is_active = false;  // announced since it became Active
  };
  std::uint32_t queue_of(PaceId pace, Family family);
  void release_lanes(Plan& plan);
  void enqueue(Plan& plan, std::uint32_t rounds, Instant now);
  void unlink(std::uint32_t lane);
  void append(std::uint32_t lane);
  void arm_plan(std::uint32_t plan);
  void arm_queue(std::uint32_t queue);
  void fire_plan(std::uint32_t plan, Instant now);
  void serve(std::uint32_t queue, Instant now, AnnounceSend& send);
  static void step(std::optional<Instant>& due, Micros period, Instant now);

  struct Intervals {
    Micros garp{0};
    Micros gna{0};
  };

  std::unordered_map<RouterId, std::uint32_t> plan_of_;
  std::unordered_map<PaceId, Intervals> paces_;
  std::unordered_map<std::uint64_t, std::uint32_t> queue_of_;
  std::vector<Plan> plans_;
  std::vector<Lane> lanes_;
  std::vector<Queue> queues_;
  std::vector<std::uint32_t> free_plans_;
  std::vector<std::uint32_t> free_lanes_;
  DeadlineHeap due_plans_;   // slots are indices of plans_
  DeadlineHeap due_queues_;  // slots are indices of queues_
};

}  // namespace ka::vrrp
