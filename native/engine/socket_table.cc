#include "native/engine/socket_table.h"

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>

#include "native/net/nl.h"

namespace ka::engine {

namespace {

/// The kernel doubles what it is asked for.
constexpr std::int64_t kLargestBuffer = 0x3fffffff;

std::int64_t wished_buffer(const Router& router) {
  const std::int64_t mtu = router.link == nullptr ? 0 : router.link->link.mtu;
  return router.config.receive_buffer + mtu * router.config.receive_mtus;
}

}  // namespace

Result<void> SocketTable::attach(Router& router, Instant now) {
  const IfIndex index = router.link == nullptr ? 0 : router.link->index;
  const bool is_possible = router.link == nullptr || index != 0;
  if (router.socket != nullptr && is_possible && router.socket->socket.link() == index) {
    set_share(*router.socket, router, wished_buffer(router));
    if (router.config.is_unicast()) return {};
    const auto& refused = router.socket->groups[router.config.multicast_group].refused;
    if (!refused) return {};
    const Error error = *refused;
    detach(router);
    return error;
  }
  detach(router);
  if (!is_possible) return {};

  auto& place = entries_[Key{index, router.family()}];
  if (place == nullptr) {
    const std::string name = router.link == nullptr ? std::string() : router.link->name;
    auto opened = VrrpSocket::open(index, name, router.family());
    if (!opened.ok()) {
      entries_.erase(Key{index, router.family()});
      return opened.error();
    }
    place = std::make_shared<SocketEntry>(std::move(*opened), name);
    place->empty_at = now;
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = place.get();
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, place->socket.fd(), &event) != 0) {
      const Error error = net::kernel_error("epoll_ctl", errno, name);
      entries_.erase(Key{index, router.family()});
      return error;
    }
  }
  SocketEntry& entry = *place;
  ++entry.users;
  entry.by_vrid[router.config.params.vrid].push_back(&router);
  router.socket = &entry;
  set_share(entry, router, wished_buffer(router));
  Result<void> ready = refresh_filter(entry);
  if (!router.config.is_unicast()) {
    SocketEntry::Group& group = entry.groups[router.config.multicast_group];
    if (++group.users == 1) join(place, router.config.multicast_group);
    if (ready.ok() && group.refused) ready = *group.refused;
  }
  if (!ready.ok()) detach(router);
  return ready;
}

void SocketTable::join(const std::shared_ptr<SocketEntry>& entry, const IpAddr& address) {
  const std::uint64_t joining = entry->groups[address].joining = ++last_joining_;
  const auto result = std::make_shared<Result<void>>();
  auto work = [entry, address, result] { *result = entry->socket.join(address); };
  // Without the entry: the last one to hold it closes the socket, and that must not be this thread.
  const Key key{entry->socket.link(), entry->socket.family()};
  worker_.give(std::move(work),
               [this, key, address, joining, result] { joined(key, address, joining, *result); });
}

void SocketTable::joined(const Key& key, const IpAddr& address, std::uint64_t joining,
                         const Result<void>& result) {
  const auto entry = entries_.find(key);
  if (entry == entries_.end()) return;
  const auto group = entry->second->groups.find(address);
  if (group == entry->second->groups.end() || group->second.joining != joining) return;
  group->second.is_joined = result.ok();
  if (!result.ok()) group->second.refused = result.error();
  for (const auto& routers : entry->second->by_vrid) {
    for (const Router* router : routers) {
      if (!router->config.is_unicast() && router->config.multicast_group == address)
        joined_.push_back(router->config.id);
    }
  }
}

bool SocketTable::hears(const Router& router) {
  if (router.socket == nullptr) return false;
  if (router.config.is_unicast()) return true;
  const auto known = router.socket->groups.find(router.config.multicast_group);
  return known != router.socket->groups.end() && known->second.is_joined;
}

void SocketTable::detach(Router& router) {
  SocketEntry* entry = std::exchange(router.socket, nullptr);
  if (entry == nullptr) return;
  for (auto& routers : entry->by_vrid) std::erase(routers, &router);
  if (!router.config.is_unicast() && --entry->groups[router.config.multicast_group].users <= 0) {
    entry->groups.erase(router.config.multicast_group);
    // The link may be gone, and the membership with it.
    const auto shared = entries_.at(Key{entry->socket.link(), entry->socket.family()});
    worker_.give(
        [shared, group = router.config.multicast_group] { static_cast<void>(shared->socket.leave(group)); });
  }
  if (--entry->users > 0) {
    set_share(*entry, router, 0);
    static_cast<void>(refresh_filter(*entry));
  } else {
    router.buffer_share = 0;
    release(*entry);
  }
}

void SocketTable::release(SocketEntry& entry) {
  static_cast<void>(::epoll_ctl(epoll_, EPOLL_CTL_DEL, entry.socket.fd(), nullptr));
  const auto known = entries_.find(Key{entry.socket.link(), entry.socket.family()});
  // The last one to hold it closes the socket.
  worker_.give([shared = std::move(known->second)] {});
  entries_.erase(known);
}

void SocketTable::let_all_in(bool lets) {
  if (std::exchange(lets_all_in_, lets) == lets) return;
  for (const auto& [key, entry] : entries_) static_cast<void>(refresh_filter(*entry));
}

/// keepalived: as much as all routers of the socket wish together.
void SocketTable::set_share(SocketEntry& entry, Router& router, std::int64_t bytes) {
  entry.wished_bytes += bytes - std::exchange(router.buffer_share, bytes);
  entry.socket.set_receive_buffer(static_cast<int>(std::min(entry.wished_bytes, kLargestBuffer)));
}

Result<void> SocketTable::refresh_filter(SocketEntry& entry) const {
  VridSet vrids;
  for (std::size_t vrid = 1; vrid < entry.by_vrid.size(); ++vrid)
    vrids.set(vrid, lets_all_in_ || !entry.by_vrid[vrid].empty());
  return entry.socket.set_filter(vrids);
}

Router* SocketTable::recipient(const SocketEntry& entry, Vrid vrid, const wire::Datagram& datagram) {
  const auto& candidates = entry.by_vrid[vrid];
  if (candidates.empty()) return nullptr;
  if (candidates.size() == 1) return candidates.front();
  // Several routers with one VRID: multicast ones differ by group, unicast ones by own address and peers.
  const auto fits = [&](const Router* router) {
    if (!router->config.is_unicast()) return router->config.multicast_group == datagram.destination;
    return router->source == datagram.destination &&
           std::ranges::any_of(router->config.peers,
                               [&](const wire::Peer& peer) { return peer.address == datagram.source; });
  };
  const auto found = std::ranges::find_if(candidates, fits);
  return found == candidates.end() ? nullptr : *found;
}

}  // namespace ka::engine
