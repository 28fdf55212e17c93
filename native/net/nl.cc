#include "native/net/nl.h"

#include <linux/netlink.h>
#include <netlink/attr.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace ka::net {

namespace {

/// The kernel fills dump answers up to 32 KiB when the reader's buffer allows it.
constexpr std::size_t kBufferSize = 64 * 1024;

}  // namespace

Errc errc_of(int err_no) {
  switch (err_no) {
    case EPERM:
    case EACCES:
      return Errc::kPermission;
    case ENODEV:
    case ENXIO:
    case ENOENT:
    case EADDRNOTAVAIL:
    case ESRCH:
      return Errc::kNotFound;
    case EEXIST:
      return Errc::kExists;
    case EOPNOTSUPP:
    case EPROTONOSUPPORT:
    case EAFNOSUPPORT:
      return Errc::kUnsupported;
    default:
      return Errc::kKernel;
  }
}

Error kernel_error(const char* op, int err_no, std::string detail) {
  return Error{errc_of(err_no), op, err_no, std::move(detail)};
}

NlMessage::NlMessage(int type, int flags, std::size_t size) : message_(nlmsg_alloc_size(size)) {
  ok_ = message_ != nullptr && nlmsg_put(message_.get(), 0, 0, type, 0, NLM_F_REQUEST | flags) != nullptr;
}

void NlMessage::append(const void* data, std::size_t size) {
  // libnl takes the pointer as non-const and only reads from it.
  ok_ = ok_ && nlmsg_append(message_.get(), const_cast<void*>(data), size, NLMSG_ALIGNTO) == 0;
}

void NlMessage::put_raw(int attribute, const void* data, std::size_t size) {
  ok_ = ok_ && nla_put(message_.get(), attribute, static_cast<int>(size), data) == 0;
}

void NlMessage::put(int attribute, std::span<const std::uint8_t> bytes) {
  put_raw(attribute, bytes.data(), bytes.size());
}

void NlMessage::put_u32(int attribute, std::uint32_t value) {
  put_raw(attribute, &value, sizeof value);
}

void NlMessage::put_u8(int attribute, std::uint8_t value) {
  put_raw(attribute, &value, sizeof value);
}

void NlMessage::put_string(int attribute, std::string_view text) {
  const std::string terminated(text);
  put_raw(attribute, terminated.c_str(), terminated.size() + 1);
}

void NlMessage::nest(int attribute, const std::function<void(NlMessage&)>& fill) {
  nlattr* start = ok_ ? nla_nest_start(message_.get(), attribute) : nullptr;
  if (start == nullptr) {
    ok_ = false;
    return;
  }
  fill(*this);
  nla_nest_end(message_.get(), start);
}

NlSocket::NlSocket(nl_sock* socket) : socket_(socket), buffer_(new std::uint8_t[kBufferSize]) {}

Result<NlSocket> NlSocket::open(int protocol, int receive_buffer, const BufferSize& wish) {
  NlSocket socket(nl_socket_alloc());
  if (socket.socket_ == nullptr) return kernel_error("nl_socket_alloc", ENOMEM);
  if (nl_connect(socket.socket_.get(), protocol) < 0) {
    return kernel_error("netlink bind", errno != 0 ? errno : EPROTONOSUPPORT);
  }
  nl_socket_set_nonblocking(socket.socket_.get());
  const int fd = socket.fd();
  const int bytes = wish.bytes > 0 ? wish.bytes : receive_buffer;
  const bool is_forced = wish.bytes == 0 || wish.is_forced;
  if (!is_forced || ::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) != 0) {
    // Without CAP_NET_ADMIN the system limit applies; an overrun is then only more likely, and handled.
    static_cast<void>(::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes));
  }
  // The acknowledgement need not repeat the request. Old kernels do not know the option and repeat it.
  const int on = 1;
  static_cast<void>(::setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on));
  return socket;
}

Result<void> NlSocket::join(int group) {
  if (nl_socket_add_membership(socket_.get(), group) < 0)
    return kernel_error("NETLINK_ADD_MEMBERSHIP", errno);
  return {};
}

Result<void> NlSocket::send(std::span<const std::uint8_t> messages) {
  return send_netlink(fd(), messages);
}

