// Asks the neighbours who holds our virtual addresses, as an ordinary ARP request or neighbour solicitation
// from the interface's own address: nobody but us ought to answer.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "native/base/ip.h"
#include "native/base/result.h"
#include "native/base/units.h"
#include "native/net/fd.h"
#include "native/vrrp/types.h"
#include "native/wire/neighbour.h"

namespace ka::engine {

/// One question on one link.
struct VipProbe {
  vrrp::RouterId router = vrrp::kNoRouter;
  IfIndex link = 0;
  MacAddr mac{};
  /// Of the interface; unspecified: none (IPv4 alone).
  IpAddr source;
  IpAddr target;
};

/// Somebody answered.
struct VipAnswer {
  vrrp::RouterId router = vrrp::kNoRouter;
  wire::NeighbourClaim claim;
};

/// Never waits, never allocates after open(). Thread: engine.
class VipProber {
 public:
  /// How often one router asks at most.
  static constexpr Millis kPeriod{200};

  /// Errors: kPermission (CAP_NET_RAW), kKernel. Without IPv6 it asks for IPv4 addresses alone.
  Result<void> open();
  [[nodiscard]] bool is_open() const { return arp_.valid(); }
  [[nodiscard]] int arp_fd() const { return arp_.get(); }
  /// -1: this host has no IPv6.
  [[nodiscard]] int icmp_fd() const { return icmp_.get(); }

  /// Whether the engine as a whole may ask once more now, and counts it: kPerSecond on average.
  bool may_ask(Instant now);
  /// What cannot be sent is no sign of anything, and is not told.
  void ask(const VipProbe& probe);
  /// Packets that are looked at in a turn: others may send any number of them.
  static constexpr std::size_t kPerTurn = 64;
  /// The next answer to a question of ours; nullopt: none waits, or `budget`, the packets that may still be
  /// looked at, is used up.
  std::optional<VipAnswer> next_answer(std::size_t& budget);

 private:
  static constexpr std::int64_t kPerSecond = 100;
  static constexpr std::int64_t kBurst = 20;
  struct Asked {
    vrrp::RouterId router = vrrp::kNoRouter;
    IfIndex link = 0;
    IpAddr target;
  };
  std::optional<VipAnswer> match(IfIndex link, const std::optional<wire::NeighbourClaim>& claim) const;

  Fd arp_;
  Fd icmp_;
  std::array<Asked, 128> asked_{};  // the last ones
  std::size_t next_ = 0;
  Nanos credit_ = std::chrono::seconds{1};
  Instant credit_at_{};
};

}  // namespace ka::engine
