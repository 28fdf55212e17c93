#include "native/engine/receiver.h"

namespace ka::engine {

namespace {

/// Another sender's mistakes are told of no sooner than this after the last one's; so is a VRID of nobody.
constexpr std::chrono::seconds kSenderPause{1};

/// When the kernel received a packet, on the wall clock.
std::int64_t stamp(const ReceivedPacket& packet) {
  return packet.realtime_ns != 0 ? packet.realtime_ns : realtime_now_ns();
}

}  // namespace

std::size_t Receiver::receive(SocketEntry& entry, Instant now, const StampClock& clock) {
  const std::size_t got = batch_.receive(entry.socket);
  for (std::size_t i = 0; i < got; ++i) {
    const ReceivedPacket received = batch_.packet(i, entry.socket.family());
    const Instant received_at = clock.received_at(received.realtime_ns, entry.empty_at);
    if (clock.is_known(received.realtime_ns)) entry.read_until = std::max(entry.read_until, received_at);
    packet(entry, received, received_at, now);
  }
  if (got < ReceiveBatch::kSize) entry.empty_at = entry.read_until = now;
  return got;
}

void Receiver::packet(SocketEntry& entry, const ReceivedPacket& packet, Instant received_at, Instant now) {
  if (packet.is_ip_header_broken) return refuse_unknown(wire::DropReason::kIpHeader);
  const auto vrid = wire::peek_vrid(packet.datagram.payload);
  if (const auto* reason = std::get_if<wire::DropReason>(&vrid)) return refuse_unknown(*reason);
  Router* router = SocketTable::recipient(entry, *std::get_if<Vrid>(&vrid), packet.datagram);
  if (router == nullptr) return unknown_vrid(entry, *std::get_if<Vrid>(&vrid), packet, now);
  if (router->holds != 0 || !router->is_started) {
    router->shared().dropped[static_cast<std::size_t>(wire::DropReason::kHeld)].add();
    return;
  }
  const auto judged = wire::check(packet.datagram, expectation(*router, packet.datagram.source));
  if (const auto* reason = std::get_if<wire::DropReason>(&judged)) {
    return refuse(*router, entry, packet, *reason, now);
  }
  accept(*router, packet, *std::get_if<wire::Accepted>(&judged), received_at, now);
}

void Receiver::accept(Router& router, const ReceivedPacket& packet, const wire::Accepted& accepted,
                      Instant received_at, Instant now) {
  const wire::Datagram& datagram = packet.datagram;
  RouterShared& shared = router.shared();
  shared.received.add();
  AdvertRun one;
  one.fate = AdvertFate::kReceived;
  one.priority = accepted.advert.priority;
  one.interval = accepted.advert.advert_interval;
  one.peer = datagram.source;
  one.first_ns = stamp(packet);
  shared.adverts.add(one);
  if (accepted.advert.priority == kPriorityLeaving) shared.priority_zero_received.add();
  router.list_checked_for = datagram.source;
  if (accepted.checksum_form == wire::ChecksumForm::kOldUnicast)
    router.checksum_form = accepted.checksum_form;
  vrrp::HeardAdvert heard;
  heard.priority = accepted.advert.priority;
  heard.advert_interval = accepted.advert.advert_interval;
  heard.source = datagram.source;
  heard.received_at = received_at;
  world_.domain.advert(router.config.id, heard, now);
  world_.publish(router);
}

void Receiver::refuse(Router& router, const SocketEntry& entry, const ReceivedPacket& packet,
                      wire::DropReason reason, Instant now) {
  const IpAddr& sender = packet.datagram.source;
  router.shared().dropped[static_cast<std::size_t>(reason)].add();
  AdvertRun one;
  one.fate = AdvertFate::kRefused;
  one.reason = reason;
  one.peer = sender;
  one.first_ns = stamp(packet);
  router.shared().adverts.add(one);
  // Whoever invents a sender for each packet must not fill the log.
  if (router.told_sender != sender && now - router.told_at >= kSenderPause) {
    router.told_sender = sender;
    router.told_at = now;
    router.told_drops = 0;
  }
  const std::uint32_t flag = std::uint32_t{1} << static_cast<unsigned>(reason);
  if ((router.told_drops & flag) != 0) return;
  router.told_drops |= flag;
  Event event;
  event.kind = EventKind::kAdvertDropped;
  event.router = router.config.id;
  event.vrid = router.config.params.vrid;
  event.reason = reason;
  event.address = sender;
  event.name = Text<16>(entry.link_name);
  world_.tell(event);
}

void Receiver::unknown_vrid(SocketEntry& entry, Vrid vrid, const ReceivedPacket& packet, Instant now) {
  refuse_unknown(wire::DropReason::kVrid);
  if (!world_.sockets.lets_all_in()) return;
  const auto [told, is_new] = entry.unknown_told.try_emplace(vrid, now);
  if (!is_new && now - told->second < kSenderPause) return;
  told->second = now;
  Event event;
  event.kind = EventKind::kAdvertDropped;
  event.vrid = vrid;
  event.reason = wire::DropReason::kVrid;
  event.address = packet.datagram.source;
  event.name = Text<16>(entry.link_name);
  world_.tell(event);
}

void Receiver::refuse_unknown(wire::DropReason reason) {
  world_.shared.dropped_unknown[static_cast<std::size_t>(reason)].add();
}

}  // namespace ka::engine
