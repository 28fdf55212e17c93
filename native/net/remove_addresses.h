// Addresses of a process that died: removed by another one, which needs no engine for it.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "native/base/ip.h"
#include "native/base/result.h"

namespace ka::net {

/// An address on an interface that is known by name.
struct NamedAddress {
  std::string dev;
  Prefix prefix;
  std::optional<IpAddr> peer;
  /// Only if it bears kProtocolKeepalived: one that somebody else put there stays (so does every one on
  /// kernels before 5.18, which know no such mark).
  bool only_marked = false;
};

/// Removes addresses in a network namespace (path of its file; empty: that of the caller), on a thread that
/// lives for this. An interface or an address that is not there is none of its business. Equivalent:
/// ip address del PREFIX dev DEV. Returns how many were removed. Errors: kNotFound (the namespace), kKernel,
/// kUnsupported (no rtnetlink). Thread: any; it waits for the kernel.
Result<std::size_t> remove_addresses(const std::string& netns_path, std::span<const NamedAddress> addresses);

}  // namespace ka::net
