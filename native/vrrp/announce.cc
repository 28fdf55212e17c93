#include "native/vrrp/announce.h"

#include <algorithm>

namespace ka::vrrp {
namespace {

constexpr std::uint64_t queue_key(PaceId pace, Family family) {
  return (std::uint64_t{pace} << 8) | static_cast<std::uint64_t>(family);
}

/// Timers that one call may fire for each packet that it may send; keeps a call short when 4,000 second
/// batches are due.
constexpr std::size_t kTimersPerSend = 4;

}  // namespace

// ---- configuration ----

void Announcer::set_router(RouterId router, const AnnounceParams& params,
                           std::span<const AnnounceAddress> addresses, Instant now) {
  const auto known = plan_of_.find(router);
  std::uint32_t index = 0;
  std::uint32_t rounds = 0;
  if (known != plan_of_.end()) {
    index = known->second;
    for (const std::uint32_t lane : plans_[index].lanes) rounds = std::max(rounds, lanes_[lane].rounds);
    release_lanes(plans_[index]);
  } else {
    if (free_plans_.empty()) {
      index = static_cast<std::uint32_t>(plans_.size());
      plans_.emplace_back();
      due_plans_.resize(plans_.size());
    } else {
      index = free_plans_.back();
      free_plans_.pop_back();
    }
    plan_of_.emplace(router, index);
  }
  Plan& plan = plans_[index];
  const bool is_refresh_new = plan.params.refresh != params.refresh;
  plan.router = router;
  plan.params = params;
  for (const AnnounceAddress& address : addresses) {
    const std::uint32_t queue = queue_of(address.pace, address.family);
    auto lane = std::find_if(plan.lanes.begin(), plan.lanes.end(),
                             [&](std::uint32_t l) { return lanes_[l].queue == queue; });
    if (lane == plan.lanes.end()) {
      std::uint32_t fresh = 0;
      if (free_lanes_.empty()) {
        fresh = static_cast<std::uint32_t>(lanes_.size());
        lanes_.emplace_back();
      } else {
        fresh = free_lanes_.back();
        free_lanes_.pop_back();
      }
      lanes_[fresh] = Lane{};
      lanes_[fresh].router = router;
      lanes_[fresh].queue = queue;
      lane = plan.lanes.insert(plan.lanes.end(), fresh);
    }
    lanes_[*lane].addresses.push_back(address);
  }
  if (rounds > 0) enqueue(plan, rounds, Instant{});
  if (params.refresh == Micros{0}) {
    plan.refresh.reset();
  } else if (plan.is_active && is_refresh_new) {
    plan.refresh = now + params.refresh;
  }
  arm_plan(index);
}

void Announcer::remove_router(RouterId router) {
  const auto known = plan_of_.find(router);
  if (known == plan_of_.end()) return;
  Plan& plan = plans_[known->second];
  cancel(router);
  release_lanes(plan);
  free_plans_.push_back(known->second);
  plan_of_.erase(known);
}

void Announcer::set_pace(PaceId pace, Micros garp_interval, Micros gna_interval) {
  paces_[pace] = {garp_interval, gna_interval};
  for (std::uint32_t index = 0; index < queues_.size(); ++index) {
    Queue& queue = queues_[index];
    if (queue.pace != pace) continue;
    const Micros interval = queue.family == Family::kIpv4 ? garp_interval : gna_interval;
    queue.next_at = std::min(queue.next_at, queue.next_at - queue.interval + interval);
    queue.interval = interval;
    arm_queue(index);
  }
}

std::uint32_t Announcer::queue_of(PaceId pace, Family family) {
  const auto known = queue_of_.find(queue_key(pace, family));
  if (known != queue_of_.end()) return known->second;
  const auto index = static_cast<std::uint32_t>(queues_.size());
  Queue queue;
  queue.pace = pace;
  queue.family = family;
  const auto intervals = paces_.find(pace);
  if (intervals != paces_.end()) {
    queue.interval = family == Family::kIpv4 ? intervals->second.garp : intervals->second.gna;
  }
  queues_.push_back(queue);
  due_queues_.resize(queues_.size());
  queue_of_.emplace(queue_key(pace, family), index);
  return index;
}

void Announcer::release_lanes(Plan& plan) {
  for (const std::uint32_t lane : plan.lanes) {
    unlink(lane);
    lanes_[lane] = Lane{};
    free_lanes_.push_back(lane);
  }
  plan.lanes.clear();
}

// ---- events ----

void Announcer::announce(RouterId router, AnnounceReason reason, Instant now) {
  const auto known = plan_of_.find(router);
  if (known == plan_of_.end()) return;
  Plan& plan = plans_[known->second];
  const AnnounceParams& p = plan.params;
  switch (reason) {
    case AnnounceReason::kBecameActive:
      plan.is_active = true;
      plan.lower_prio_batch.reset();
      plan.refresh.reset();
      if (p.refresh > Micros{0}) plan.refresh = now + p.delay + p.refresh;
      [[fallthrough]];
    case AnnounceReason::kAddressesChanged:
      plan.second_batch.reset();
      if (p.delay > Micros{0}) plan.second_batch = now + p.delay;
      plan.second_rounds = p.repeat;
      enqueue(plan, p.repeat, now);
      break;
    case AnnounceReason::kLowerPriorityHeard:
      if (p.lower_prio_repeat == 0) return;
      // One that is due already stays where it is: adverts without end must not put it off without end.
      if (p.lower_prio_delay > Micros{0} && !plan.lower_prio_batch) {
        plan.lower_prio_batch = now + p.lower_prio_delay;
      }
      enqueue(plan, p.lower_prio_repeat, now);
      break;
    case AnnounceReason::kRequested:
      enqueue(plan, std::max<std::uint16_t>(p.repeat, 1), now);
      break;
  }
  arm_plan(known->second);
}

void Announcer::cancel(RouterId router) {
  const auto known = plan_of_.find(router);
  if (known == plan_of_.end()) return;
  Plan& plan = plans_[known->second];
  plan.is_active = false;
  plan.second_batch.reset();
  plan.lower_prio_batch.reset();
  plan.refresh.reset();
  for (const std::uint32_t lane : plan.lanes) unlink(lane);
  arm_plan(known->second);
}

void Announcer::enqueue(Plan& plan, std::uint32_t rounds, Instant now) {
  if (rounds == 0) return;
  for (const std::uint32_t index : plan.lanes) {
    Lane& lane = lanes_[index];
    if (lane.rounds > 0) {
      // Still at it: a running round is finished, and then as many as were asked for.
      lane.rounds = std::max(lane.rounds, rounds + (lane.cursor > 0 ? 1u : 0u));
      continue;
    }
    lane.rounds = rounds;
    lane.cursor = 0;
    append(index);
    Queue& queue = queues_[lane.queue];
    queue.next_at = std::max(queue.next_at, now);
    arm_queue(lane.queue);
  }
}

// ---- queues: intrusive lists of lanes ----

void Announcer::append(std::uint32_t index) {
  Lane& lane = lanes_[index];
  Queue& queue = queues_[lane.queue];
  lane.next = kNone;
  lane.previous = queue.tail;
  if (queue.tail == kNone) {
    queue.head = index;
  } else {
    lanes_[queue.tail].next = index;
  }
  queue.tail = index;
}

void Announcer::unlink(std::uint32_t index) {
  Lane& lane = lanes_[index];
  if (lane.rounds == 0) return;
  Queue& queue = queues_[lane.queue];
  if (lane.previous == kNone) {
    queue.head = lane.next;
  } else {
    lanes_[lane.previous].next = lane.next;
  }
  if (lane.next == kNone) {
    queue.tail = lane.previous;
  } else {
    lanes_[lane.next].previous = lane.previous;
  }
  lane.next = kNone;
  lane.previous = kNone;
  lane.rounds = 0;
  lane.cursor = 0;
  arm_queue(lane.queue);
}

void Announcer::arm_queue(std::uint32_t index) {
  if (queues_[index].head == kNone) {
    due_queues_.clear(index);
  } else {
    due_queues_.set(index, queues_[index].next_at);
  }
}

void Announcer::arm_plan(std::uint32_t index) {
  const Plan& plan = plans_[index];
  std::optional<Instant> earliest;
  for (const auto& due : {plan.second_batch, plan.lower_prio_batch, plan.refresh}) {
    if (due && (!earliest || *due < *earliest)) earliest = due;
  }
  if (earliest) {
    due_plans_.set(index, *earliest);
  } else {
    due_plans_.clear(index);
  }
}

// ---- time ----

std::optional<Instant> Announcer::next_deadline() const {
  const auto plans = due_plans_.earliest();
  const auto queues = due_queues_.earliest();
  if (!plans || !queues) return plans ? plans : queues;
  return std::min(*plans, *queues);
}

void Announcer::fire_plan(std::uint32_t index, Instant now) {
  Plan& plan = plans_[index];
  if (plan.second_batch && *plan.second_batch <= now) {
    plan.second_batch.reset();
    enqueue(plan, plan.second_rounds, now);
  }
  if (plan.lower_prio_batch && *plan.lower_prio_batch <= now) {
    plan.lower_prio_batch.reset();
    enqueue(plan, plan.params.lower_prio_repeat, now);
  }
  if (plan.refresh && *plan.refresh <= now) {
    step(plan.refresh, plan.params.refresh, now);
    enqueue(plan, plan.params.refresh_repeat, now);
  }
  arm_plan(index);
}

/// Keeps the phase; periods slept through are not made up for.
void Announcer::step(std::optional<Instant>& due, Micros period, Instant now) {
  const Nanos length = period;
  *due += length * ((now - *due) / length + 1);
}

/// The next packet of a queue: the lane at the head goes on with its round; after a round it is the others'
/// turn.
void Announcer::serve(std::uint32_t queue_index, Instant now, AnnounceSend& send) {
  Queue& queue = queues_[queue_index];
  const std::uint32_t index = queue.head;
  Lane& lane = lanes_[index];
  const AnnounceAddress& address = lane.addresses[lane.cursor];
  send = {lane.router, address.index, address.link, address.family};
  ++lane.cursor;
  queue.next_at = now + queue.interval;
  if (lane.cursor == lane.addresses.size()) {
    const std::uint32_t rounds = lane.rounds - 1;
    unlink(index);
    if (rounds > 0) {
      lane.rounds = rounds;
      append(index);
    }
  }
  arm_queue(queue_index);
}

std::size_t Announcer::take_due(Instant now, std::span<AnnounceSend> out) {
  // Batches that begin at one instant all begin before the first of them is sent, so that they take turns.
  for (std::size_t fired = 0; fired < out.size() * kTimersPerSend; ++fired) {
    const auto plan = due_plans_.due(now);
    if (!plan) break;
    fire_plan(*plan, now);
  }
  if (due_plans_.due(now)) return 0;
  std::size_t sent = 0;
  while (sent < out.size()) {
    const auto queue = due_queues_.due(now);
    if (!queue) break;
    serve(*queue, now, out[sent]);
    ++sent;
  }
  return sent;
}

}  // namespace ka::vrrp
