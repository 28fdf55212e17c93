#include "native/probe/listener.h"

#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <span>
#include <utility>

#include "native/net/fd.h"

namespace ka::probe {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::uint8_t kVrrp = 112;

/// From the network header on: IPv4 with protocol 112, IPv6 with next header 112.
constexpr std::array kFilter = {
    sock_filter{BPF_LD | BPF_B | BPF_ABS, 0, 0, 0},  sock_filter{BPF_ALU | BPF_RSH | BPF_K, 0, 0, 4},
    sock_filter{BPF_JMP | BPF_JEQ | BPF_K, 0, 2, 4}, sock_filter{BPF_LD | BPF_B | BPF_ABS, 0, 0, 9},
    sock_filter{BPF_JMP | BPF_JA, 0, 0, 2},          sock_filter{BPF_JMP | BPF_JEQ | BPF_K, 0, 2, 6},
    sock_filter{BPF_LD | BPF_B | BPF_ABS, 0, 0, 6},  sock_filter{BPF_JMP | BPF_JEQ | BPF_K, 1, 0, kVrrp},
    sock_filter{BPF_RET | BPF_K, 0, 0, 0},           sock_filter{BPF_RET | BPF_K, 0, 0, 0xffff},
};

/// The advert in an IP packet; nullopt: none.
std::optional<Heard> parse(std::span<const std::uint8_t> packet) {
  if (packet.size() < 20) return std::nullopt;
  const bool is_v4 = packet[0] >> 4 == 4;
  const std::size_t header = is_v4 ? (packet[0] & 0x0fU) * 4U : 40U;
  if (packet.size() < header + 8) return std::nullopt;
  Heard heard;
  const Family family = is_v4 ? Family::kIpv4 : Family::kIpv6;
  const std::size_t width = is_v4 ? 4 : 16;
  heard.source = IpAddr::from_bytes(family, packet.subspan(is_v4 ? 12 : 8, width));
  const auto advert = packet.subspan(header);
  if ((advert[0] & 0x0fU) != 1) return std::nullopt;  // no advertisement
  heard.version = advert[0] >> 4;
  heard.vrid = advert[1];
  heard.priority = advert[2];
  for (std::size_t i = 0; i < advert[3] && advert.size() >= 8 + (i + 1) * width; ++i)
    heard.addresses.push_back(IpAddr::from_bytes(family, advert.subspan(8 + i * width, width)));
  return heard;
}

void remember(std::vector<Heard>& all, Heard&& now) {
  const auto known = std::find_if(all.begin(), all.end(), [&](const Heard& each) {
    return each.source == now.source && each.vrid == now.vrid && each.version == now.version &&
           each.is_own == now.is_own;
  });
  if (known == all.end()) {
    if (all.size() >= kMaxHeard) return;
    now.count = 1;
    all.push_back(std::move(now));
    return;
  }
  known->count += 1;
  known->priority = now.priority;
  known->addresses = std::move(now.addresses);
}

Result<Fd> open_socket(const std::string& interface) {
  const unsigned index = ::if_nametoindex(interface.c_str());
  if (index == 0) return Error{Errc::kNotFound, "if_nametoindex", ENODEV, interface};
  // Protocol 0 until it is bound: nothing of other interfaces comes in between.
  Fd fd(::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) {
    const bool is_permission = errno == EPERM || errno == EACCES;
    return Error{is_permission ? Errc::kPermission : Errc::kKernel, "socket", errno, "packet socket"};
  }
  auto filter = kFilter;
  const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) != 0)
    return Error{Errc::kKernel, "SO_ATTACH_FILTER", errno, interface};
  // Groups that nobody on this machine has joined are heard too.
  packet_mreq all{};
  all.mr_ifindex = static_cast<int>(index);
  all.mr_type = PACKET_MR_ALLMULTI;
  static_cast<void>(::setsockopt(fd.get(), SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof(all)));
  sockaddr_ll name{};
  name.sll_family = AF_PACKET;
  name.sll_protocol = htons(ETH_P_ALL);
  name.sll_ifindex = static_cast<int>(index);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof(name)) != 0)
    return Error{Errc::kKernel, "bind", errno, interface};
  return fd;
}

}  // namespace

Result<std::vector<Heard>> listen_for_adverts(const std::string& interface,
                                              std::chrono::milliseconds duration) {
  auto fd = open_socket(interface);
  if (!fd) return fd.error();
  std::vector<Heard> all;
  const Clock::time_point end = Clock::now() + duration;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
    if (left <= 0) return all;
    pollfd waiting{fd->get(), POLLIN, 0};
    if (::poll(&waiting, 1, static_cast<int>(left)) <= 0) continue;
    std::array<std::uint8_t, 2048> packet{};
    sockaddr_ll from{};
    socklen_t length = sizeof(from);
    const ssize_t got =
        ::recvfrom(fd->get(), packet.data(), packet.size(), 0, reinterpret_cast<sockaddr*>(&from), &length);
    if (got <= 0) continue;
    if (auto heard = parse(std::span(packet.data(), static_cast<std::size_t>(got)))) {
      heard->is_own = from.sll_pkttype == PACKET_OUTGOING;
      remember(all, std::move(*heard));
    }
  }
}

}  // namespace ka::probe
