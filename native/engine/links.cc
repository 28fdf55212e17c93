#include "native/engine/links.h"

#include <algorithm>

namespace ka::engine {

namespace {

bool same_address(const net::KernelAddress& a, const net::KernelAddress& b) {
  return a.prefix == b.prefix;
}

}  // namespace

LinkState& Links::named(const std::string& name) {
  auto& state = by_name_[name];
  if (state == nullptr) {
    state = std::make_unique<LinkState>();
    state->name = name;
  }
  return *state;
}

LinkState& Links::use(const std::string& name) {
  LinkState& state = named(name);
  state.is_used = true;
  return state;
}

LinkState* Links::by_index(IfIndex index) {
  const auto found = by_index_.find(index);
  return found == by_index_.end() ? nullptr : found->second.state;
}

Links::Change Links::set_link(const net::Link& link) {
  Change change;
  Known& known = by_index_[link.index];
  known.is_listed = true;
  LinkState& state = named(link.name);
  if (known.state != nullptr && known.state != &state) {
    // Renamed: the addresses go with the link.
    state.addresses = std::move(known.state->addresses);
    known.state->addresses.clear();
    known.state->index = 0;
    change.second = known.state;
  }
  const bool is_same = state.index == link.index && state.link.flags == link.flags &&
                       state.link.mac == link.mac && state.link.forwards_v6 == link.forwards_v6;
  if (!is_same || change.second != nullptr) change.first = &state;
  known.state = &state;
  state.index = link.index;
  state.link = link;
  return change;
}

Links::Change Links::remove_link(IfIndex index) {
  const auto found = by_index_.find(index);
  if (found == by_index_.end()) return {};
  LinkState* state = found->second.state;
  by_index_.erase(found);
  if (state == nullptr || state->index != index) return {};
  state->index = 0;
  state->addresses.clear();
  return {state, nullptr};
}

bool Links::add_address(const net::KernelAddress& address) {
  LinkState* state = by_index(address.link);
  if (state == nullptr) return false;
  for (auto& known : state->addresses) {
    if (!same_address(known, address)) continue;
    const bool is_same = known.flags == address.flags;
    known = address;
    return !is_same;
  }
  state->addresses.push_back(address);
  return true;
}

bool Links::remove_address(const net::KernelAddress& address) {
  LinkState* state = by_index(address.link);
  if (state == nullptr) return false;
  return std::erase_if(state->addresses, [&](const auto& known) { return same_address(known, address); }) > 0;
}

void Links::list_begin() {
  for (auto& [index, known] : by_index_) {
    known.is_listed = false;
    // The addresses are listed anew as well.
    if (known.state != nullptr) known.state->addresses.clear();
  }
}

std::vector<IfIndex> Links::list_end() {
  std::vector<IfIndex> gone;
  for (const auto& [index, known] : by_index_) {
    if (!known.is_listed) gone.push_back(index);
  }
  return gone;
}

bool Links::has_mac(const MacAddr& mac) const {
  return std::ranges::any_of(by_index_, [&](const auto& entry) {
    return entry.second.state != nullptr && entry.second.state->link.mac == mac;
  });
}

bool Links::has_address(const IpAddr& address) const {
  return std::ranges::any_of(by_index_, [&](const auto& entry) {
    const LinkState* state = entry.second.state;
    return state != nullptr && std::ranges::any_of(state->addresses, [&](const auto& known) {
             return known.prefix.address == address;
           });
  });
}

}  // namespace ka::engine
