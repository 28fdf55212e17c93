#include "native/engine/sockets.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "native/net/nl.h"
#include "native/wire/inet.h"

namespace ka::engine {

namespace {

/// Internetwork control, RFC 791; keepalived and FRR send the same.
constexpr int kTos = 0xc0;
/// TC_PRIO_CONTROL: adverts leave before other traffic that waits in the queueing discipline.
constexpr int kSocketPriority = 7;
constexpr int kDefaultReceiveBuffer = 1024 * 1024;
constexpr int kSendBuffer = 1024 * 1024;
/// IPV6_MULTICAST_ALL, linux 4.20; spelt out for older headers.
constexpr int kIpv6MulticastAll = 29;
constexpr int kIpv6Freebind = 78;

bool set(int fd, int level, int option, int value) {
  return ::setsockopt(fd, level, option, &value, sizeof value) == 0;
}

void force_buffer(int fd, int forced, int limited, int bytes) {
  if (!set(fd, SOL_SOCKET, forced, bytes)) static_cast<void>(set(fd, SOL_SOCKET, limited, bytes));
}

Error failed(const char* op, const std::string& about) {
  return net::kernel_error(op, errno, about);
}

Result<void> prepare_v4(int fd) {
  if (!set(fd, IPPROTO_IP, IP_HDRINCL, 1)) return failed("IP_HDRINCL", "");
  if (!set(fd, IPPROTO_IP, IP_MULTICAST_LOOP, 0)) return failed("IP_MULTICAST_LOOP", "");
  // Only the groups that this very socket has joined.
  if (!set(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0)) return failed("IP_MULTICAST_ALL", "");
  return {};
}

Result<void> prepare_v6(int fd, IfIndex link) {
  if (!set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)) return failed("IPV6_RECVPKTINFO", "");
  if (!set(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1)) return failed("IPV6_RECVHOPLIMIT", "");
  if (!set(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0)) return failed("IPV6_MULTICAST_LOOP", "");
  if (!set(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 255)) return failed("IPV6_MULTICAST_HOPS", "");
  if (!set(fd, IPPROTO_IPV6, IPV6_TCLASS, kTos)) return failed("IPV6_TCLASS", "");
  if (link != 0 && !set(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, static_cast<int>(link))) {
    return failed("IPV6_MULTICAST_IF", "");
  }
  // Wishes that older kernels may refuse.
  static_cast<void>(set(fd, IPPROTO_IPV6, kIpv6MulticastAll, 0));
  static_cast<void>(set(fd, IPPROTO_IPV6, kIpv6Freebind, 1));
  return {};
}

/// Appends one control message; `length` is what is in use.
template <typename T>
void put_control(msghdr& header, std::size_t& length, int level, int type, const T& value) {
  auto* control = reinterpret_cast<cmsghdr*>(static_cast<std::uint8_t*>(header.msg_control) + length);
  control->cmsg_level = level;
  control->cmsg_type = type;
  control->cmsg_len = CMSG_LEN(sizeof value);
  std::memcpy(CMSG_DATA(control), &value, sizeof value);
  length += CMSG_SPACE(sizeof value);
  header.msg_controllen = length;
}

/// sendmmsg that goes on behind a packet that fails. The error of a later packet comes back when it is the
/// first.
void send_messages(int fd, std::span<mmsghdr> headers, std::span<int> errors) {
  std::size_t at = 0;
  while (at < headers.size()) {
    const std::size_t left = headers.size() - at;
    // One alone costs the kernel less this way.
    const bool is_alone = left == 1;
    int sent = is_alone ? static_cast<int>(::sendmsg(fd, &headers[at].msg_hdr, MSG_DONTWAIT))
                        : ::sendmmsg(fd, &headers[at], static_cast<unsigned>(left), MSG_DONTWAIT);
    if (is_alone && sent >= 0) sent = 1;
    if (sent > 0) {
      std::fill_n(errors.begin() + static_cast<std::ptrdiff_t>(at), sent, 0);
      at += static_cast<std::size_t>(sent);
    } else if (errno != EINTR) {
      errors[at++] = errno;
    }
  }
}

}  // namespace

Result<VrrpSocket> VrrpSocket::open(IfIndex link, const std::string& link_name, Family family) {
  const bool is_v4 = family == Family::kIpv4;
  Fd fd(::socket(is_v4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, wire::kProtocolVrrp));
  if (!fd.valid()) return failed("socket(SOCK_RAW, 112)", link_name);
  VrrpSocket socket(std::move(fd), link, family);
  // Nothing is received between here and the filter of the first router.
  if (auto filtered = socket.set_filter({}); !filtered.ok()) return filtered.error();
  if (link != 0 && ::setsockopt(socket.fd(), SOL_SOCKET, SO_BINDTODEVICE, link_name.c_str(),
                                static_cast<socklen_t>(link_name.size() + 1)) != 0) {
    return failed("SO_BINDTODEVICE", link_name);
  }
  if (auto prepared = is_v4 ? prepare_v4(socket.fd()) : prepare_v6(socket.fd(), link); !prepared.ok()) {
    return prepared.error();
  }
  if (!set(socket.fd(), SOL_SOCKET, SO_TIMESTAMPNS, 1)) return failed("SO_TIMESTAMPNS", link_name);
  static_cast<void>(set(socket.fd(), SOL_SOCKET, SO_PRIORITY, kSocketPriority));
  socket.set_receive_buffer(0);
  force_buffer(socket.fd(), SO_SNDBUFFORCE, SO_SNDBUF, kSendBuffer);
  return socket;
}

