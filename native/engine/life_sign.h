// A sign of life that outlasts the process: when the engine last ran, in a file that whoever watches it has
// open as well.
#pragma once

#include "native/base/result.h"
#include "native/base/units.h"

namespace ka::engine {

/// Two 64-bit numbers in the machine's byte order: CLOCK_MONOTONIC and CLOCK_REALTIME, nanoseconds. Zeros: it
/// has not run yet, or it has left in order. What was due by then had been sent. Written without a system
/// call. Thread: engine.
class LifeSign {
 public:
  LifeSign() = default;
  ~LifeSign();
  LifeSign(LifeSign&& other) noexcept;
  LifeSign& operator=(LifeSign&& other) noexcept;
  LifeSign(const LifeSign&) = delete;
  LifeSign& operator=(const LifeSign&) = delete;

  /// `fd` is a regular file of at least 16 bytes, and may be closed afterwards. Errors: kInvalidArgument,
  /// kKernel.
  static Result<LifeSign> open(int fd);

  /// The engine runs. Does nothing once it has left, or when there is no file.
  void beat(Instant now, std::int64_t wall_ns);
  /// The engine has left in order.
  void leave();

 private:
  std::int64_t* times_ = nullptr;
};

}  // namespace ka::engine
