// Watches links and addresses: changes as the kernel tells them, after a list of everything (listing.h) that
// somebody else reads at the start, and whenever the kernel had to drop changes. Never waits.
#pragma once

#include <cstdint>

#include "native/base/result.h"
#include "native/net/address.h"
#include "native/net/link.h"
#include "native/net/listing.h"
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

/// Thread: one.
class Monitor {
 public:
  /// Subscribes in the thread's network namespace. Errors: kKernel.
  static Result<Monitor> open(const BufferSize& receive_buffer = {});

  [[nodiscard]] int fd() const { return socket_.fd(); }
  /// Reads up to `budget` datagrams and tells `sink`. Returns true when nothing was left to read.
  bool drain(MonitorSink& sink, int budget);
  /// A list is needed: to be read once `drain` has returned true, and not to be drained until it is taken,
  /// since what comes meanwhile is newer.
  [[nodiscard]] bool wants_list() const { return wants_list_; }
  /// Tells `sink` of a list that was read after the last `drain`.
  void take_list(Listing& list, MonitorSink& sink);
  /// How often the kernel dropped changes.
  [[nodiscard]] std::uint64_t overruns() const { return overruns_; }

 private:
  explicit Monitor(NlSocket socket) : socket_(std::move(socket)) {}
  static void handle(nlmsghdr& header, MonitorSink& sink);

  NlSocket socket_;
  std::uint64_t overruns_ = 0;
  bool wants_list_ = true;
};

}  // namespace ka::net
