// Watches links and addresses: one list of everything at the start, changes after that, and a new list when
// the kernel had to drop changes. Never waits.
#pragma once

#include <cstdint>

#include "native/base/result.h"
#include "native/net/address.h"
#include "native/net/link.h"
#include "native/net/nl.h"

namespace ka::net {

/// Who made a change: the port of its netlink socket (0: the kernel) and the sequence number of its request.
struct Origin {
  std::uint32_t port = 0;
  std::uint32_t sequence = 0;
};

/// Receives what Monitor finds, in kernel order.
class MonitorSink {
 public:
  virtual ~MonitorSink() = default;
  /// A whole list follows: links, then addresses. What is not named until `list_end` does not exist.
  virtual void list_begin() = 0;
  virtual void list_end() = 0;
  /// A link is new, or anything of it changed (also its name).
  virtual void link_present(const Link& link) = 0;
  virtual void link_gone(IfIndex index) = 0;
  virtual void address_present(const KernelAddress& address, Origin origin) = 0;
  virtual void address_gone(const KernelAddress& address, Origin origin) = 0;
};

/// Thread: engine.
class Monitor {
 public:
  /// Subscribes in the thread's network namespace and asks for the first list. Errors: kKernel.
  static Result<Monitor> open();

  [[nodiscard]] int fd() const { return socket_.fd(); }
  /// Reads up to `budget` datagrams and tells `sink`. Returns true when nothing was left to read.
  bool drain(MonitorSink& sink, int budget);
  /// A list was completed and none is running.
  [[nodiscard]] bool is_current() const { return phase_ == Phase::kCurrent; }
  /// How often the kernel dropped changes.
  [[nodiscard]] std::uint64_t overruns() const { return overruns_; }

 private:
  enum class Phase : std::uint8_t { kAskLinks, kLinks, kAddresses, kCurrent };

  explicit Monitor(NlSocket socket) : socket_(std::move(socket)) {}
  void ask(const NlMessage& message);
  void start_list(MonitorSink& sink);
  void handle(nlmsghdr& header, MonitorSink& sink);
  void list_part_done(const nlmsghdr& header, MonitorSink& sink);

  NlSocket socket_;
  Phase phase_ = Phase::kAskLinks;
  std::uint32_t list_sequence_ = 0;
  std::uint64_t overruns_ = 0;
  bool is_list_broken_ = false;
};

}  // namespace ka::net
