#include "native/engine/vip_probe.h"

#include <linux/filter.h>
#include <linux/icmpv6.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>

#include "native/net/nl.h"

namespace ka::engine {
namespace {

constexpr std::size_t kOperationAt = wire::kEthernetHeaderSize + 6;
constexpr std::uint32_t kReply = 2;
constexpr std::size_t kLongest = 256;
constexpr std::uint8_t kNeighbourAdvertisement = 136;

template <typename T>
bool set(int fd, int level, int option, const T& value) {
  return ::setsockopt(fd, level, option, &value, sizeof value) == 0;
}

Fd open_arp() {
  // Bound only when the filter is there: it hears replies and nothing else.
  Fd fd(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return fd;
  sock_filter code[] = {BPF_STMT(BPF_LD | BPF_H | BPF_ABS, kOperationAt),
                        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kReply, 0, 1),
                        BPF_STMT(BPF_RET | BPF_K, kLongest), BPF_STMT(BPF_RET | BPF_K, 0)};
  const sock_fprog program{4, static_cast<sock_filter*>(code)};
  sockaddr_ll all{};
  all.sll_family = AF_PACKET;
  all.sll_protocol = htons(ETH_P_ARP);
  if (!set(fd.get(), SOL_SOCKET, SO_ATTACH_FILTER, program) ||
      ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&all), sizeof all) != 0) {
    return Fd();
  }
  return fd;
}

Fd open_icmp() {
  Fd fd(::socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMPV6));
  if (!fd.valid()) return fd;
  icmp6_filter filter{};
  for (auto& word : filter.data) word = 0xffffffffU;  // a set bit is refused
  filter.data[kNeighbourAdvertisement >> 5U] &= ~(1U << (kNeighbourAdvertisement & 31U));
  const bool is_ready = set(fd.get(), SOL_ICMPV6, ICMPV6_FILTER, filter) &&
                        set(fd.get(), IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) &&
                        set(fd.get(), IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1) &&
                        set(fd.get(), IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 255) &&
                        set(fd.get(), IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0);
  return is_ready ? std::move(fd) : Fd();
}

void ask_ipv4(int fd, const VipProbe& probe) {
  const auto frame = wire::arp_request(probe.mac, probe.source, probe.target);
  sockaddr_ll to{};
  to.sll_family = AF_PACKET;
  to.sll_protocol = htons(ETH_P_ARP);
  to.sll_ifindex = static_cast<int>(probe.link);
  to.sll_halen = 6;
  std::ranges::copy(wire::kBroadcastMac, to.sll_addr);
  static_cast<void>(::sendto(fd, frame.data(), frame.size(), MSG_DONTWAIT,
                             reinterpret_cast<const sockaddr*>(&to), sizeof to));
}

void ask_ipv6(int fd, const VipProbe& probe) {
  auto message = wire::neighbour_solicitation(probe.mac, probe.target);
  sockaddr_in6 to{};
  to.sin6_family = AF_INET6;
  const IpAddr group = wire::solicited_node(probe.target);
  std::memcpy(&to.sin6_addr, group.bytes().data(), 16);
  to.sin6_scope_id = probe.link;
  iovec vector{message.data(), message.size()};
  alignas(cmsghdr) std::array<std::uint8_t, CMSG_SPACE(sizeof(in6_pktinfo))> control{};
  msghdr header{};
  header.msg_name = &to;
  header.msg_namelen = sizeof to;
  header.msg_iov = &vector;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  cmsghdr* const first = CMSG_FIRSTHDR(&header);
  first->cmsg_level = IPPROTO_IPV6;
  first->cmsg_type = IPV6_PKTINFO;
  first->cmsg_len = CMSG_LEN(sizeof(in6_pktinfo));
  in6_pktinfo info{};
  std::memcpy(&info.ipi6_addr, probe.source.bytes().data(), 16);
  info.ipi6_ifindex = probe.link;
  std::memcpy(CMSG_DATA(first), &info, sizeof info);
  static_cast<void>(::sendmsg(fd, &header, MSG_DONTWAIT));
}

