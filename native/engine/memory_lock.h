// What keepalived's *_no_swap asks for: memory that is in use stays in memory.
#pragma once

#include <array>
#include <cstdint>

#include "native/base/result.h"

namespace ka::engine {

/// Locks the code and data of the program and of what it has loaded, the heap, and stack and heap of one
/// thread. Not what V8 manages, which mlockall(2) would cover too: V8 gives pages back with MADV_DONTNEED,
/// the kernel refuses that for locked memory, and V8 then ends the process.
class MemoryLock {
 public:
  /// Remembers the stack and the heap of the calling thread.
  static MemoryLock of_this_thread();

  /// Locks what there is now; again, when more has come. What is used stays, what is only reserved costs
  /// nothing (MLOCK_ONFAULT). Errors: kPermission (CAP_IPC_LOCK is missing), kKernel. Thread: any.
  [[nodiscard]] Result<void> apply() const;

 private:
  std::array<std::uintptr_t, 2> places_{};
};

}  // namespace ka::engine
