// How often what others delete from the kernel is put back: the same for addresses, routes and rules.
#pragma once

#include <chrono>

#include "native/base/units.h"

namespace ka::engine {

/// What the kernel refuses is tried again after this.
inline constexpr std::chrono::seconds kRetry{10};

/// Ends a fight with somebody who keeps deleting: five times in a window it is put back, then it is left
/// alone until the window ends.
class LoopBreaker {
 public:
  /// Somebody deleted it. True: put it back now; false: not before `window_end`.
  bool allows(Instant now) {
    if (now - window_ > kWindow) {
      window_ = now;
      restores_ = 0;
    }
    return ++restores_ <= kMaxRestores;
  }
  [[nodiscard]] Instant window_end() const { return window_ + kWindow; }

 private:
  static constexpr int kMaxRestores = 5;
  static constexpr std::chrono::seconds kWindow{10};

  Instant window_{};
  int restores_ = 0;
};

}  // namespace ka::engine