void VrrpSocket::set_receive_buffer(int bytes) {
  if (std::exchange(receive_buffer_, bytes) == bytes) return;
  force_buffer(fd(), SO_RCVBUFFORCE, SO_RCVBUF, bytes == 0 ? kDefaultReceiveBuffer : bytes);
}

Result<void> VrrpSocket::membership(const IpAddr& group, bool join) {
  int result = 0;
  if (family_ == Family::kIpv4) {
    ip_mreqn request{};
    std::memcpy(&request.imr_multiaddr, group.bytes().data(), sizeof request.imr_multiaddr);
    request.imr_ifindex = static_cast<int>(link_);
    result = ::setsockopt(fd(), IPPROTO_IP, join ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP, &request,
                          sizeof request);
  } else {
    ipv6_mreq request{};
    std::memcpy(&request.ipv6mr_multiaddr, group.bytes().data(), sizeof request.ipv6mr_multiaddr);
    request.ipv6mr_interface = link_;
    result = ::setsockopt(fd(), IPPROTO_IPV6, join ? IPV6_ADD_MEMBERSHIP : IPV6_DROP_MEMBERSHIP, &request,
                          sizeof request);
  }
  if (result != 0 && errno != EADDRINUSE && errno != EADDRNOTAVAIL) {
    return failed(join ? "IP_ADD_MEMBERSHIP" : "IP_DROP_MEMBERSHIP", group.format());
  }
  return {};
}

Result<void> VrrpSocket::join(const IpAddr& group) {
  return membership(group, true);
}

Result<void> VrrpSocket::leave(const IpAddr& group) {
  return membership(group, false);
}

Result<void> VrrpSocket::set_filter(const VridSet& vrids) {
  FilterProgram program = vrid_filter(family_, vrids);
  const sock_fprog attach{program.size, program.code.data()};
  if (::setsockopt(fd(), SOL_SOCKET, SO_ATTACH_FILTER, &attach, sizeof attach) != 0) {
    return failed("SO_ATTACH_FILTER", "");
  }
  return {};
}

ReceiveBatch::ReceiveBatch() : slots_(new Slot[kSize]) {
  for (std::size_t i = 0; i < kSize; ++i) {
    vectors_[i] = {slots_[i].bytes.data(), kPacketSize};
    msghdr& header = headers_[i].msg_hdr;
    header.msg_iov = &vectors_[i];
    header.msg_iovlen = 1;
    header.msg_name = &slots_[i].from;
    header.msg_control = slots_[i].control.data();
  }
}

std::size_t ReceiveBatch::receive(const VrrpSocket& socket) {
  // The kernel wrote on those of the last call only; touching all would cost an advert some cache misses.
  for (auto& message : std::span(headers_).first(used_)) {
    message.msg_hdr.msg_namelen = sizeof(sockaddr_in6);
    message.msg_hdr.msg_controllen = kControlSize;
    message.msg_hdr.msg_flags = 0;
  }
  for (;;) {
    const int got = ::recvmmsg(socket.fd(), headers_.data(), kSize, MSG_DONTWAIT, nullptr);
    if (got > 0) return used_ = static_cast<std::size_t>(got);
    // Errors on a raw socket (ICMP, link down) are reported once and mean nothing here.
    if (got == 0 || errno == EAGAIN || errno == EBADF) return 0;
  }
}

