#include "native/ipvs/connection.h"

#include <fcntl.h>
#include <linux/ip_vs.h>
#include <linux/netlink.h>
#include <netlink/errno.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <functional>
#include <set>
#include <thread>
#include <tuple>

#include "native/ipvs/message.h"

namespace ka::ipvs {
namespace {

// A batch must fit the send buffer, and its ACKs (about 1 KiB of socket memory each) the receive buffer.
constexpr std::size_t kBatchBytes = 32 * 1024;
constexpr std::size_t kBatchCommands = 256;
constexpr std::size_t kMessageSize = 1024;
constexpr int kReplyTimeoutMs = 10'000;
constexpr std::size_t kAckSlots = 32;
constexpr std::size_t kAckSize = 1024;

Errc errc_of(int err_no) {
  switch (err_no) {
    case ENOENT:
    case ESRCH:
      return Errc::kNotFound;
    case EEXIST:
      return Errc::kExists;
    case EPERM:
    case EACCES:
      return Errc::kPermission;
    case EOPNOTSUPP:
    case EAFNOSUPPORT:
    case EPROTONOSUPPORT:
    case ENOPROTOOPT:
      return Errc::kUnsupported;
    case EINVAL:
      return Errc::kInvalidArgument;
    default:
      return Errc::kKernel;
  }
}

Error system_error(const char* op, int err_no, std::string detail = {}) {
  return Error{.code = errc_of(err_no), .op = op, .err_no = err_no, .detail = std::move(detail)};
}

/// libnl has error numbers of its own; these are the ones that stand for an errno.
int errno_of_nl(int nl_error) {
  switch (nl_error < 0 ? -nl_error : nl_error) {
    case NLE_PERM:
    case NLE_NOACCESS:
      return EPERM;
    case NLE_OBJ_NOTFOUND:
      return ENOENT;
    case NLE_EXIST:
      return EEXIST;
    case NLE_NOMEM:
      return ENOMEM;
    case NLE_AGAIN:
      return EAGAIN;
    case NLE_OPNOTSUPP:
      return EOPNOTSUPP;
    case NLE_INVAL:
      return EINVAL;
    case NLE_BUSY:
      return EBUSY;
    default:
      return EIO;
  }
}

struct FreeMessage {
  void operator()(nl_msg* m) const { nlmsg_free(m); }
};
using Message = std::unique_ptr<nl_msg, FreeMessage>;
struct PutCallbacks {
  void operator()(nl_cb* cb) const { nl_cb_put(cb); }
};
using Callbacks = std::unique_ptr<nl_cb, PutCallbacks>;

using Visitor = std::function<void(nlmsghdr*)>;

struct Reply {
  Visitor visit;
  bool done = false;
  int err_no = 0;
};

int on_valid(nl_msg* msg, void* arg) {
  static_cast<Reply*>(arg)->visit(nlmsg_hdr(msg));
  return NL_OK;
}
int on_finish(nl_msg* /*msg*/, void* arg) {
  static_cast<Reply*>(arg)->done = true;
  return NL_OK;
}
int on_error(sockaddr_nl* /*from*/, nlmsgerr* err, void* arg) {
  auto* reply = static_cast<Reply*>(arg);
  reply->done = true;
  reply->err_no = -err->error;
  return NL_STOP;
}

/// The text that newer kernels add to an ACK (NLMSGERR_ATTR_MSG); commands are echoed without their body
/// (CAP_ACK).
std::string ack_message(nlmsghdr* header) {
  if ((header->nlmsg_flags & NLM_F_ACK_TLVS) == 0) return {};
  const int skip = static_cast<int>(sizeof(nlmsgerr));
  const nlattr* attr = nla_find(nlmsg_attrdata(header, skip), nlmsg_attrlen(header, skip), NLMSGERR_ATTR_MSG);
  if (attr == nullptr || nla_len(attr) <= 0) return {};
  const auto* text = static_cast<const char*>(nla_data(attr));
  return {text, ::strnlen(text, static_cast<std::size_t>(nla_len(attr)))};
}

auto key_tuple(const ServiceKey& k) {
  return std::tuple(k.family, k.fwmark, k.protocol, k.address, k.port);
}

}  // namespace

Result<std::unique_ptr<Connection>> Connection::open(const ConnectionOptions& options) {
  if (options.netns_path.empty()) return open_here(options);
  // setns binds a thread for good, so a thread that ends right after does it; the socket stays in that
  // namespace.
  Result<std::unique_ptr<Connection>> result = Error{};
  std::thread([&] {
    const int fd = ::open(options.netns_path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
      result = system_error("open", errno, "network namespace " + options.netns_path);
      return;
    }
    const int rc = ::setns(fd, CLONE_NEWNET);
    const int err_no = errno;
    ::close(fd);
    if (rc != 0)
      result = system_error("setns", err_no, "network namespace " + options.netns_path);
    else
      result = open_here(options);
  }).join();
  return result;
}

Result<std::unique_ptr<Connection>> Connection::open_here(const ConnectionOptions& options) {
  std::unique_ptr<nl_sock, decltype(&nl_socket_free)> socket(nl_socket_alloc(), &nl_socket_free);
  if (!socket) return system_error("nl_socket_alloc", ENOMEM);
  if (const int rc = genl_connect(socket.get()); rc != 0)
    return system_error("socket", errno_of_nl(rc), nl_geterror(rc));
  const int fd = nl_socket_get_fd(socket.get());
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  const int family = genl_ctrl_resolve(socket.get(), IPVS_GENL_NAME);
  if (family < 0) {
    const int err_no = errno_of_nl(family);
    if (err_no != ENOENT) return system_error("CTRL_CMD_GETFAMILY", err_no, "generic netlink family IPVS");
    return Error{.code = Errc::kUnsupported,
                 .op = "CTRL_CMD_GETFAMILY",
                 .err_no = ENOENT,
                 .detail = "this kernel has no IPVS (module ip_vs)"};
  }
  const int one = 1;
  ::setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof one);
  ::setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof one);
  // Without CAP_NET_ADMIN in the initial user namespace the forced size is refused; the plain one is then the
  // best.
  if (::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &options.receive_buffer, sizeof(int)) != 0)
    ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &options.receive_buffer, sizeof(int));
  nl_socket_disable_seq_check(socket.get());
  const timeval limit{.tv_sec = kReplyTimeoutMs / 1000, .tv_usec = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  return std::unique_ptr<Connection>(new Connection(socket.release(), family));
}

