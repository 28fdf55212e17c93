// Netlink through libnl-3: sockets and messages with owners, and a pipeline that sends many requests in one
// system call and collects their acknowledgements later. It knows no message type; address.h, link.h and
// monitor.h do.
#pragma once

#include <netlink/msg.h>
#include <netlink/netlink.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "native/base/result.h"

namespace ka::net {

/// The kind of failure that an errno stands for.
[[nodiscard]] Errc errc_of(int err_no);
/// An Error for `err_no` in operation `op` (static storage), about `detail`.
[[nodiscard]] Error kernel_error(const char* op, int err_no, std::string detail = {});

/// One netlink message under construction. Thread: any, one at a time.
class NlMessage {
 public:
  /// Room for a request with all its attributes; addresses need about 150 bytes.
  static constexpr std::size_t kSize = 1024;

  /// `type` and `flags` as in struct nlmsghdr (NLM_F_REQUEST is added).
  NlMessage(int type, int flags, std::size_t size = kSize);

  /// Appends the fixed header of the family (struct ifaddrmsg ...).
  template <typename T>
  void header(const T& value) {
    append(&value, sizeof value);
  }
  void put(int attribute, std::span<const std::uint8_t> bytes);
  void put_u32(int attribute, std::uint32_t value);
  void put_u8(int attribute, std::uint8_t value);
  void put_string(int attribute, std::string_view text);  // with its terminating zero
  template <typename T>
  void put_struct(int attribute, const T& value) {
    put_raw(attribute, &value, sizeof value);
  }
  /// Attributes put by `fill` become children of `attribute`.
  void nest(int attribute, const std::function<void(NlMessage&)>& fill);

  [[nodiscard]] nlmsghdr* get() const { return nlmsg_hdr(message_.get()); }
  /// False when an allocation failed on the way.
  [[nodiscard]] bool ok() const { return ok_; }

 private:
  struct Free {
    void operator()(nl_msg* message) const { nlmsg_free(message); }
  };
  void append(const void* data, std::size_t size);
  void put_raw(int attribute, const void* data, std::size_t size);

  std::unique_ptr<nl_msg, Free> message_;
  bool ok_ = true;
};

/// One sendmsg with whole messages back to back; may wait for the locks that the requests need. Errors:
/// kKernel. Thread: any.
Result<void> send_netlink(int fd, std::span<const std::uint8_t> messages);

/// What one receive brought.
enum class Received : std::uint8_t {
  kData,
  kNothing,  // would block
  kOverrun,  // ENOBUFS: the kernel dropped messages for us
  kFailed
};

/// Size of a socket's receive buffer as somebody wishes it.
struct BufferSize {
  /// 0: the size that the owner of the socket thinks right, beyond the system limit when that is permitted.
  int bytes = 0;
  /// Beyond the system limit (SO_RCVBUFFORCE).
  bool is_forced = false;
};

/// A connected, non-blocking netlink socket in the network namespace of the thread that opened it.
class NlSocket {
 public:
  /// `receive_buffer` in bytes, forced above the system limit when we may, unless `wish` says otherwise.
  /// Errors: kKernel, kUnsupported.
  static Result<NlSocket> open(int protocol, int receive_buffer, const BufferSize& wish = {});

  Result<void> join(int group);
  [[nodiscard]] int fd() const { return nl_socket_get_fd(socket_.get()); }
  [[nodiscard]] std::uint32_t port() const { return nl_socket_get_local_port(socket_.get()); }
  [[nodiscard]] std::uint32_t next_sequence() { return ++sequence_; }
  /// One sendmsg with whole messages back to back. Errors: kKernel.
  Result<void> send(std::span<const std::uint8_t> messages);
  /// One recvmsg into the socket's own buffer; `data()` is it until the next call.
  Received receive();
  [[nodiscard]] std::span<std::uint8_t> data() { return {buffer_.get(), length_}; }

 private:
  struct Free {
    void operator()(nl_sock* socket) const { nl_socket_free(socket); }
  };
  explicit NlSocket(nl_sock* socket);

  std::unique_ptr<nl_sock, Free> socket_;
  std::unique_ptr<std::uint8_t[]> buffer_;
  std::size_t length_ = 0;
  std::uint32_t sequence_ = 0;
};

/// Calls `visit(nlmsghdr&)` for every whole message of a datagram.
template <typename Visit>
void for_each_message(std::span<std::uint8_t> datagram, Visit&& visit) {
  auto* header = reinterpret_cast<nlmsghdr*>(datagram.data());
  int remaining = static_cast<int>(datagram.size());
  while (nlmsg_ok(header, remaining) != 0) {
    visit(*header);
    header = nlmsg_next(header, &remaining);
  }
}

/// A finished request of a pipeline.
struct Completion {
  std::uint64_t cookie = 0;
  std::uint32_t sequence = 0;
  /// 0: done.
  int err_no = 0;
};

/// Requests that are acknowledged one by one, sent many at a time; nobody waits. Thread: one.
class NlPipeline {
 public:
  explicit NlPipeline(NlSocket socket) : socket_(std::move(socket)) {}

  /// Adds a request to the next flush; its Completion carries `cookie`. Returns its sequence number.
  std::uint32_t queue(const NlMessage& message, std::uint64_t cookie);
  /// Sends what was queued with one system call. The kernel carries requests out before the call returns;
  /// when the call itself fails, every queued request completes with that errno.
  void flush(std::vector<Completion>& done);

  /// What was queued, to be sent by somebody who may wait (send_netlink on fd()); it counts as in flight.
  struct Batch {
    std::vector<std::uint8_t> bytes;
    std::uint32_t last_sequence = 0;
  };
  [[nodiscard]] Batch take_batch();
  /// A batch could not be sent: what was in flight up to `last_sequence` completes with `err_no`.
  void fail_until(std::uint32_t last_sequence, int err_no, std::vector<Completion>& done);

  /// Collects the acknowledgements that are there, also those that nobody waits for any more. After an
  /// overrun those that are missing complete with ENOBUFS.
  void collect(std::vector<Completion>& done);

  [[nodiscard]] int fd() const { return socket_.fd(); }
  [[nodiscard]] std::uint32_t port() const { return socket_.port(); }
  [[nodiscard]] bool idle() const { return in_flight_.empty() && batch_.empty(); }

 private:
  struct Request {
    std::uint32_t sequence;
    std::uint64_t cookie;
  };
  void fail_all(std::deque<Request>& requests, int err_no, std::vector<Completion>& done);
  void acknowledge(const nlmsghdr& header, std::vector<Completion>& done);

  NlSocket socket_;
  std::vector<std::uint8_t> batch_;
  std::deque<Request> queued_;
  std::deque<Request> in_flight_;
};

}  // namespace ka::net
