#include "native/engine/socket_table.h"

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>

#include "native/net/nl.h"

namespace ka::engine {

Result<void> SocketTable::attach(Router& router, Instant now) {
  const IfIndex index = router.link == nullptr ? 0 : router.link->index;
  const bool is_possible = router.link == nullptr || index != 0;
  if (router.socket != nullptr && is_possible && router.socket->socket.link() == index) return {};
  detach(router);
  if (!is_possible) return {};

  auto& place = entries_[Key{index, router.family()}];
  if (place == nullptr) {
    const std::string name = router.link == nullptr ? std::string() : router.link->name;
    auto opened = VrrpSocket::open(index, name, router.family(), router.config.receive_buffer);
    if (!opened.ok()) {
      entries_.erase(Key{index, router.family()});
      return opened.error();
    }
    place = std::make_unique<SocketEntry>(std::move(*opened), name);
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
  entry.socket.want_receive_buffer(router.config.receive_buffer);
  ++entry.users;
  entry.by_vrid[router.config.params.vrid].push_back(&router);
  router.socket = &entry;
  const bool is_first = !router.config.is_unicast() && ++entry.groups[router.config.multicast_group] == 1;
  Result<void> ready = refresh_filter(entry);
  if (ready.ok() && is_first) ready = entry.socket.join(router.config.multicast_group);
  if (!ready.ok()) detach(router);
  return ready;
}

void SocketTable::detach(Router& router) {
  SocketEntry* entry = std::exchange(router.socket, nullptr);
  if (entry == nullptr) return;
  for (auto& routers : entry->by_vrid) std::erase(routers, &router);
  if (!router.config.is_unicast() && --entry->groups[router.config.multicast_group] <= 0) {
    entry->groups.erase(router.config.multicast_group);
    // The link may be gone, and the membership with it.
    static_cast<void>(entry->socket.leave(router.config.multicast_group));
  }
  if (--entry->users > 0) {
    static_cast<void>(refresh_filter(*entry));
  } else {
    release(*entry);
  }
}

void SocketTable::release(SocketEntry& entry) {
  static_cast<void>(::epoll_ctl(epoll_, EPOLL_CTL_DEL, entry.socket.fd(), nullptr));
  entries_.erase(Key{entry.socket.link(), entry.socket.family()});
}

Result<void> SocketTable::refresh_filter(SocketEntry& entry) {
  VridSet vrids;
  for (std::size_t vrid = 1; vrid < entry.by_vrid.size(); ++vrid)
    vrids.set(vrid, !entry.by_vrid[vrid].empty());
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