Connection::~Connection() {
  nl_socket_free(socket_);
}

Result<std::vector<CommandError>> Connection::run(std::span<const Command> commands) {
  std::vector<CommandError> errors;
  std::vector<std::uint8_t> bytes;
  bytes.reserve(kBatchBytes + kMessageSize);
  Message msg(nlmsg_alloc_size(kMessageSize));
  if (!msg) return system_error("nlmsg_alloc", ENOMEM);
  nlmsghdr* header = nlmsg_hdr(msg.get());
  const std::uint32_t empty = header->nlmsg_len;
  std::size_t done = 0;
  while (done < commands.size()) {
    bytes.clear();
    const std::uint32_t first_seq = next_seq_;
    std::size_t count = 0;
    while (done + count < commands.size() && count < kBatchCommands && bytes.size() < kBatchBytes) {
      const Command& command = commands[done + count];
      header->nlmsg_len = empty;
      if (genlmsg_put(msg.get(), NL_AUTO_PORT, next_seq_, family_, 0, NLM_F_REQUEST | NLM_F_ACK,
                      static_cast<std::uint8_t>(command.op), IPVS_GENL_VERSION) == nullptr ||
          !put_command(msg.get(), command))
        return Error{.code = Errc::kInvalidArgument,
                     .op = op_name(command.op),
                     .err_no = EMSGSIZE,
                     .detail = "command " + std::to_string(done + count) + " does not fit a message"};
      header->nlmsg_pid = nl_socket_get_local_port(socket_);
      const auto* from = reinterpret_cast<const std::uint8_t*>(header);
      bytes.insert(bytes.end(), from, from + header->nlmsg_len);
      bytes.resize(NLMSG_ALIGN(bytes.size()), 0);
      ++next_seq_;
      ++count;
    }
    if (auto sent = send_batch(bytes, count); !sent) return sent.error();
    if (auto acked = collect_acks(first_seq, count, done, errors); !acked) return acked.error();
    done += count;
  }
  return errors;
}

