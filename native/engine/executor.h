// Carries out what the state machine decides: sends first, then addresses and announcements, then news of it.
#pragma once

#include <vector>

#include "native/engine/addresses.h"
#include "native/engine/routing.h"
#include "native/engine/sockets.h"
#include "native/engine/world.h"

namespace ka::engine {

/// Thread: engine.
class Executor {
 public:
  Executor(World& world, AddressTable& addresses, RoutingTable& routing, FrameSocket frames)
      : world_(world), addresses_(addresses), routing_(routing), frames_(std::move(frames)) {}

  /// Carries out and clears the domain's effects. True when there were others than adverts.
  bool run(Instant now);
  /// Sends gratuitous ARP and NA that are due, at most one batch. True when more are due.
  bool announce_due(Instant now);
  /// The addresses of a router are there: what waited for that is announced.
  void addresses_settled(Router& router, Instant now);
  /// From now on neither priority 0 is sent nor are addresses removed (--dont-release-vrrp).
  void leave_everything_as_it_is() { is_quiet_ = true; }
  /// Room for the adverts of so many routers. May allocate.
  void reserve(std::size_t packets) { pending_.reserve(packets); }

 private:
  struct Pending {
    SocketEntry* entry;
    Router* router;
    Priority priority;
    std::size_t order;  // in which the state machine asked
  };
  void send_adverts(Instant now);
  void send_advert(const Pending& pending);
  void flush(SocketEntry& entry);
  void sent(Router& router, Priority priority, const IpAddr& destination, int err_no);
  void advert_finished(Router& router, Instant now);
  void announce(const Router& router, vrrp::AnnounceReason reason, Instant now);
  void carry_out(const vrrp::Effect& effect, Instant now);
  /// What a router has in the kernel while it is Active.
  void want(vrrp::RouterId router, bool wanted);
  void transition(Router& router, const vrrp::Effect& effect, Instant now);
  void tell_send_failed(const Router& router, int err_no, const IpAddr& destination);

  struct InBatch {
    Router* router;
    Priority priority;
    IpAddr destination;
  };
  World& world_;
  AddressTable& addresses_;
  RoutingTable& routing_;
  FrameSocket frames_;
  SendBatch batch_;
  std::array<InBatch, SendBatch::kSize> in_batch_{};
  std::vector<Pending> pending_;
  bool is_quiet_ = false;
};

}  // namespace ka::engine
