#include "native/probe/probe_socket.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace ka::probe {
namespace {

struct SockAddr {
  sockaddr_storage storage{};
  socklen_t length = 0;
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

SockAddr sock_addr(const IpAddr& address, std::uint16_t port, const std::string& interface) {
  SockAddr out;
  if (address.family() == Family::kIpv4) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    std::memcpy(&in.sin_addr, address.bytes().data(), 4);
    std::memcpy(&out.storage, &in, sizeof in);
    out.length = sizeof in;
  } else {
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(port);
    std::memcpy(&in.sin6_addr, address.bytes().data(), 16);
    if (address.is_link_local() && !interface.empty()) in.sin6_scope_id = if_nametoindex(interface.c_str());
    std::memcpy(&out.storage, &in, sizeof in);
    out.length = sizeof in;
  }
  return out;
}

/// keepalived: these errors of a connect are a failed check, every other one only postpones it.
bool is_peer_error(int err_no) {
  switch (err_no) {
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ECONNREFUSED:
    case EHOSTDOWN:
    case ENETDOWN:
    case ECONNRESET:
    case ECONNABORTED:
    case ETIMEDOUT:
      return true;
    default:
      return false;
  }
}

End failure(const char* op, int err_no) {
  return End{
      .outcome = is_peer_error(err_no) ? Outcome::kFailed : Outcome::kUnusable, .err_no = err_no, .op = op};
}

Started failed(int fd, const char* op, int err_no) {
  if (fd >= 0) ::close(fd);
  Started s;
  s.end = failure(op, err_no);
  return s;
}

int open_socket(const Spec& spec, bool& is_raw) {
  const int domain = spec.address.family() == Family::kIpv4 ? AF_INET : AF_INET6;
  constexpr int kFlags = SOCK_NONBLOCK | SOCK_CLOEXEC;
  if (spec.kind == Kind::kTcp || spec.kind == Kind::kHttp)
    return ::socket(domain, SOCK_STREAM | kFlags, IPPROTO_TCP);
  if (spec.kind == Kind::kUdp) return ::socket(domain, SOCK_DGRAM | kFlags, IPPROTO_UDP);
  const int protocol = domain == AF_INET ? static_cast<int>(IPPROTO_ICMP) : static_cast<int>(IPPROTO_ICMPV6);
  const int fd = ::socket(domain, SOCK_DGRAM | kFlags, protocol);
  if (fd >= 0 || (errno != EACCES && errno != EPERM)) return fd;
  // net.ipv4.ping_group_range shuts this user out; with CAP_NET_RAW a raw socket does the same.
  is_raw = true;
  return ::socket(domain, SOCK_RAW | kFlags, protocol);
}

constexpr std::uint16_t kSequence = 1;
constexpr std::size_t kIcmpHeader = 8;

std::uint16_t checksum(const std::vector<std::uint8_t>& bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); i += 2)
    sum += static_cast<std::uint32_t>(bytes[i] << 8) | (i + 1 < bytes.size() ? bytes[i + 1] : 0U);
  while ((sum >> 16) != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

/// An echo request (RFC 792, RFC 4443): the kernel sets the identifier on datagram sockets, and the ICMPv6
/// checksum always.
std::vector<std::uint8_t> echo_request(const Spec& spec, std::uint16_t identifier) {
  const bool is_v4 = spec.address.family() == Family::kIpv4;
  std::vector<std::uint8_t> message(kIcmpHeader, 0);
  message[0] = is_v4 ? std::uint8_t{ICMP_ECHO} : std::uint8_t{ICMP6_ECHO_REQUEST};
  message[4] = static_cast<std::uint8_t>(identifier >> 8);
  message[5] = static_cast<std::uint8_t>(identifier & 0xff);
  message[7] = kSequence;
  message.insert(message.end(), spec.payload.begin(), spec.payload.end());
  if (is_v4) {
    const std::uint16_t sum = checksum(message);
    message[2] = static_cast<std::uint8_t>(sum >> 8);
    message[3] = static_cast<std::uint8_t>(sum & 0xff);
  }
  return message;
}

/// True when `message` answers our request: source, type, sequence, and on raw sockets the identifier, which
/// is the kernel's business on others. It looks at no source on either.
bool is_echo_reply(const Spec& spec, const Started& started, const std::uint8_t* message, std::size_t length,
                   const sockaddr_storage& from) {
  const bool is_v4 = spec.address.family() == Family::kIpv4;
  if (started.is_raw && is_v4) {
    const std::size_t header = length > 0 ? static_cast<std::size_t>(message[0] & 0x0f) * 4 : 0;
    if (header < 20 || length < header) return false;
    message += header;
    length -= header;
  }
  if (length < kIcmpHeader || message[0] != (is_v4 ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY)) return false;
  if (message[6] != 0 || message[7] != kSequence) return false;
  const auto identifier = static_cast<std::uint16_t>((message[4] << 8) | message[5]);
  if (started.is_raw && identifier != started.identifier) return false;
  const auto* source = reinterpret_cast<const sockaddr*>(&from);
  const void* bytes =
      is_v4 ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in*>(source)->sin_addr)
            : static_cast<const void*>(&reinterpret_cast<const sockaddr_in6*>(source)->sin6_addr);
  return std::memcmp(bytes, spec.address.bytes().data(), spec.address.bytes().size()) == 0;
}

