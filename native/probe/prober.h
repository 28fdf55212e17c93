// Probes of health checks on a thread of their own: TCP connect, UDP exchange, ICMP echo, a plain HTTP
// request. One epoll instance drives any number of them; each costs one socket for as long as it runs. A
// probe may be repeated for as long as it brings what is expected. It knows nothing of retries or of servers.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "native/base/ip.h"
#include "native/base/result.h"

namespace ka::probe {

enum class Kind : std::uint8_t { kTcp = 0, kUdp = 1, kPing = 2, kHttp = 3 };

/// What to probe, and from where.
struct Spec {
  std::uint32_t id = 0;
  Kind kind = Kind::kTcp;
  IpAddr address;
  std::uint16_t port = 0;
  /// Scope of a link-local address; bound to `interface`, which also names it.
  bool has_source = false;
  IpAddr source;
  std::uint16_t source_port = 0;
  /// SO_BINDTODEVICE; empty: none.
  std::string interface;
  /// SO_MARK; 0: none.
  std::uint32_t mark = 0;
  /// kHttp: for each step; the whole may take `total_ms`.
  std::uint32_t timeout_ms = 5000;
  std::uint32_t total_ms = 0;
  /// kTcp: hand the connected descriptor over instead of closing it.
  bool keep_fd = false;
  /// kUdp, kPing, kHttp: what is sent.
  std::vector<std::uint8_t> payload;
  /// kUdp: replies that differ from `match` where `match_mask` has bits are ignored; both have the same
  /// length, and a shorter reply is ignored too.
  std::vector<std::uint8_t> match;
  std::vector<std::uint8_t> match_mask;
  /// Not 0: a vigil. The probe begins after so many milliseconds, and again so long after each end that is
  /// expected; the first other end is reported. kHttp: expected are a head that begins with `match` and a
  /// body of `expected_length` bytes.
  std::uint32_t interval_ms = 0;
  bool expects_timeout = false;
  std::uint32_t expected_length = 0;
};

/// What a vigil has seen since it began.
struct Pulse {
  std::uint32_t rounds = 0;
  std::uint64_t elapsed_us = 0;
  /// Microseconds since the last end.
  std::uint64_t age_us = 0;
};

enum class Outcome : std::uint8_t {
  kOk = 0,
  kTimeout = 1,
  /// The peer or the network said no: `err_no` says how.
  kFailed = 2,
  /// The probe could not be made (socket, bind, no memory): says nothing about the peer.
  kUnusable = 3,
};

struct Report {
  std::uint32_t id = 0;
  Outcome outcome = Outcome::kOk;
  int err_no = 0;
  /// The call that failed, static storage.
  const char* op = "";
  /// kTcp with keep_fd and kOk: a connected, non-blocking socket that the receiver owns; else -1.
  int fd = -1;
  /// kUdp: the reply, cut at kMaxReply bytes; `reply_length` is its full length. kHttp: the head, and the
  /// length of the body.
  std::vector<std::uint8_t> reply;
  std::uint32_t reply_length = 0;
  std::uint64_t elapsed_us = 0;
};

/// Longest part of a reply that is kept.
inline constexpr std::size_t kMaxReply = 4096;

/// Called on the prober's thread with what ended since the last call.
using Sink = std::function<void(std::vector<Report>&&)>;

/// Owner of the thread.
class Prober {
 public:
  /// Starts the thread, in the namespace of `netns_path` when that is not empty.
  static Result<std::unique_ptr<Prober>> start(const std::string& netns_path, Sink sink);
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;
  /// Stops the thread; what still runs ends without a report.
  ~Prober();

  /// Begins probes.   Thread: any
  void submit(std::vector<Spec>&& specs);
  /// Ends a probe without a report; one that already ended is no error.   Thread: any
  void cancel(std::uint32_t id);
  /// nullopt: no such vigil, or none of its probes has ended.   Thread: any
  std::optional<Pulse> pulse(std::uint32_t id);

 private:
  struct Impl;
  explicit Prober(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ka::probe