struct Heard {
  IfIndex link = 0;
  std::optional<wire::NeighbourClaim> claim;
};

std::optional<Heard> receive_arp(int fd) {
  std::array<std::uint8_t, kLongest> bytes{};
  sockaddr_ll from{};
  socklen_t size = sizeof from;
  const ssize_t got =
      ::recvfrom(fd, bytes.data(), bytes.size(), MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&from), &size);
  if (got < 0) return std::nullopt;
  Heard heard;
  heard.link = static_cast<IfIndex>(from.sll_ifindex);
  // What this host itself answers passes here too.
  if (from.sll_pkttype != PACKET_OUTGOING)
    heard.claim = wire::read_arp_reply(std::span(bytes).first(static_cast<std::size_t>(got)));
  return heard;
}

std::optional<Heard> receive_icmp(int fd) {
  std::array<std::uint8_t, kLongest> bytes{};
  alignas(cmsghdr) std::array<std::uint8_t, 128> control{};
  iovec vector{bytes.data(), bytes.size()};
  msghdr header{};
  header.msg_iov = &vector;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  const ssize_t got = ::recvmsg(fd, &header, MSG_DONTWAIT);
  if (got < 0) return std::nullopt;
  Heard heard;
  int hop_limit = 0;
  for (cmsghdr* each = CMSG_FIRSTHDR(&header); each != nullptr; each = CMSG_NXTHDR(&header, each)) {
    if (each->cmsg_level != IPPROTO_IPV6) continue;
    if (each->cmsg_type == IPV6_HOPLIMIT) std::memcpy(&hop_limit, CMSG_DATA(each), sizeof hop_limit);
    if (each->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(each), sizeof info);
      heard.link = static_cast<IfIndex>(info.ipi6_ifindex);
    }
  }
  // RFC 4861 section 7.1.2: anything else was forwarded.
  if (hop_limit == 255)
    heard.claim = wire::read_neighbour_advertisement(std::span(bytes).first(static_cast<std::size_t>(got)));
  return heard;
}

}  // namespace

Result<void> VipProber::open() {
  arp_ = open_arp();
  if (!arp_.valid()) return net::kernel_error("socket", errno, "no socket to ask who holds our addresses");
  icmp_ = open_icmp();
  return {};
}

bool VipProber::may_ask(Instant now) {
  constexpr Nanos kPrice = std::chrono::nanoseconds{1'000'000'000 / kPerSecond};
  credit_ = std::min<Nanos>(credit_ + (now - credit_at_), kBurst * kPrice);
  credit_at_ = now;
  if (credit_ < kPrice) return false;
  credit_ -= kPrice;
  return true;
}

void VipProber::ask(const VipProbe& probe) {
  const bool is_v4 = probe.target.family() == Family::kIpv4;
  if (!is_v4 && !icmp_.valid()) return;
  asked_[next_] = {probe.router, probe.link, probe.target};
  next_ = (next_ + 1) % asked_.size();
  if (is_v4) {
    ask_ipv4(arp_.get(), probe);
  } else {
    ask_ipv6(icmp_.get(), probe);
  }
}

std::optional<VipAnswer> VipProber::next_answer(std::size_t& budget) {
  for (; budget > 0; --budget) {
    auto heard = receive_arp(arp_.get());
    if (!heard && icmp_.valid()) heard = receive_icmp(icmp_.get());
    if (!heard) return std::nullopt;
    if (auto answer = match(heard->link, heard->claim)) {
      --budget;
      return answer;
    }
  }
  return std::nullopt;
}

std::optional<VipAnswer> VipProber::match(IfIndex link,
                                          const std::optional<wire::NeighbourClaim>& claim) const {
  if (!claim) return std::nullopt;
  const auto found = std::ranges::find_if(
      asked_, [&](const Asked& asked) { return asked.link == link && asked.target == claim->address; });
  if (found == asked_.end() || found->router == vrrp::kNoRouter) return std::nullopt;
  return VipAnswer{found->router, *claim};
}

}  // namespace ka::engine
