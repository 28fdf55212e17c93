#include "native/engine/links.h"

#include <algorithm>
#include <utility>

namespace ka::engine {

namespace {

bool same_address(const net::KernelAddress& a, const net::KernelAddress& b) {
  return a.prefix == b.prefix;
}

/// Down and up count at once when the link is new, or when there is no delay.
void take_state(LinkState& state, bool is_new, Instant now) {
  const bool is_up = state.link.is_up();
  const Micros delay = is_up ? state.up_delay : state.down_delay;
  if (is_new || is_up == state.counts_as_up || delay == Micros{0}) {
    state.counts_as_up = is_up;
    state.settles_at.reset();
  } else if (!state.settles_at) {
    state.settles_at = now + delay;
  }
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

void Links::set_delays(const std::vector<LinkDelay>& delays) {
  for (LinkState* state : std::exchange(delayed_, {})) {
    state->down_delay = state->up_delay = Micros{0};
    if (state->settles_at) {
      state->settles_at = Instant::min();
      delayed_.push_back(state);
    }
  }
  for (const LinkDelay& delay : delays) {
    LinkState& state = named(delay.name);
    state.down_delay = delay.down;
    state.up_delay = delay.up;
    if (std::ranges::find(delayed_, &state) == delayed_.end()) delayed_.push_back(&state);
  }
}

std::vector<LinkState*> Links::settle(Instant now) {
  std::vector<LinkState*> settled;
  for (LinkState* state : delayed_) {
    if (!state->settles_at || *state->settles_at > now) continue;
    state->settles_at.reset();
    state->counts_as_up = state->link.is_up();
    settled.push_back(state);
  }
  return settled;
}

std::optional<Instant> Links::next_settling() const {
  std::optional<Instant> earliest;
  for (const LinkState* state : delayed_) {
    if (state->settles_at && (!earliest || *state->settles_at < *earliest)) earliest = state->settles_at;
  }
  return earliest;
}

Links::Change Links::set_link(const net::Link& link, Instant now) {
  Change change;
  Known& known = by_index_[link.index];
  known.is_listed = true;
  LinkState& state = named(link.name);
  if (known.state != nullptr && known.state != &state) {
    // Renamed: the addresses go with the link.
    state.addresses = std::move(known.state->addresses);
    known.state->addresses.clear();
    known.state->index = 0;
    known.state->settles_at.reset();
    change.second = known.state;
  }
  const bool is_same = state.index == link.index && state.link.flags == link.flags &&
                       state.link.mac == link.mac && state.link.forwards_v6 == link.forwards_v6;
  if (!is_same || change.second != nullptr) change.first = &state;
  const bool is_new = state.index != link.index;
  change.is_new_way = !is_new && link.is_up() && (state.link.mac != link.mac || !state.link.is_up());
  known.state = &state;
  state.index = link.index;
  state.link = link;
  take_state(state, is_new, now);
  return change;
}

Links::Change Links::remove_link(IfIndex index) {
  const auto found = by_index_.find(index);
  if (found == by_index_.end()) return {};
  LinkState* state = found->second.state;
  by_index_.erase(found);
  if (state == nullptr || state->index != index) return {};
  state->index = 0;
  state->settles_at.reset();
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
