// The sockets that carry adverts and announcements: one raw protocol 112 socket per link and family, one
// packet socket for all gratuitous ARP and NA frames. Batches in and out; no knowledge of routers.
#pragma once

#include <linux/if_packet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "native/base/ip.h"
#include "native/base/result.h"
#include "native/base/units.h"
#include "native/engine/filter.h"
#include "native/net/fd.h"
#include "native/wire/vrrp.h"

namespace ka::engine {

/// A raw socket for protocol 112, bound to one link (or to none: unicast by routing alone). Thread: engine.
class VrrpSocket {
 public:
  /// Sends with TOS 0xc0, multicast not looped back; receives nothing until set_filter. `link` 0: not bound.
  /// Errors: kPermission (CAP_NET_RAW), kNotFound (no such link), kKernel.
  static Result<VrrpSocket> open(IfIndex link, const std::string& link_name, Family family);

  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] IfIndex link() const { return link_; }
  [[nodiscard]] Family family() const { return family_; }
  /// Joins a multicast group; joined already is success.
  Result<void> join(const IpAddr& group);
  Result<void> leave(const IpAddr& group);
  Result<void> set_filter(const VridSet& vrids);
  /// Size of the receive buffer in bytes; 0: our own choice.
  void set_receive_buffer(int bytes);

 private:
  VrrpSocket(Fd fd, IfIndex link, Family family) : fd_(std::move(fd)), link_(link), family_(family) {}
  Result<void> membership(const IpAddr& group, bool join);

  Fd fd_;
  IfIndex link_;
  Family family_;
  int receive_buffer_ = -1;
};

/// A received packet: a view into the batch that received it.
struct ReceivedPacket {
  wire::Datagram datagram;
  bool is_ip_header_broken = false;
  /// CLOCK_REALTIME of reception in nanoseconds; 0: the kernel did not say.
  std::int64_t realtime_ns = 0;
};

/// Buffers for one recvmmsg at a time, shared by all sockets. Thread: engine.
class ReceiveBatch {
 public:
  static constexpr std::size_t kSize = 32;

  ReceiveBatch();
  /// Packets that were there, at most kSize; none: would block.
  std::size_t receive(const VrrpSocket& socket);
  /// Packet `i` of the last receive.
  [[nodiscard]] ReceivedPacket packet(std::size_t i, Family family) const;

 private:
  static constexpr std::size_t kPacketSize = wire::kMaxAdvertSize + 64;  // IPv4 header with options
  static constexpr std::size_t kControlSize = 128;
  struct Slot {
    std::array<std::uint8_t, kPacketSize> bytes;
    alignas(cmsghdr) std::array<std::uint8_t, kControlSize> control;
    sockaddr_in6 from;
  };

  std::unique_ptr<Slot[]> slots_;
  std::array<mmsghdr, kSize> headers_{};
  std::array<iovec, kSize> vectors_{};
  std::size_t used_ = kSize;  // headers to be reset before the next call
};

/// Where and how one advert goes out.
struct Outgoing {
  IpAddr source;
  IpAddr destination;
  std::uint8_t ttl = 255;
  /// Scope of link-local and multicast IPv6 destinations.
  IfIndex link = 0;
  /// IPv4 identification.
  std::uint16_t identification = 0;
};

/// Adverts for one socket, sent with as few system calls as possible. Thread: engine.
class SendBatch {
 public:
  static constexpr std::size_t kSize = 32;

  SendBatch();
  [[nodiscard]] bool is_full() const { return count_ == kSize; }
  [[nodiscard]] std::size_t size() const { return count_; }
  /// Room for the VRRP payload of the next packet.
  [[nodiscard]] std::span<std::uint8_t> payload_room();
  /// Takes the next packet, whose payload has been written to payload_room(). Precondition: !is_full().
  void add(const Outgoing& outgoing, std::size_t payload_size);
  /// Sends everything on `socket`; `report(i, errno)` says for each packet how that went (0: sent).
  template <typename Report>
  void send(const VrrpSocket& socket, Report&& report) {
    send_all(socket.fd());
    for (std::size_t i = 0; i < count_; ++i) report(i, errors_[i]);
    count_ = 0;
  }

 private:
  struct Slot {
    std::array<std::uint8_t, 20 + wire::kMaxAdvertSize> bytes;
    alignas(cmsghdr) std::array<std::uint8_t, 64> control;
    sockaddr_in6 to;
  };
  void send_all(int fd);

  std::unique_ptr<Slot[]> slots_;
  std::array<mmsghdr, kSize> headers_{};
  std::array<iovec, kSize> vectors_{};
  std::array<int, kSize> errors_{};
  std::size_t count_ = 0;
};

/// Whole Ethernet frames to any link. Thread: engine.
class FrameSocket {
 public:
  static constexpr std::size_t kBatch = 64;

  /// Errors: kPermission (CAP_NET_RAW), kUnsupported.
  static Result<FrameSocket> open();

  [[nodiscard]] bool is_full() const { return count_ == kBatch; }
  [[nodiscard]] std::size_t size() const { return count_; }
  /// Precondition: !is_full(), frame.size() <= kFrameSize.
  void add(IfIndex link, std::span<const std::uint8_t> frame);
  /// Sends all; `report(i, errno)` for each.
  template <typename Report>
  void send(Report&& report) {
    send_all();
    for (std::size_t i = 0; i < count_; ++i) report(i, errors_[i]);
    count_ = 0;
  }

 private:
  static constexpr std::size_t kFrameSize = 96;
  struct Slot {
    std::array<std::uint8_t, kFrameSize> bytes;
    sockaddr_ll to;
  };
  explicit FrameSocket(Fd fd) : fd_(std::move(fd)), slots_(new Slot[kBatch]) {}
  void send_all();

  Fd fd_;
  std::unique_ptr<Slot[]> slots_;
  std::array<mmsghdr, kBatch> headers_{};
  std::array<iovec, kBatch> vectors_{};
  std::array<int, kBatch> errors_{};
  std::size_t count_ = 0;
};

}  // namespace ka::engine
