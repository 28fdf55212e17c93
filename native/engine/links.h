// What the engine knows of links: presence, state and addresses, by name, because the configuration speaks of
// names and a link may come, go, or change its name at any time.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "native/engine/config.h"
#include "native/net/address.h"
#include "native/net/link.h"

namespace ka::engine {

/// A name, and the link that bears it now.
struct LinkState {
  std::string name;
  /// 0: no link has this name.
  IfIndex index = 0;
  net::Link link;
  /// In kernel order; those that the engine itself added are not among them.
  std::vector<net::KernelAddress> addresses;
  /// The configuration speaks of it: changes are told.
  bool is_used = false;
  /// Numbers of the routers that have to do with it (Node keeps them).
  std::vector<std::uint32_t> users;
  bool is_touched = false;
  /// interface_up_down_delays: how long the link must stay down, or up, before that counts.
  Micros down_delay{0};
  Micros up_delay{0};
  /// What counts; not what the kernel last said while a delay runs.
  bool counts_as_up = false;
  /// End of the delay that runs.
  std::optional<Instant> settles_at;
  /// Places in EngineShared::links start from 1; 0: none.
  std::uint32_t shown_at = 0;

  [[nodiscard]] bool is_present() const { return index != 0; }
  [[nodiscard]] bool is_up() const { return is_present() && counts_as_up; }
};

/// Thread: engine.
class Links {
 public:
  /// The state of a name, present or not; the reference stays valid. Marks it as used.
  LinkState& use(const std::string& name);
  [[nodiscard]] LinkState* by_index(IfIndex index);

  /// Delays of the links named, none of all others; what is delayed without need counts at the next `settle`.
  void set_delays(const std::vector<LinkDelay>& delays);
  /// Links whose delay is over: what the kernel said of them counts now.
  [[nodiscard]] std::vector<LinkState*> settle(Instant now);
  [[nodiscard]] std::optional<Instant> next_settling() const;

  /// What one change did: names whose presence, index, flags or MAC changed (two when a link was renamed).
  struct Change {
    LinkState* first = nullptr;
    LinkState* second = nullptr;
    /// `first` has another MAC address, or has come up: neighbours and switches know an old way to it, or
    /// none.
    bool is_new_way = false;
  };
  Change set_link(const net::Link& link, Instant now);
  Change remove_link(IfIndex index);
  /// True when the address was not known.
  bool add_address(const net::KernelAddress& address);
  /// True when it was known.
  bool remove_address(const net::KernelAddress& address);

  /// Marks everything as not listed; what `list_end` finds unlisted is gone: its indexes are returned.
  void list_begin();
  [[nodiscard]] std::vector<IfIndex> list_end();

  /// True when a link of this host has the MAC address.
  [[nodiscard]] bool has_mac(const MacAddr& mac) const;
  /// True when some link has the address.
  [[nodiscard]] bool has_address(const IpAddr& address) const;

 private:
  struct Known {
    LinkState* state = nullptr;
    bool is_listed = true;
  };
  LinkState& named(const std::string& name);

  /// Those with a delay.
  std::vector<LinkState*> delayed_;
  std::unordered_map<std::string, std::unique_ptr<LinkState>> by_name_;
  std::unordered_map<IfIndex, Known> by_index_;
};

}  // namespace ka::engine