bool is_match(const Spec& spec, const std::uint8_t* bytes, std::size_t length) {
  if (length < spec.match.size()) return false;
  for (std::size_t i = 0; i < spec.match.size(); ++i)
    if (((bytes[i] ^ spec.match[i]) & spec.match_mask[i]) != 0) return false;
  return true;
}

std::optional<End> receive(const Spec& spec, const Started& started, Report& report) {
  std::array<std::uint8_t, kMaxReply> buffer;
  // A flood of foreign datagrams must not keep the thread here: epoll calls again when more is left.
  for (int i = 0; i < 16; ++i) {
    sockaddr_storage from{};
    socklen_t from_length = sizeof from;
    const ssize_t n = ::recvfrom(started.fd, buffer.data(), buffer.size(), MSG_TRUNC,
                                 reinterpret_cast<sockaddr*>(&from), &from_length);
    if (n < 0) {
      if (errno == EAGAIN || errno == EWOULDBLOCK) return std::nullopt;
      if (errno == EINTR) continue;
      return End{.outcome = Outcome::kFailed, .err_no = errno, .op = "recvfrom"};
    }
    const auto length = static_cast<std::size_t>(n);
    const std::size_t kept = length < buffer.size() ? length : buffer.size();
    const bool is_ours = spec.kind == Kind::kPing ? is_echo_reply(spec, started, buffer.data(), kept, from)
                                                  : is_match(spec, buffer.data(), kept);
    if (!is_ours) continue;
    report.reply_length = static_cast<std::uint32_t>(length);
    if (spec.kind == Kind::kUdp)
      report.reply.assign(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(kept));
    return End{};
  }
  return std::nullopt;
}

}  // namespace

Started begin_probe(const Spec& spec) {
  Started started;
  const int fd = open_socket(spec, started.is_raw);
  if (fd < 0) return failed(-1, "socket", errno);
  const int one = 1;
  if (spec.kind == Kind::kTcp || spec.kind == Kind::kHttp) {
    const linger now{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }
  if (spec.mark != 0 && ::setsockopt(fd, SOL_SOCKET, SO_MARK, &spec.mark, sizeof spec.mark) != 0)
    return failed(fd, "SO_MARK", errno);
  if (!spec.interface.empty() && ::setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, spec.interface.c_str(),
                                              static_cast<socklen_t>(spec.interface.size())) != 0)
    return failed(fd, "SO_BINDTODEVICE", errno);
  if (spec.has_source || spec.source_port != 0) {
    const bool is_v4 = spec.address.family() == Family::kIpv4;
    const IpAddr source = spec.has_source ? spec.source : is_v4 ? IpAddr::v4({}) : IpAddr::v6({});
    // A fixed source port would else stay taken for as long as the last connection is remembered.
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    const SockAddr from =
        sock_addr(source, spec.kind == Kind::kPing ? std::uint16_t{0} : spec.source_port, spec.interface);
    if (::bind(fd, from.get(), from.length) != 0) {
      const int err_no = errno;
      ::close(fd);
      started.end = End{.outcome = Outcome::kUnusable, .err_no = err_no, .op = "bind"};
      return started;
    }
  }
  started.fd = fd;
  started.identifier = static_cast<std::uint16_t>(spec.id ^ (spec.id >> 16));
  const SockAddr to = sock_addr(spec.address, spec.port, spec.interface);
  if (spec.kind == Kind::kPing) {
    const auto message = echo_request(spec, started.identifier);
    if (::sendto(fd, message.data(), message.size(), MSG_NOSIGNAL, to.get(), to.length) < 0)
      return failed(fd, "sendto", errno);
    return started;
  }
  if (::connect(fd, to.get(), to.length) != 0) {
    if (errno != EINPROGRESS) return failed(fd, "connect", errno);
  } else if (spec.kind == Kind::kTcp) {
    started.end = End{};
  }
  if (spec.kind == Kind::kUdp && ::send(fd, spec.payload.data(), spec.payload.size(), MSG_NOSIGNAL) < 0)
    return failed(fd, "send", errno);
  return started;
}

std::optional<End> continue_probe(const Spec& spec, Started& started, std::uint32_t events, Report& report) {
  const bool is_stream = spec.kind == Kind::kTcp || spec.kind == Kind::kHttp;
  if (!is_stream) return receive(spec, started, report);
  if (!started.http) {
    if ((events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) == 0) return std::nullopt;
    int err_no = 0;
    socklen_t length = sizeof err_no;
    if (::getsockopt(started.fd, SOL_SOCKET, SO_ERROR, &err_no, &length) != 0) err_no = errno;
    if (err_no != 0) return End{.outcome = Outcome::kFailed, .err_no = err_no, .op = "connect"};
    if (spec.kind == Kind::kTcp) return End{};
    started.http = std::make_unique<HttpExchange>();
  }
  return started.http->step(spec, started.fd, report);
}

bool is_expected(const Spec& spec, const End& end, const Report& report) {
  if (end.outcome == Outcome::kTimeout) return spec.expects_timeout;
  if (end.outcome != Outcome::kOk) return false;
  if (spec.kind != Kind::kHttp) return true;
  return report.reply_length == spec.expected_length &&
         is_match(spec, report.reply.data(), report.reply.size());
}

}  // namespace ka::probe
