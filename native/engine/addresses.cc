#include "native/engine/addresses.h"

#include <algorithm>
#include <cerrno>
#include <functional>

namespace ka::engine {

namespace {

/// Someone who keeps deleting an address is answered this often in a window, then left alone until the window
/// ends.
constexpr int kMaxRestores = 5;
constexpr std::chrono::seconds kRestoreWindow{10};
/// An address that the kernel refuses is tried again after this.
constexpr std::chrono::seconds kRetry{10};

constexpr std::uint64_t kAddBit = std::uint64_t{1} << 32;
constexpr std::uint64_t kOther = std::uint64_t{1} << 33;  // a request about no address

}  // namespace

std::size_t AddressTable::KeyHash::operator()(const Key& key) const {
  std::uint64_t hash = 0xcbf29ce484222325ULL ^ key.link ^ (std::uint64_t{key.length} << 32);
  for (const std::uint8_t byte : key.address.bytes()) hash = (hash ^ byte) * 0x100000001b3ULL;
  return static_cast<std::size_t>(hash ^ (hash >> 29));
}

net::Address AddressTable::kernel_form(const Slot& slot) {
  return {.link = slot.index,
          .prefix = slot.spec.prefix,
          .peer = slot.spec.peer,
          .broadcast = slot.spec.broadcast,
          .scope = slot.spec.scope,
          .flags = slot.spec.flags,
          .preferred_s = slot.spec.preferred_s,
          .label = slot.spec.label};
}

// ---- configuration ----

AddressTable::SlotId AddressTable::slot_for(const VirtualAddress& address, Leftovers leftovers) {
  const auto [begin, end] = by_dev_.equal_range(address.dev);
  const LinkState& link = links_.use(address.dev);
  if (link.is_present()) {
    const auto known = by_key_.find(Key{link.index, address.prefix.address, address.prefix.length});
    if (known != by_key_.end()) return known->second;
  } else {
    for (auto it = begin; it != end; ++it) {
      if (slots_[it->second].spec.prefix == address.prefix) return it->second;
    }
  }
  SlotId id = static_cast<SlotId>(slots_.size());
  if (free_.empty()) {
    slots_.emplace_back();
  } else {
    id = free_.back();
    free_.pop_back();
    slots_[id] = Slot{};
  }
  slots_[id].spec = address;
  slots_[id].leftovers = leftovers;
  slots_[id].link = &links_.use(address.dev);
  by_dev_.emplace(address.dev, id);
  bind(id);
  return id;
}

void AddressTable::bind(SlotId id) {
  Slot& slot = slots_[id];
  slot.index = slot.link->index;
  if (slot.index == 0) return;
  by_key_[Key{slot.index, slot.spec.prefix.address, slot.spec.prefix.length}] = id;
  const auto& known = slot.link->addresses;
  const auto same = [&](const net::KernelAddress& a) { return a.prefix == slot.spec.prefix; };
  const auto found = std::ranges::find_if(known, same);
  slot.is_present = found != known.end();
  if (!slot.is_present) return;
  // It was there before the engine had to do with it; the configuration says that it is ours to decide.
  slot.is_ours = slot.leftovers != Leftovers::kLeave || found->protocol == net::kProtocolKeepalived;
  slot.is_stale = slot.is_ours;
  if (slot.is_ours) links_.remove_address({.link = slot.index, .prefix = slot.spec.prefix});
}

void AddressTable::unbind(SlotId id) {
  Slot& slot = slots_[id];
  if (slot.index != 0) by_key_.erase(Key{slot.index, slot.spec.prefix.address, slot.spec.prefix.length});
  slot.index = 0;
  slot.is_present = slot.is_ours = slot.is_stale = slot.is_outdated = slot.is_add_unanswered = false;
  publish(slot);
}

void AddressTable::define(vrrp::RouterId router, std::span<const VirtualAddress> addresses,
                          std::shared_ptr<InstalledFlags> flags, Leftovers leftovers) {
  Owner& owner = owners_[router];
  const std::vector<SlotId> old = std::move(owner.slots);
  owner.slots.clear();
  owner.flags = std::move(flags);
  // The new ones first, so that what stays is never without a user.
  for (std::uint32_t i = 0; i < addresses.size(); ++i) {
    const SlotId id = slot_for(addresses[i], leftovers);
    // Written twice, it is advertised twice, as keepalived does; the kernel has it once.
    if (std::ranges::find(owner.slots, id) != owner.slots.end()) continue;
    Slot& slot = slots_[id];
    if (!(slot.spec == addresses[i])) {
      slot.is_outdated = slot.is_present;
      slot.spec = addresses[i];
    }
    const bool is_known =
        std::erase_if(slot.users, [&](const User& user) { return user.router == router; }) > 0;
    slot.users.push_back({router, i});
    owner.slots.push_back(id);
    if (!is_known) {
      if (slot.is_stale) slot.is_adopted = leftovers == Leftovers::kAdopt;
      if (owner.is_wanted) want_slot(id, owner, router);
    }
    publish(slot);
    enqueue(id);
  }
  for (auto it = old.rbegin(); it != old.rend(); ++it) {
    if (std::ranges::find(owner.slots, *it) == owner.slots.end()) release(*it, router);
  }
}

void AddressTable::release(SlotId id, vrrp::RouterId router) {
  Owner& owner = owners_[router];
  if (owner.is_wanted) unwant_slot(id, router);
  Slot& slot = slots_[id];
  slot.is_adopted = false;
  std::erase_if(slot.users, [&](const User& user) { return user.router == router; });
  enqueue(id);
  drop_if_unused(id);
}

void AddressTable::forget(vrrp::RouterId router) {
  const auto found = owners_.find(router);
  if (found == owners_.end()) return;
  const std::vector<SlotId> slots = found->second.slots;
  for (auto it = slots.rbegin(); it != slots.rend(); ++it) release(*it, router);
  owners_.erase(router);
}

void AddressTable::drop_if_unused(SlotId id) {
  Slot& slot = slots_[id];
  if (!slot.users.empty() || slot.is_queued || slot.retry_at) return;
  if (slot.is_present && slot.is_ours) return;  // its deletion is still to come
  unbind(id);
  const auto [begin, end] = by_dev_.equal_range(slot.spec.dev);
  for (auto it = begin; it != end; ++it) {
    if (it->second != id) continue;
    by_dev_.erase(it);
    free_.push_back(id);
    return;
  }
}

void AddressTable::want(vrrp::RouterId router, bool wanted) {
  const auto found = owners_.find(router);
  if (found == owners_.end()) return;
  Owner& owner = found->second;
  for (const SlotId id : owner.slots) {
    if (std::exchange(slots_[id].is_adopted, false)) enqueue(id);
  }
  if (owner.is_wanted == wanted) return;
  owner.is_wanted = wanted;
  if (wanted) {
    for (const SlotId id : owner.slots) want_slot(id, owner, router);
    if (owner.pending == 0) observer_.addresses_settled(router);
    return;
  }
  // Backwards: the kernel drops the secondaries of a subnet together with its first address.
  for (auto it = owner.slots.rbegin(); it != owner.slots.rend(); ++it) unwant_slot(*it, router);
}

bool AddressTable::is_settled(vrrp::RouterId router) const {
  const auto found = owners_.find(router);
  return found == owners_.end() || found->second.pending == 0;
}

void AddressTable::want_slot(SlotId id, Owner& owner, vrrp::RouterId router) {
  Slot& slot = slots_[id];
  ++slot.wanted;
  slot.has_failed = false;
  if (slot.is_present) take_charge(slot);
  if (!slot.is_present || slot.is_outdated) {
    slot.waiting.push_back(router);
    ++owner.pending;
  }
  publish(slot);
  enqueue(id);
}

/// keepalived: whoever added it, an Active Router answers for its addresses and removes them when it leaves;
/// else two nodes would have them.
void AddressTable::take_charge(Slot& slot) {
  if (slot.leftovers != Leftovers::kLeave) slot.is_ours = true;
}

void AddressTable::unwant_slot(SlotId id, vrrp::RouterId router) {
  Slot& slot = slots_[id];
  if (slot.wanted > 0) --slot.wanted;
  owners_[router].pending -= static_cast<std::uint32_t>(std::erase(slot.waiting, router));
  publish(slot);
  enqueue(id);
}

// ---- what the kernel tells ----

void AddressTable::link_changed(const LinkState& link) {
  const auto [begin, end] = by_dev_.equal_range(link.name);
  std::vector<SlotId> affected;
  for (auto it = begin; it != end; ++it) affected.push_back(it->second);
  for (const SlotId id : affected) {
    Slot& slot = slots_[id];
    if (slot.index != link.index) {
      // Another link, or none: what the old one had went with it; a renamed one keeps it, and must not.
      if (slot.index != 0 && slot.is_present && slot.is_ours && links_.by_index(slot.index) != nullptr) {
        pipeline_.queue(net::delete_address(kernel_form(slot)), kOther);
      }
      unbind(id);
      bind(id);
      for (const User& user : slot.users) {
        const Owner& owner = owners_[user.router];
        if (owner.is_wanted && !slot.is_present &&
            std::ranges::find(slot.waiting, user.router) == slot.waiting.end()) {
          slot.waiting.push_back(user.router);
          ++owners_[user.router].pending;
        }
      }
    }
    slot.has_failed = false;
    slot.retry_at.reset();
    if (slot.index == 0) settle(id);
    enqueue(id);
    drop_if_unused(id);
  }
}

AddressTable::SlotId AddressTable::find(const net::KernelAddress& address) const {
  const auto found = by_key_.find(Key{address.link, address.prefix.address, address.prefix.length});
  return found == by_key_.end() ? kNoSlot : found->second;
}

bool AddressTable::address_present(const net::KernelAddress& address, net::Origin origin) {
  const SlotId id = find(address);
  if (id == kNoSlot) return false;
  Slot& slot = slots_[id];
  slot.is_listed = true;
  if (origin.port == pipeline_.port() || slot.is_present) return true;
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
  if (!slot.is_present) return true;
  const bool is_mine = origin.port == pipeline_.port();
  if (is_mine) {
    // The answer to our own request has told already, or this news is older than our last request.
    if (origin.sequence == slot.delete_sequence) return true;
    if (slot.add_sequence != 0 && static_cast<std::int32_t>(origin.sequence - slot.add_sequence) < 0)
      return true;
  }
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
    if (now - slot.window > kRestoreWindow) {
      slot.window = now;
      slot.restores = 0;
    }
    if (++slot.restores > kMaxRestores) {
      tell(slot, AddressEvent::kGaveUp, 0);
      retry_later(id, slot.window + kRestoreWindow);
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
  if (slot.index == 0 || slot.retry_at || slot.is_adopted) return drop_if_unused(id);
  const bool is_known_ours = slot.is_present && slot.is_ours && (slot.wanted == 0 || slot.is_outdated);
  const bool must_go = is_known_ours || (slot.is_add_unanswered && slot.wanted == 0);
  if (must_go) {
    slot.delete_sequence = pipeline_.queue(net::delete_address(kernel_form(slot)), id);
  } else if (slot.wanted > 0 && !slot.is_present && !slot.has_failed) {
    slot.add_sequence = pipeline_.queue(net::add_address(kernel_form(slot)), id | kAddBit);
  } else {
    slot.is_outdated = slot.is_outdated && slot.is_ours;
    drop_if_unused(id);
  }
}

bool AddressTable::step(std::size_t budget, Instant now) {
  for (std::size_t i = 0; i < budget && !queue_.empty(); ++i) {
    const SlotId id = queue_.front();
    queue_.pop_front();
    request(id);
  }
  pipeline_.flush(done_);
  pipeline_.collect(done_);
  for (const auto& completion : done_) complete(completion, now);
  done_.clear();
  return !queue_.empty();
}

void AddressTable::complete(const net::Completion& completion, Instant now) {
  if ((completion.cookie & kOther) != 0) return;
  const auto id = static_cast<SlotId>(completion.cookie & 0xffffffffU);
  if ((completion.cookie & kAddBit) != 0) {
    added(id, completion.err_no, now);
  } else {
    deleted(id, completion.err_no, now);
  }
}

void AddressTable::added(SlotId id, int err_no, Instant now) {
  Slot& slot = slots_[id];
  if (err_no != 0 && err_no != EEXIST) return refused(id, err_no, now);
  slot.is_present = true;
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
  if (slot.wanted > 0) {
    enqueue(id);
  } else {
    drop_if_unused(id);
  }
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
