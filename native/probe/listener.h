// Hears the VRRP adverts on an interface for a bounded time, whoever sends them, this machine included, and
// whatever the firewall drops afterwards. It sends nothing and joins no protocol.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "native/base/ip.h"
#include "native/base/result.h"

namespace ka::probe {

/// Adverts of one sender for one virtual router.
struct Heard {
  IpAddr source;
  std::uint8_t version = 0;
  std::uint8_t vrid = 0;
  /// That of the last one.
  std::uint8_t priority = 0;
  /// Sent by this machine.
  bool is_own = false;
  /// Virtual addresses that the last one named.
  std::vector<IpAddr> addresses;
  std::uint32_t count = 0;
};

/// Senders that are told apart at most; others are left out.
inline constexpr std::size_t kMaxHeard = 1024;

/// Adverts on `interface` within `duration`. Equivalent: tcpdump -i INTERFACE proto 112
/// Errors: kNotFound (no such interface), kPermission (CAP_NET_RAW).   Thread: any; it waits.
Result<std::vector<Heard>> listen_for_adverts(const std::string& interface,
                                              std::chrono::milliseconds duration);

}  // namespace ka::probe
