#include "native/engine/addresses.h"

#include <algorithm>
#include <utility>

namespace ka::engine {

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
  LinkState& link = links_.use(address.dev);
  std::set<SlotId>& on_link = by_dev_[address.dev];
  if (link.is_present()) {
    const auto known = by_key_.find(Key{link.index, address.prefix.address, address.prefix.length});
    if (known != by_key_.end()) return known->second;
  } else {
    const auto has_prefix = [&](SlotId other) { return slots_[other].spec.prefix == address.prefix; };
    if (const auto known = std::ranges::find_if(on_link, has_prefix); known != on_link.end()) return *known;
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
  slots_[id].link = &link;
  on_link.insert(id);
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
  slot.running = Running::kNone;  // an answer to come is about the old link
  slot.looks_again = slot.is_doubtful = false;
  publish(slot);
}

void AddressTable::define(vrrp::RouterId router, std::span<const VirtualAddress> addresses,
                          std::shared_ptr<InstalledFlags> flags, Leftovers leftovers) {
  Owner& owner = owners_[router];
  const std::vector<SlotId> old = std::move(owner.slots);
  owner.slots.clear();
  owner.flags = std::move(flags);
  ++definition_;
  // The new ones first, so that what stays is never without a user.
  for (std::uint32_t i = 0; i < addresses.size(); ++i) {
    const SlotId id = slot_for(addresses[i], leftovers);
    Slot& slot = slots_[id];
    // Written twice, it is advertised twice, as keepalived does; the kernel has it once.
    if (std::exchange(slot.definition, definition_) == definition_) continue;
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
    if (slots_[*it].definition != definition_) release(*it, router);
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
  if (!slot.users.empty() || slot.is_queued || slot.retry_at || slot.running != Running::kNone) return;
  if (slot.is_present && slot.is_ours) return;  // its deletion is still to come
  unbind(id);
  if (by_dev_[slot.spec.dev].erase(id) > 0) free_.push_back(id);
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
  // One that is on its way out is not there.
  if (!slot.is_present || slot.is_outdated || slot.running == Running::kDelete) {
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
  const std::set<SlotId>& on_link = by_dev_[link.name];
  // Slots may be dropped meanwhile.
  for (const SlotId id : std::vector(on_link.begin(), on_link.end())) {
    Slot& slot = slots_[id];
    if (slot.index != link.index) {
      // Another link, or none: what the old one had went with it; a renamed one keeps it, and must not.
      const bool may_be_there = (slot.is_present && slot.is_ours) || slot.running == Running::kAdd;
      if (slot.index != 0 && may_be_there && links_.by_index(slot.index) != nullptr) {
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

}  // namespace ka::engine