Result<void> Connection::send_batch(std::span<const std::uint8_t> bytes, std::size_t count) {
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  for (;;) {
    const ssize_t n = ::sendto(nl_socket_get_fd(socket_), bytes.data(), bytes.size(), 0,
                               reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel);
    if (n >= 0) return {};
    if (errno != EINTR)
      return system_error("sendto", errno, "a batch of " + std::to_string(count) + " IPVS commands");
  }
}

Result<void> Connection::collect_acks(std::uint32_t first_seq, std::size_t count, std::size_t base,
                                      std::vector<CommandError>& errors) {
  std::array<std::array<std::uint8_t, kAckSize>, kAckSlots> buffers;
  std::array<iovec, kAckSlots> vectors{};
  std::array<mmsghdr, kAckSlots> messages{};
  std::size_t left = count;
  while (left > 0) {
    for (std::size_t i = 0; i < kAckSlots; ++i) {
      vectors[i] = {buffers[i].data(), kAckSize};
      messages[i] = {};
      messages[i].msg_hdr.msg_iov = &vectors[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
    const int n = ::recvmmsg(nl_socket_get_fd(socket_), messages.data(), kAckSlots, MSG_WAITFORONE, nullptr);
    if (n < 0) {
      if (errno == EINTR) continue;
      return system_error(
          "recvmmsg", errno,
          std::to_string(left) + " of " + std::to_string(count) + " IPVS commands were not acknowledged");
    }
    for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i) {
      auto* header = reinterpret_cast<nlmsghdr*>(buffers[i].data());
      int remaining = static_cast<int>(messages[i].msg_len);
      for (; nlmsg_ok(header, remaining) != 0; header = nlmsg_next(header, &remaining)) {
        const std::uint32_t index = header->nlmsg_seq - first_seq;  // wraps like the sequence number itself
        if (header->nlmsg_type != NLMSG_ERROR || index >= count) continue;
        --left;
        const auto* ack = static_cast<const nlmsgerr*>(nlmsg_data(header));
        if (ack->error != 0)
          errors.push_back({.index = base + index, .err_no = -ack->error, .message = ack_message(header)});
      }
    }
  }
  return {};
}

template <typename Visit>
Result<void> Connection::request(int command, int flags, const ServiceKey* service, const char* op,
                                 Visit visit) {
  Message msg(nlmsg_alloc_size(kMessageSize));
  Callbacks callbacks(nl_cb_alloc(NL_CB_DEFAULT));
  if (!msg || !callbacks) return system_error(op, ENOMEM);
  if (genlmsg_put(msg.get(), NL_AUTO_PORT, next_seq_, family_, 0, NLM_F_REQUEST | flags,
                  static_cast<std::uint8_t>(command), IPVS_GENL_VERSION) == nullptr ||
      (service != nullptr && !put_service_key(msg.get(), *service)))
    return system_error(op, EMSGSIZE);
  const std::uint32_t seq = next_seq_++;
  Reply reply{.visit = [&](nlmsghdr* header) {
    if (header->nlmsg_seq == seq) visit(header);
  }};
  nl_cb_set(callbacks.get(), NL_CB_VALID, NL_CB_CUSTOM, on_valid, &reply);
  nl_cb_set(callbacks.get(), NL_CB_FINISH, NL_CB_CUSTOM, on_finish, &reply);
  nl_cb_set(callbacks.get(), NL_CB_ACK, NL_CB_CUSTOM, on_finish, &reply);
  nl_cb_set(
      callbacks.get(), NL_CB_SEQ_CHECK, NL_CB_CUSTOM, [](nl_msg*, void*) { return static_cast<int>(NL_OK); },
      nullptr);
  nl_cb_err(callbacks.get(), NL_CB_CUSTOM, on_error, &reply);
  nlmsg_hdr(msg.get())->nlmsg_pid = nl_socket_get_local_port(socket_);
  if (auto sent = send_batch(
          {reinterpret_cast<const std::uint8_t*>(nlmsg_hdr(msg.get())), nlmsg_hdr(msg.get())->nlmsg_len}, 1);
      !sent)
    return Error{
        .code = sent.error().code, .op = op, .err_no = sent.error().err_no, .detail = sent.error().detail};
  while (!reply.done) {
    const int rc = nl_recvmsgs(socket_, callbacks.get());
    if (rc < 0 && !reply.done) return system_error(op, errno_of_nl(rc), nl_geterror(rc));
  }
  if (reply.err_no != 0) return system_error(op, reply.err_no);
  return {};
}

Result<Table> Connection::table() {
  Table table;
  // The kernel gives the table in pieces; a change in between may make it repeat an entry.
  std::set<decltype(key_tuple(ServiceKey{}))> seen;
  auto services =
      request(IPVS_CMD_GET_SERVICE, NLM_F_DUMP, nullptr, "IPVS_CMD_GET_SERVICE", [&](nlmsghdr* header) {
        auto service = read_service(header);
        if (service && seen.insert(key_tuple(service->service.key)).second)
          table.services.push_back(std::move(*service));
      });
  if (!services) return services.error();
  for (ServiceStatus& status : table.services) {
    const ServiceKey& key = status.service.key;
    std::set<std::pair<IpAddr, std::uint16_t>> known;
    auto destinations =
        request(IPVS_CMD_GET_DEST, NLM_F_DUMP, &key, "IPVS_CMD_GET_DEST", [&](nlmsghdr* header) {
          auto destination = read_destination(header, key.family);
          if (destination &&
              known.insert({destination->destination.address, destination->destination.port}).second)
            status.destinations.push_back(std::move(*destination));
        });
    // A service that went away since the first dump gives an empty answer, not an error.
    if (!destinations) return destinations.error();
  }
  return table;
}

Result<std::vector<SyncDaemon>> Connection::daemons() {
  std::vector<SyncDaemon> all;
  auto result =
      request(IPVS_CMD_GET_DAEMON, NLM_F_DUMP, nullptr, "IPVS_CMD_GET_DAEMON", [&](nlmsghdr* header) {
        if (auto daemon = read_daemon(header)) all.push_back(std::move(*daemon));
      });
  if (!result) return result.error();
  return all;
}

Result<Timeouts> Connection::timeouts() {
  Timeouts timeouts;
  auto result =
      request(IPVS_CMD_GET_CONFIG, NLM_F_ACK, nullptr, "IPVS_CMD_GET_CONFIG", [&](nlmsghdr* header) {
        if (auto t = read_timeouts(header)) timeouts = *t;
      });
  if (!result) return result.error();
  return timeouts;
}

Result<Info> Connection::info() {
  Info info;
  auto result = request(IPVS_CMD_GET_INFO, NLM_F_ACK, nullptr, "IPVS_CMD_GET_INFO", [&](nlmsghdr* header) {
    if (auto i = read_info(header)) info = *i;
  });
  if (!result) return result.error();
  return info;
}

}  // namespace ka::ipvs
