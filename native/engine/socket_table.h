// Which sockets there are, which routers they serve, and which router a packet is for.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "native/engine/router.h"
#include "native/engine/sockets.h"
#include "native/engine/worker.h"

namespace ka::engine {

/// One socket and the routers that it serves.
struct SocketEntry {
  explicit SocketEntry(VrrpSocket opened, std::string name)
      : socket(std::move(opened)), link_name(std::move(name)) {}

  VrrpSocket socket;
  std::string link_name;
  std::array<std::vector<Router*>, 256> by_vrid;
  struct Group {
    int users = 0;
    /// Number of the joining that this is about: one that was left meanwhile is answered too.
    std::uint64_t joining = 0;
    bool is_joined = false;
    std::optional<Error> refused;
  };
  std::map<IpAddr, Group> groups;
  std::size_t users = 0;
  /// Receive buffer that its routers wish for.
  std::int64_t wished_bytes = 0;
  /// When the socket was last found empty.
  Instant empty_at{};
  /// When an advert of a VRID that no router has was last told of (log_unknown_vrids).
  std::map<Vrid, Instant> unknown_told;
  /// What arrived until then has been read; means something only while the socket is not empty.
  Instant read_until{};
};

/// Thread: engine.
class SocketTable {
 public:
  /// Joining and leaving groups, and closing, wait for the kernel's rtnl lock: `worker` does that.
  SocketTable(int epoll, Worker& worker) : epoll_(epoll), worker_(worker) {}

  /// Gives the router a socket on its link as it is now, or takes it away when there is no link.
  /// Errors: what opening, filtering or an earlier joining said; the router then has no socket.
  Result<void> attach(Router& router, Instant now);
  /// The router has a socket, and hears on it: its group has been joined.
  [[nodiscard]] static bool hears(const Router& router);
  /// Routers whose group has been joined, or refused, since the last call; they may be gone.
  [[nodiscard]] std::vector<vrrp::RouterId> take_joined() { return std::exchange(joined_, {}); }
  void detach(Router& router);
  /// Adverts of VRIDs that no router has are let in, too (log_unknown_vrids).
  void let_all_in(bool lets);
  [[nodiscard]] bool lets_all_in() const { return lets_all_in_; }
  /// The router on this socket that a datagram is for; nullptr: none.
  [[nodiscard]] static Router* recipient(const SocketEntry& entry, Vrid vrid, const wire::Datagram& datagram);

 private:
  struct Key {
    IfIndex link = 0;
    Family family = Family::kIpv4;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  static void set_share(SocketEntry& entry, Router& router, std::int64_t bytes);
  Result<void> refresh_filter(SocketEntry& entry) const;
  void join(const std::shared_ptr<SocketEntry>& entry, const IpAddr& address);
  void joined(const Key& key, const IpAddr& address, std::uint64_t joining, const Result<void>& result);
  void release(SocketEntry& entry);

  int epoll_;
  Worker& worker_;
  bool lets_all_in_ = false;
  std::vector<vrrp::RouterId> joined_;
  std::uint64_t last_joining_ = 0;
  /// Shared with the jobs of the worker that are about them.
  std::map<Key, std::shared_ptr<SocketEntry>> entries_;
};

}  // namespace ka::engine
