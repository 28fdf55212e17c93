// The list of everything: all links, then all addresses. Reading it waits for the kernel's rtnl lock, again
// and again while the list is long, so it is for a thread that may wait. Monitor tells what changes after it.
#pragma once

#include <cstdint>
#include <vector>

#include "native/base/result.h"
#include "native/net/nl.h"

namespace ka::net {

/// Messages RTM_NEWLINK and RTM_NEWADDR as the kernel sent them, back to back.
using Listing = std::vector<std::uint8_t>;

/// Thread: one at a time.
class Lister {
 public:
  /// In the thread's network namespace. Errors: kKernel.
  static Result<Lister> open();

  /// Reads until a list is whole and nothing changed meanwhile. Errors: kKernel (ETIMEDOUT: the kernel does
  /// not answer; EAGAIN: links change without end).
  Result<Listing> read();

 private:
  enum class Part : std::uint8_t { kWhole, kTorn };

  explicit Lister(NlSocket socket) : socket_(std::move(socket)) {}
  /// kTorn: the list changed while it was read (NLM_F_DUMP_INTR), or part of it was lost.
  Result<Part> append(const NlMessage& request, Listing& listing);

  NlSocket socket_;
};

}  // namespace ka::net
