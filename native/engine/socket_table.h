// Which sockets there are, which routers they serve, and which router a packet is for.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <vector>

#include "native/engine/router.h"
#include "native/engine/sockets.h"

namespace ka::engine {

/// One socket and the routers that it serves.
struct SocketEntry {
  explicit SocketEntry(VrrpSocket opened, std::string name)
      : socket(std::move(opened)), link_name(std::move(name)) {}

  VrrpSocket socket;
  std::string link_name;
  std::array<std::vector<Router*>, 256> by_vrid;
  std::map<IpAddr, int> groups;  // how many routers want each
  std::size_t users = 0;
  /// When the socket was last found empty.
  Instant empty_at{};
  /// What arrived until then has been read; means something only while the socket is not empty.
  Instant read_until{};
};

/// Thread: engine.
class SocketTable {
 public:
  explicit SocketTable(int epoll) : epoll_(epoll) {}

  /// Gives the router a socket on its link as it is now, or takes it away when there is no link.
  /// Errors: what opening, joining or filtering said; the router then has no socket.
  Result<void> attach(Router& router, Instant now);
  void detach(Router& router);
  /// The router on this socket that a datagram is for; nullptr: none.
  [[nodiscard]] static Router* recipient(const SocketEntry& entry, Vrid vrid, const wire::Datagram& datagram);

 private:
  struct Key {
    IfIndex link = 0;
    Family family = Family::kIpv4;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  static Result<void> refresh_filter(SocketEntry& entry);
  void release(SocketEntry& entry);

  int epoll_;
  std::map<Key, std::unique_ptr<SocketEntry>> entries_;
};

}  // namespace ka::engine
