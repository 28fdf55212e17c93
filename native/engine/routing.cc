#include "native/engine/routing.h"

#include <linux/rtnetlink.h>

#include <algorithm>
#include <cerrno>
#include <memory>

namespace ka::engine {

namespace {

/// Cookie of a request whose answer does not matter.
constexpr std::uint64_t kRemoval = 0;
constexpr int kMonitorDatagramsPerTurn = 64;

bool may_be(const RoutingEntry& entry, const net::Deleted& deleted) {
  if (const auto* route = std::get_if<net::Route>(&entry.what)) {
    return !deleted.is_rule && route->family == deleted.family && route->table == deleted.table &&
           route->to == deleted.to;
  }
  const auto& rule = std::get<net::Rule>(entry.what);
  return deleted.is_rule && rule.family == deleted.family && rule.preference == deleted.preference;
}

bool leads_over(const RoutingEntry& entry, const std::string& name) {
  const auto* route = std::get_if<net::Route>(&entry.what);
  if (route == nullptr) return false;
  // Without a device the kernel chose one.
  if (route->next_hops.empty()) return route->dev.empty() || route->dev == name;
  return std::ranges::any_of(route->next_hops,
                             [&](const auto& hop) { return hop.dev.empty() || hop.dev == name; });
}

}  // namespace

net::LinkIndex RoutingTable::link_index() const {
  return [this](const std::string& name) -> IfIndex { return links_.use(name).index; };
}

// ---- what is wanted ----

void RoutingTable::define(vrrp::RouterId router, std::span<const RoutingEntry> entries,
                          bool removes_leftovers) {
  const bool is_known = owners_.contains(router);
  if (entries.empty() && !is_known) return;
  Owner& owner = owners_[router];
  if (!entries.empty()) watch();
  std::vector<SlotId> old = std::exchange(owner.slots, {});
  for (const RoutingEntry& entry : entries) {
    const auto same = std::ranges::find_if(old, [&](SlotId id) { return slots_.at(id).entry == entry; });
    if (same != old.end()) {
      owner.slots.push_back(*same);
      old.erase(same);
      continue;
    }
    const SlotId id = next_++;
    Slot& slot = slots_[id];
    slot.entry = entry;
    slot.router = router;
    owner.slots.push_back(id);
    // The news of a link tells when it can be added.
    if (const auto* route = std::get_if<net::Route>(&entry.what)) {
      if (!route->dev.empty()) links_.use(route->dev);
      for (const auto& hop : route->next_hops) {
        if (!hop.dev.empty()) links_.use(hop.dev);
      }
    }
    if (owner.is_wanted) {
      add(id);
    } else if (!is_known && removes_leftovers) {
      remove(id);
    } else if (!is_known) {
      owner.has_leftovers = true;
    }
  }
  for (auto id = old.rbegin(); id != old.rend(); ++id) {
    if (owner.is_wanted || owner.has_leftovers) remove(*id);
    slots_.erase(*id);
  }
}

void RoutingTable::forget(vrrp::RouterId router) {
  want(router, false);
  const auto found = owners_.find(router);
  if (found == owners_.end()) return;
  for (const SlotId id : found->second.slots) slots_.erase(id);
  owners_.erase(found);
}

void RoutingTable::want(vrrp::RouterId router, bool wanted) {
  const auto found = owners_.find(router);
  if (found == owners_.end()) return;
  Owner& owner = found->second;
  const bool had_leftovers = std::exchange(owner.has_leftovers, false);
  const bool was_wanted = std::exchange(owner.is_wanted, wanted);
  if (wanted) {
    if (was_wanted) return;
    for (const SlotId id : owner.slots) add(id);
  } else if (was_wanted || had_leftovers) {
    // Rules before the routes that they lead to.
    for (auto id = owner.slots.rbegin(); id != owner.slots.rend(); ++id) remove(*id);
  }
}

void RoutingTable::renew(vrrp::RouterId router) {
  const auto found = owners_.find(router);
  if (found == owners_.end() || !found->second.is_wanted) return;
  for (const SlotId id : found->second.slots) add(id);
}

void RoutingTable::link_changed(const LinkState& link) {
  if (!link.is_up()) return;
  for (const auto& [router, owner] : owners_) {
    if (!owner.is_wanted) continue;
    for (const SlotId id : owner.slots) {
      if (leads_over(slots_.at(id).entry, link.name)) add(id);
    }
  }
}

bool RoutingTable::is_wanted(const Slot& slot) const {
  const auto owner = owners_.find(slot.router);
  return owner != owners_.end() && owner->second.is_wanted;
}

// ---- requests ----

void RoutingTable::add(SlotId id) {
  Slot& slot = slots_.at(id);
  slot.retry_at.reset();
  if (std::exchange(slot.is_queued, true)) return;
  additions_.push_back(id);
}

void RoutingTable::remove(SlotId id) {
  Slot& slot = slots_.at(id);
  slot.retry_at.reset();
  slot.is_restoring = slot.has_failed = false;
  if (const auto* route = std::get_if<net::Route>(&slot.entry.what)) {
    if (auto message = net::delete_route(*route, link_index())) removals_.push_back(std::move(*message));
  } else {
    removals_.push_back(net::delete_rule(std::get<net::Rule>(slot.entry.what)));
  }
}

void RoutingTable::send_removals() {
  if (removals_.empty()) return;
  for (const net::NlMessage& message : removals_) pipeline_.queue(message, kRemoval);
  removals_.clear();
  send();
}

bool RoutingTable::send_additions(std::size_t budget) {
  for (std::size_t i = 0; i < budget && !additions_.empty(); ++i) {
    const SlotId id = additions_.front();
    additions_.pop_front();
    const auto found = slots_.find(id);
    if (found == slots_.end()) continue;
    Slot& slot = found->second;
    slot.is_queued = false;
    if (!is_wanted(slot)) continue;
    if (const auto* route = std::get_if<net::Route>(&slot.entry.what)) {
      // Without its link it is added when that comes.
      const auto message = net::add_route(*route, link_index());
      if (message && message->ok()) pipeline_.queue(*message, id);
    } else {
      pipeline_.queue(net::add_rule(std::get<net::Rule>(slot.entry.what)), id);
    }
  }
  send();
  return !additions_.empty();
}

void RoutingTable::send() {
  auto batch = pipeline_.take_batch();
  if (batch.bytes.empty()) return;
  const auto failed = std::make_shared<int>(0);
  auto work = [fd = pipeline_.fd(), bytes = std::move(batch.bytes), failed] {
    const auto sent = net::send_netlink(fd, bytes);
    if (!sent.ok()) *failed = sent.error().err_no;
  };
  worker_.give(std::move(work), [this, failed, last = batch.last_sequence] {
    if (*failed != 0) pipeline_.fail_until(last, *failed, done_);
  });
}

// ---- answers and news ----

void RoutingTable::take_answers(Instant now) {
  if (is_watching_) read_monitor(now);
  pipeline_.collect(done_);
  for (std::size_t i = 0; i < done_.size(); ++i) {
    const net::Completion completion = done_[i];
    if (completion.cookie != kRemoval) added(static_cast<SlotId>(completion.cookie), completion.err_no, now);
  }
  done_.clear();
}

void RoutingTable::added(SlotId id, int err_no, Instant now) {
  const auto found = slots_.find(id);
  if (found == slots_.end() || !is_wanted(found->second)) return;
  Slot& slot = found->second;
  if (err_no == ENOBUFS) return add(id);  // the answer was lost: ask again
  const bool was_deleted = std::exchange(slot.is_restoring, false);
  if (err_no == 0 || err_no == EEXIST) {
    slot.has_failed = false;
    if (err_no == 0 && was_deleted)
      observer_.routing_event(slot.router, slot.entry, AddressEvent::kRestored, 0);
    return;
  }
  retry_later(slot, now + kRetry);
  // While a link is down it cannot be there, and comes back with the link.
  const bool is_expected = err_no == ENETDOWN || err_no == ENODEV;
  if (is_expected || std::exchange(slot.has_failed, true)) return;
  observer_.routing_event(slot.router, slot.entry, AddressEvent::kFailed, err_no);
}

void RoutingTable::watch() {
  if (std::exchange(is_watching_, true)) return;
  for (const int group : {RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE})
    static_cast<void>(monitor_.join(group));
}

void RoutingTable::read_monitor(Instant now) {
  for (int i = 0; i < kMonitorDatagramsPerTurn; ++i) {
    switch (monitor_.receive()) {
      case net::Received::kData:
        net::for_each_message(monitor_.data(), [&](nlmsghdr& header) {
          if (const auto gone = net::read_deleted(header))
            deleted(*gone, header.nlmsg_pid == pipeline_.port(), now);
        });
        break;
      case net::Received::kOverrun:
        // Some of the news is lost: all is asked for again.
        for (const auto& [router, owner] : owners_) renew(router);
        break;
      case net::Received::kNothing:
      case net::Received::kFailed:
        return;
    }
  }
}

void RoutingTable::deleted(const net::Deleted& deleted, bool is_mine, Instant now) {
  for (auto& [id, slot] : slots_) {
    if (slot.is_queued || !may_be(slot.entry, deleted) || !is_wanted(slot)) continue;
    if (is_mine) {  // another router had the same
      add(id);
      continue;
    }
    if (!slot.entry.is_tracked) continue;
    if (!slot.breaker.allows(now)) {
      if (!slot.retry_at) observer_.routing_event(slot.router, slot.entry, AddressEvent::kGaveUp, 0);
      retry_later(slot, slot.breaker.window_end());
      continue;
    }
    slot.is_restoring = true;
    add(id);
  }
}

// ---- time ----

void RoutingTable::retry_later(Slot& slot, Instant at) {
  slot.retry_at = at;
  if (!next_retry_ || at < *next_retry_) next_retry_ = at;
}

void RoutingTable::advance(Instant now) {
  if (!next_retry_ || *next_retry_ > now) return;
  next_retry_.reset();
  for (auto& [id, slot] : slots_) {
    if (!slot.retry_at) continue;
    if (*slot.retry_at <= now) {
      add(id);
    } else {
      retry_later(slot, *slot.retry_at);
    }
  }
}

}  // namespace ka::engine