ReceivedPacket ReceiveBatch::packet(std::size_t i, Family family) const {
  const msghdr& header = headers_[i].msg_hdr;
  const Slot& slot = slots_[i];
  ReceivedPacket packet;
  packet.datagram.truncated = (header.msg_flags & MSG_TRUNC) != 0;
  packet.datagram.payload = {slot.bytes.data(), std::min<std::size_t>(headers_[i].msg_len, kPacketSize)};
  for (const cmsghdr* control = CMSG_FIRSTHDR(&header); control != nullptr;
       control = CMSG_NXTHDR(const_cast<msghdr*>(&header), const_cast<cmsghdr*>(control))) {
    if (control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_TIMESTAMPNS) {
      timespec at{};
      std::memcpy(&at, CMSG_DATA(control), sizeof at);
      packet.realtime_ns = std::int64_t{at.tv_sec} * 1'000'000'000 + at.tv_nsec;
    } else if (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_HOPLIMIT) {
      int hop_limit = 0;
      std::memcpy(&hop_limit, CMSG_DATA(control), sizeof hop_limit);
      packet.datagram.ttl = static_cast<std::uint8_t>(hop_limit);
    } else if (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(control), sizeof info);
      packet.datagram.destination = IpAddr::from_bytes(Family::kIpv6, {info.ipi6_addr.s6_addr, 16});
    }
  }
  if (family == Family::kIpv6) {
    packet.datagram.source = IpAddr::from_bytes(Family::kIpv6, {slot.from.sin6_addr.s6_addr, 16});
    return packet;
  }
  const auto view = wire::strip_ipv4(packet.datagram.payload);
  if (!view || view->protocol != wire::kProtocolVrrp) {
    packet.is_ip_header_broken = true;
    return packet;
  }
  packet.datagram.source = view->source;
  packet.datagram.destination = view->destination;
  packet.datagram.ttl = view->ttl;
  packet.datagram.payload = view->payload;
  return packet;
}

SendBatch::SendBatch() : slots_(new Slot[kSize]) {}

std::span<std::uint8_t> SendBatch::payload_room() {
  return std::span(slots_[count_].bytes).subspan(wire::kIpv4HeaderSize);
}

void SendBatch::add(const Outgoing& outgoing, std::size_t payload_size) {
  Slot& slot = slots_[count_];
  msghdr& header = headers_[count_].msg_hdr;
  iovec& vector = vectors_[count_];
  ++count_;
  header = {};
  header.msg_name = &slot.to;
  header.msg_iov = &vector;
  header.msg_iovlen = 1;
  slot.to = {};
  if (outgoing.destination.family() == Family::kIpv4) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    std::memcpy(&to.sin_addr, outgoing.destination.bytes().data(), 4);
    std::memcpy(&slot.to, &to, sizeof to);
    header.msg_namelen = sizeof to;
    const auto ip = wire::ipv4_header({.source = outgoing.source,
                                       .destination = outgoing.destination,
                                       .ttl = outgoing.ttl,
                                       .protocol = wire::kProtocolVrrp,
                                       .tos = kTos,
                                       .identification = outgoing.identification},
                                      payload_size);
    std::copy(ip.begin(), ip.end(), slot.bytes.begin());
    vector = {slot.bytes.data(), ip.size() + payload_size};
    return;
  }
  slot.to.sin6_family = AF_INET6;
  std::memcpy(&slot.to.sin6_addr, outgoing.destination.bytes().data(), 16);
  if (outgoing.destination.is_link_local() || outgoing.destination.is_multicast())
    slot.to.sin6_scope_id = outgoing.link;
  header.msg_namelen = sizeof slot.to;
  header.msg_control = slot.control.data();
  std::size_t length = 0;
  in6_pktinfo info{};
  std::memcpy(&info.ipi6_addr, outgoing.source.bytes().data(), 16);
  info.ipi6_ifindex = outgoing.link;
  put_control(header, length, IPPROTO_IPV6, IPV6_PKTINFO, info);
  put_control(header, length, IPPROTO_IPV6, IPV6_HOPLIMIT, int{outgoing.ttl});
  vector = {slot.bytes.data() + wire::kIpv4HeaderSize, payload_size};
}

void SendBatch::send_all(int fd) {
  send_messages(fd, std::span(headers_).first(count_), std::span(errors_).first(count_));
}

Result<FrameSocket> FrameSocket::open() {
  // Protocol 0: it receives nothing.
  Fd fd(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return failed("socket(AF_PACKET)", "gratuitous ARP and neighbour advertisements");
  force_buffer(fd.get(), SO_SNDBUFFORCE, SO_SNDBUF, kSendBuffer);
  return FrameSocket(std::move(fd));
}

void FrameSocket::add(IfIndex link, std::span<const std::uint8_t> frame) {
  Slot& slot = slots_[count_];
  std::copy(frame.begin(), frame.end(), slot.bytes.begin());
  slot.to = {};
  slot.to.sll_family = AF_PACKET;
  slot.to.sll_ifindex = static_cast<int>(link);
  slot.to.sll_halen = ETH_ALEN;
  std::copy_n(frame.begin(), ETH_ALEN, slot.to.sll_addr);
  slot.to.sll_protocol = htons(static_cast<std::uint16_t>((frame[12] << 8) | frame[13]));
  vectors_[count_] = {slot.bytes.data(), frame.size()};
  msghdr& header = headers_[count_].msg_hdr;
  header = {};
  header.msg_name = &slot.to;
  header.msg_namelen = sizeof slot.to;
  header.msg_iov = &vectors_[count_];
  header.msg_iovlen = 1;
  ++count_;
}

void FrameSocket::send_all() {
  send_messages(fd_.get(), std::span(headers_).first(count_), std::span(errors_).first(count_));
}

}  // namespace ka::engine
