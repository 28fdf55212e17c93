// Everything that the engine thread owns, in one place: the parts of the engine are handed this and nothing
// else.
#pragma once

#include <memory>
#include <unordered_map>

#include "native/engine/addresses.h"
#include "native/engine/clock.h"
#include "native/engine/config.h"
#include "native/engine/events.h"
#include "native/engine/links.h"
#include "native/engine/router.h"
#include "native/engine/socket_table.h"
#include "native/engine/status.h"
#include "native/engine/vip_probe.h"
#include "native/vrrp/announce.h"
#include "native/vrrp/domain.h"

namespace ka::engine {

/// Thread: engine.
struct World {
  World(const Options& chosen, int epoll, Worker& worker, EngineShared& counters, EventRing& ring)
      : options(chosen), sockets(epoll, worker), shared(counters), events(ring) {}

  [[nodiscard]] Router* find(vrrp::RouterId id) {
    const auto found = routers.find(id);
    return found == routers.end() ? nullptr : found->second.get();
  }
  /// Dates an event and hands it over.
  void tell(Event event) {
    event.at_ns = realtime_now_ns();
    events.push(event);
  }
  /// Shows other threads what has become of a router.
  void publish(const Router& router) {
    RouterView shown;
    if (const auto view = domain.view(router.config.id)) shown.view = *view;
    shown.source = router.source;
    shown.time_in_state = router.time_in_state;
    router.shared().view.store(shown);
  }

  const Options& options;
  vrrp::Domain domain;
  vrrp::Announcer announcer;
  Links links;
  SocketTable sockets;
  /// After `sockets`: routers point into it and are destroyed first.
  std::unordered_map<vrrp::RouterId, std::unique_ptr<Router>> routers;
  /// Closed when it is not wanted or could not be had.
  VipProber prober;
  EngineShared& shared;
  EventRing& events;
};

}  // namespace ka::engine
