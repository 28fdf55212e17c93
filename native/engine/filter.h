// The socket filter that lets only the VRIDs of our own routers out of the kernel.
#pragma once

#include <linux/filter.h>

#include <array>
#include <bitset>
#include <cstddef>

#include "native/base/ip.h"

namespace ka::engine {

/// VRIDs 0..255.
using VridSet = std::bitset<256>;

/// A classic BPF program of fixed size.
struct FilterProgram {
  std::array<sock_filter, 40> code{};
  unsigned short size = 0;
};

/// Accepts packets whose VRID is in `vrids`, and those too short to have one, so that they are counted as
/// truncated. IPv4 raw sockets filter from the IP header on, IPv6 ones from the payload on.
[[nodiscard]] FilterProgram vrid_filter(Family family, const VridSet& vrids);

}  // namespace ka::engine
