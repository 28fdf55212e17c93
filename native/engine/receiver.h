// From packets to the state machine: which router a packet is for, whether it is acceptable, and the counters
// of both.
#pragma once

#include "native/engine/sockets.h"
#include "native/engine/world.h"

namespace ka::engine {

/// Thread: engine.
class Receiver {
 public:
  explicit Receiver(World& world) : world_(world) {}

  /// One recvmmsg. Returns the number of packets; fewer than ReceiveBatch::kSize: the socket is empty.
  std::size_t receive(SocketEntry& entry, Instant now, const StampClock& clock);

 private:
  void packet(SocketEntry& entry, const ReceivedPacket& packet, Instant received_at, Instant now);
  void accept(Router& router, const ReceivedPacket& packet, const wire::Accepted& accepted,
              Instant received_at, Instant now);
  void refuse(Router& router, const SocketEntry& entry, const ReceivedPacket& packet, wire::DropReason reason,
              Instant now);
  void unknown_vrid(SocketEntry& entry, Vrid vrid, const ReceivedPacket& packet, Instant now);
  void refuse_unknown(wire::DropReason reason);

  World& world_;
  ReceiveBatch batch_;
};

}  // namespace ka::engine
