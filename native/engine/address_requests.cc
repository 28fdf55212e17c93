// The part of AddressTable that deals with the kernel: requests that a worker sends, their answers, and what
// the monitor tells.
//
// The two come over two sockets, and the kernel tells the monitor before it answers. So answers are taken
// from their socket first, then the monitor is read to its end, then the answers count; and where the monitor
// has told of our own change already, that was the answer. IPv6 news does not say whose change it was.
#include <algorithm>
#include <cerrno>
#include <functional>

#include "native/engine/addresses.h"

namespace ka::engine {

// ---- what the kernel tells ----

AddressTable::SlotId AddressTable::find(const net::KernelAddress& address) const {
  const auto found = by_key_.find(Key{address.link, address.prefix.address, address.prefix.length});
  return found == by_key_.end() ? kNoSlot : found->second;
}

bool AddressTable::address_present(const net::KernelAddress& address, net::Origin origin, Instant now) {
  const SlotId id = find(address);
  if (id == kNoSlot) return false;
  Slot& slot = slots_[id];
  slot.is_listed = true;
  if (origin.port == pipeline_.port()) {
    // Also of an earlier request, whose answer was lost and which runs again.
    if (slot.running == Running::kAdd) {
      slot.is_doubtful = false;
      finish(id, 0, now);
    }
    return true;
  }
  if (slot.is_present) return true;
  // Someone else added it: it is not ours to remove, unless a router is Active.
  slot.is_present = true;
  if (slot.wanted > 0) take_charge(slot);
  publish(slot);
  settle(id);
  enqueue(id);
  return true;
}

bool AddressTable::address_gone(const net::KernelAddress& address, net::Origin origin, Instant now) {
  const SlotId id = find(address);
  if (id == kNoSlot) return false;
  Slot& slot = slots_[id];
  const bool is_mine = origin.port == pipeline_.port();
  const auto age = static_cast<std::int32_t>(origin.sequence - slot.sequence);
  // News that is older than our last request, or whose answer was first.
  if (is_mine && slot.sequence != 0 && (age < 0 || (age == 0 && slot.running != Running::kDelete)))
    return true;
  if (slot.running == Running::kDelete) {
    // Whoever it was: it is gone, and what our own request brings does not matter.
    finish(id, 0, now);
    return true;
  }
  // It may have gone after the kernel added it for us and before we hear that it did.
  if (slot.running == Running::kAdd) slot.is_doubtful = true;
  if (!slot.is_present) return true;
  lost(id, !is_mine, now);
  return true;
}

void AddressTable::lost(SlotId id, bool by_others, Instant now) {
  Slot& slot = slots_[id];
  slot.is_present = slot.is_ours = slot.is_outdated = false;
  publish(slot);
  if (slot.wanted == 0) {
    drop_if_unused(id);
    return;
  }
  if (by_others) {
    if (slot.spec.no_track) return;
    if (!slot.breaker.allows(now)) {
      tell(slot, AddressEvent::kGaveUp, 0);
      retry_later(id, slot.breaker.window_end());
      return;
    }
    slot.is_restored = true;
  }
  enqueue(id);
}

void AddressTable::list_begin() {
  for (Slot& slot : slots_) slot.is_listed = false;
}

void AddressTable::list_end(Instant now) {
  for (SlotId id = 0; id < slots_.size(); ++id) {
    if (slots_[id].is_present && !slots_[id].is_listed && slots_[id].index != 0) lost(id, true, now);
  }
}

// ---- requests ----

void AddressTable::enqueue(SlotId id) {
  Slot& slot = slots_[id];
  if (slot.is_queued) return;
  slot.is_queued = true;
  queue_.push_back(id);
}

void AddressTable::request(SlotId id) {
  Slot& slot = slots_[id];
  slot.is_queued = false;
  if (slot.running != Running::kNone) {  // one at a time: its answer leads here again
    slot.looks_again = true;
    return;
  }
  if (slot.index == 0 || slot.retry_at || slot.is_adopted) return drop_if_unused(id);
  const bool is_known_ours = slot.is_present && slot.is_ours && (slot.wanted == 0 || slot.is_outdated);
  const bool must_go = is_known_ours || (slot.is_add_unanswered && slot.wanted == 0);
  if (must_go) {
    slot.running = Running::kDelete;
    slot.sequence = pipeline_.queue(net::delete_address(kernel_form(slot)), id);
  } else if (slot.wanted > 0 && !slot.is_present && !slot.has_failed) {
    slot.running = Running::kAdd;
    slot.is_doubtful = false;
    slot.sequence = pipeline_.queue(net::add_address(kernel_form(slot)), id);
  } else {
    slot.is_outdated = slot.is_outdated && slot.is_ours;
    drop_if_unused(id);
  }
}

bool AddressTable::send(std::size_t budget) {
  for (std::size_t i = 0; i < budget && !queue_.empty(); ++i) {
    const SlotId id = queue_.front();
    queue_.pop_front();
    request(id);
  }
  if (auto batch = pipeline_.take_batch(); !batch.bytes.empty()) {
    const auto failed = std::make_shared<int>(0);
    auto work = [fd = pipeline_.fd(), bytes = std::move(batch.bytes), failed] {
      const auto sent = net::send_netlink(fd, bytes);
      if (!sent.ok()) *failed = sent.error().err_no;
    };
    worker_.give(std::move(work), [this, failed, last = batch.last_sequence] {
      if (*failed != 0) pipeline_.fail_until(last, *failed, done_);
    });
  }
  return !queue_.empty();
}

void AddressTable::count_answers(Instant now) {
  // An answer may lead to what is answered at once: by index.
  for (std::size_t i = 0; i < done_.size(); ++i) {
    const net::Completion completion = done_[i];
    if (completion.cookie == kOther) continue;
    const auto id = static_cast<SlotId>(completion.cookie);
    // The monitor has told already, or the slot speaks of another link or address by now.
    const Slot& slot = slots_[id];
    if (slot.running == Running::kNone || slot.sequence != completion.sequence) continue;
    finish(id, completion.err_no, now);
  }
  done_.clear();
}

void AddressTable::finish(SlotId id, int err_no, Instant now) {
  if (std::exchange(slots_[id].running, Running::kNone) == Running::kAdd) {
    added(id, err_no, now);
  } else {
    deleted(id, err_no, now);
  }
  if (std::exchange(slots_[id].looks_again, false)) enqueue(id);
  drop_if_unused(id);
}

void AddressTable::added(SlotId id, int err_no, Instant now) {
  Slot& slot = slots_[id];
  if (err_no != 0 && err_no != EEXIST) return refused(id, err_no, now);
  if (std::exchange(slot.is_doubtful, false)) {
    // Asked once more, the kernel says which it is: there already (ours), or added again.
    slot.is_add_unanswered = true;
    slot.is_present = false;
    return enqueue(id);
  }
  slot.is_present = slot.is_listed = true;
  slot.is_stale = slot.is_outdated = false;
  // The answer to an earlier request was lost: that one may have added it.
  if (err_no == 0 || std::exchange(slot.is_add_unanswered, false)) slot.is_ours = true;
  slot.is_add_unanswered = false;
  take_charge(slot);
  if (std::exchange(slot.is_restored, false)) tell(slot, AddressEvent::kRestored, 0);
  publish(slot);
  settle(id);
  if (slot.wanted == 0) enqueue(id);
}

void AddressTable::refused(SlotId id, int err_no, Instant now) {
  Slot& slot = slots_[id];
  slot.is_restored = false;
  if (err_no == ENOBUFS) {  // the answer was lost: ask again
    slot.is_add_unanswered = true;
    return enqueue(id);
  }
  if (err_no == ENODEV) {  // the monitor will tell what became of the link
    settle(id);
    return;
  }
  slot.has_failed = true;
  tell(slot, AddressEvent::kFailed, err_no);
  retry_later(id, now + kRetry);
  settle(id);
}

void AddressTable::deleted(SlotId id, int err_no, Instant now) {
  Slot& slot = slots_[id];
  const bool is_gone = err_no == 0 || err_no == EADDRNOTAVAIL || err_no == ENODEV;
  if (!is_gone) {
    if (err_no == ENOBUFS) return enqueue(id);
    tell(slot, AddressEvent::kFailed, err_no);
    return retry_later(id, now + kRetry);
  }
  if (std::exchange(slot.is_stale, false)) tell(slot, AddressEvent::kStaleRemoved, 0);
  slot.is_present = slot.is_ours = slot.is_outdated = slot.is_add_unanswered = false;
  publish(slot);
  if (slot.wanted > 0) enqueue(id);
}

void AddressTable::settle(SlotId id) {
  // Observers may ask for more; the list is taken first.
  const std::vector<vrrp::RouterId> waiting = std::exchange(slots_[id].waiting, {});
  for (const vrrp::RouterId router : waiting) {
    Owner& owner = owners_[router];
    if (owner.pending > 0 && --owner.pending == 0) observer_.addresses_settled(router);
  }
}

void AddressTable::publish(const Slot& slot) {
  for (const User& user : slot.users) {
    const auto owner = owners_.find(user.router);
    if (owner == owners_.end() || owner->second.flags == nullptr) continue;
    if (user.index >= owner->second.flags->size()) continue;
    (*owner->second.flags)[user.index].store(slot.is_present && owner->second.is_wanted,
                                             std::memory_order_relaxed);
  }
}

void AddressTable::tell(const Slot& slot, AddressEvent what, int err_no) {
  for (const User& user : slot.users) observer_.address_event(user.router, slot.spec, what, err_no);
}

// ---- time ----

void AddressTable::retry_later(SlotId id, Instant at) {
  slots_[id].retry_at = at;
  retries_.emplace_back(at, id);
  std::ranges::push_heap(retries_, std::greater{});
}

std::optional<Instant> AddressTable::next_deadline() const {
  if (retries_.empty()) return std::nullopt;
  return retries_.front().first;
}

void AddressTable::advance(Instant now) {
  while (!retries_.empty() && retries_.front().first <= now) {
    const auto [at, id] = retries_.front();
    std::ranges::pop_heap(retries_, std::greater{});
    retries_.pop_back();
    Slot& slot = slots_[id];
    if (slot.retry_at != at) continue;
    slot.retry_at.reset();
    slot.has_failed = false;
    enqueue(id);
  }
}

void AddressTable::promote_secondaries(IfIndex link) {
  pipeline_.queue(net::promote_secondaries(link, true), kOther);
}

}  // namespace ka::engine