Result<void> send_netlink(int fd, std::span<const std::uint8_t> messages) {
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  for (;;) {
    const ssize_t sent = ::sendto(fd, messages.data(), messages.size(), 0,
                                  reinterpret_cast<sockaddr*>(&kernel), sizeof kernel);
    if (sent >= 0) return {};
    if (errno != EINTR) return kernel_error("netlink sendmsg", errno);
  }
}

Received NlSocket::receive() {
  length_ = 0;
  for (;;) {
    const ssize_t got = ::recv(fd(), buffer_.get(), kBufferSize, MSG_DONTWAIT);
    if (got > 0) {
      length_ = static_cast<std::size_t>(got);
      return Received::kData;
    }
    if (got == 0 || errno == EAGAIN) return Received::kNothing;
    if (errno == EINTR) continue;
    return errno == ENOBUFS ? Received::kOverrun : Received::kFailed;
  }
}

std::uint32_t NlPipeline::queue(const NlMessage& message, std::uint64_t cookie) {
  nlmsghdr* header = message.get();
  header->nlmsg_flags |= NLM_F_ACK;
  header->nlmsg_seq = socket_.next_sequence();
  header->nlmsg_pid = socket_.port();
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(header);
  batch_.insert(batch_.end(), bytes, bytes + NLMSG_ALIGN(header->nlmsg_len));
  queued_.push_back({header->nlmsg_seq, cookie});
  return header->nlmsg_seq;
}

void NlPipeline::fail_all(std::deque<Request>& requests, int err_no, std::vector<Completion>& done) {
  for (const Request& request : requests) done.push_back({request.cookie, request.sequence, err_no});
  requests.clear();
}

void NlPipeline::flush(std::vector<Completion>& done) {
  if (batch_.empty()) return;
  const auto sent = socket_.send(batch_);
  batch_.clear();
  if (!sent.ok()) {
    fail_all(queued_, sent.error().err_no, done);
    return;
  }
  in_flight_.insert(in_flight_.end(), queued_.begin(), queued_.end());
  queued_.clear();
}

NlPipeline::Batch NlPipeline::take_batch() {
  Batch batch;
  if (queued_.empty()) return batch;
  batch.bytes = std::exchange(batch_, {});
  batch.last_sequence = queued_.back().sequence;
  in_flight_.insert(in_flight_.end(), queued_.begin(), queued_.end());
  queued_.clear();
  return batch;
}

void NlPipeline::fail_until(std::uint32_t last_sequence, int err_no, std::vector<Completion>& done) {
  while (!in_flight_.empty()) {
    const Request request = in_flight_.front();
    if (static_cast<std::int32_t>(request.sequence - last_sequence) > 0) return;
    in_flight_.pop_front();
    done.push_back({request.cookie, request.sequence, err_no});
  }
}

void NlPipeline::acknowledge(const nlmsghdr& header, std::vector<Completion>& done) {
  if (header.nlmsg_type != NLMSG_ERROR) return;
  const auto* answer = static_cast<const nlmsgerr*>(nlmsg_data(&header));
  // Answers come in the order of the requests; one that is missing was lost.
  while (!in_flight_.empty()) {
    const Request request = in_flight_.front();
    if (static_cast<std::int32_t>(request.sequence - header.nlmsg_seq) > 0) return;
    in_flight_.pop_front();
    const bool mine = request.sequence == header.nlmsg_seq;
    done.push_back({request.cookie, request.sequence, mine ? -answer->error : ENOBUFS});
    if (mine) return;
  }
}

void NlPipeline::collect(std::vector<Completion>& done) {
  bool is_overrun = false;
  for (;;) {
    switch (socket_.receive()) {
      case Received::kData:
        for_each_message(socket_.data(), [&](nlmsghdr& header) { acknowledge(header, done); });
        break;
      case Received::kNothing:
        if (is_overrun) fail_all(in_flight_, ENOBUFS, done);
        return;
      case Received::kOverrun:  // told before what did fit is handed out
        is_overrun = true;
        break;
      case Received::kFailed:
        fail_all(in_flight_, EIO, done);
        return;
    }
  }
}

}  // namespace ka::net
