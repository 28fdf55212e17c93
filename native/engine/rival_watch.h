// Whether another router holds the addresses beside this Active one: signs of that, and when they make an
// alarm. No clock, no I/O.
#pragma once

#include <algorithm>
#include <cstdint>

#include "native/base/ip.h"
#include "native/base/units.h"

namespace ka::engine {

/// kAdverts: adverts of lower priority are heard; kNeighbour: an address is answered for by another MAC
/// address.
enum class RivalSign : std::uint8_t { kAdverts, kNeighbour };

/// One sign of another Active router.
struct Rival {
  RivalSign sign = RivalSign::kAdverts;
  /// kAdverts: who sends them, and the priority.
  IpAddr peer;
  Priority priority = 0;
  /// kNeighbour: the address, and who answers for it.
  IpAddr address;
  MacAddr mac{};
};

enum class RivalNews : std::uint8_t { kNone, kRaised, kCleared };

/// A handover leaves one or two signs: the former master advertises until it has heard the new one. The alarm
/// is for signs that go on. `interval` is how often signs can be had, at the least kShortest.
class RivalWatch {
 public:
  /// A sign was had.
  RivalNews seen(const Rival& rival, Nanos interval, Instant now) {
    interval_ = std::max(interval, kShortest);
    if (signs_ != 0 && now - last_ > kPatience * interval_ && !is_told_) signs_ = 0;
    if (signs_ == 0) first_ = now;
    // Adverts tell more; an answer for the address beside them only says that it goes on.
    const bool is_weaker =
        signs_ != 0 && rival_.sign == RivalSign::kAdverts && rival.sign == RivalSign::kNeighbour;
    last_ = now;
    if (is_weaker) return RivalNews::kNone;
    const bool is_other = signs_ != 0 && rival_.sign != rival.sign;
    rival_ = rival;
    if (is_other) {
      signs_ = 0;
      first_ = now;
    }
    ++signs_;
    const bool is_adverts = rival.sign == RivalSign::kAdverts;
    const bool is_enough =
        signs_ >= (is_adverts ? 3U : 2U) && 2 * (now - first_) >= (is_adverts ? 3 : 1) * interval_;
    if (is_told_ || !is_enough) return RivalNews::kNone;
    is_told_ = true;
    return RivalNews::kRaised;
  }

  /// Time has passed.
  RivalNews look(Instant now) {
    if (signs_ == 0 || now - last_ <= kPatience * interval_) return RivalNews::kNone;
    return forget();
  }

  /// It is Active no more.
  RivalNews forget() {
    const bool was_told = is_told_;
    is_told_ = false;
    signs_ = 0;
    return was_told ? RivalNews::kCleared : RivalNews::kNone;
  }

  /// The last sign.
  [[nodiscard]] const Rival& rival() const { return rival_; }

 private:
  static constexpr Nanos kShortest = std::chrono::milliseconds{100};
  static constexpr int kPatience = 3;

  Rival rival_;
  Nanos interval_ = kShortest;
  Instant first_{};
  Instant last_{};
  std::uint32_t signs_ = 0;
  bool is_told_ = false;
};

}  // namespace ka::engine
