// Carries news from the engine thread to JavaScript: one thread-safe function, called once however much
// waits.
#pragma once

#include <napi.h>

#include <atomic>
#include <functional>

namespace ka::addon {

/// Thread: js, except wake().
class Bridge {
 public:
  /// `drain` runs on the JavaScript thread some time after wake().
  Bridge(Napi::Env env, std::function<void()> drain);
  ~Bridge() { close(); }
  Bridge(const Bridge&) = delete;
  Bridge& operator=(const Bridge&) = delete;

  /// Never blocks.   Thread: any.
  void wake();
  /// Lets go of the event loop. Precondition: nobody calls wake() any more, and the environment is still
  /// there.
  void close();
  /// From now on wake() does nothing: the environment is going away.   Thread: any.
  void mute() { is_muted_.store(true, std::memory_order_seq_cst); }

 private:
  napi_threadsafe_function function_ = nullptr;
  std::function<void()> drain_;
  std::atomic<bool> is_muted_{false};
};

}  // namespace ka::addon
