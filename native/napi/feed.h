// What a native thread tells in batches (launcher, prober, address watch), on its way to a JavaScript
// function.
#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "native/base/result.h"
#include "native/napi/failure.h"

namespace ka::addon {

/// Owns a `Worker` with a thread of its own, and hands what that tells to a JavaScript function, a list each
/// time. `Words` has the type `Item`, `to_js(env, item)`, and `drop(item)` for an item that nobody will take.
/// It ends with `close()`, and with the environment at the latest.   Thread: js, but for the worker's own
template <typename Worker, typename Words>
class Feed {
 public:
  using Batch = std::vector<typename Words::Item>;

  Feed() : state_(std::make_shared<State>()) {}
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;
  ~Feed() { close(); }

  /// `start(sink)` starts the worker. A failure is thrown into JavaScript under `code`. `name` is for
  /// debuggers. The event loop is not kept alive, see `ref`.
  template <typename Start>
  void open(Napi::Env env, Napi::Function callback, const char* name, const char* code, Start&& start) {
    state_->callback = Callback::New(env, callback, name, 0, 1);
    state_->callback.Unref(env);
    Result<std::unique_ptr<Worker>> started = start([callback = state_->callback](Batch&& batch) mutable {
      auto data = std::make_unique<Batch>(std::move(batch));
      if (callback.NonBlockingCall(data.get()) == napi_ok)
        static_cast<void>(data.release());
      else
        drop(*data);
    });
    if (!started) {
      close();
      failure(env, code, started.error()).ThrowAsJavaScriptException();
      return;
    }
    state_->worker = std::move(*started);
    // The thread must be gone before the environment is.
    env.AddCleanupHook([state = std::weak_ptr<State>(state_)] {
      if (const auto alive = state.lock()) alive->close();
    });
  }

  /// Null once it is closed.
  [[nodiscard]] Worker* worker() const { return state_->worker.get(); }
  void ref(Napi::Env env) {
    if (!state_->is_closed) state_->callback.Ref(env);
  }
  void unref(Napi::Env env) {
    if (!state_->is_closed) state_->callback.Unref(env);
  }
  void close() { state_->close(); }

 private:
  static void drop(const Batch& batch) {
    for (const auto& item : batch) Words::drop(item);
  }

  struct Deliver {
    static void call(Napi::Env env, Napi::Function callback, void* /*context*/, Batch* data) {
      const std::unique_ptr<Batch> batch(data);
      if (env == nullptr) {  // the environment goes away: nobody is there to take them
        drop(*batch);
        return;
      }
      Napi::Array all = Napi::Array::New(env, batch->size());
      for (std::uint32_t i = 0; i < batch->size(); ++i) {
        Napi::HandleScope scope(env);
        all.Set(i, Words::to_js(env, (*batch)[i]));
      }
      callback.Call({all});
    }
  };
  using Callback = Napi::TypedThreadSafeFunction<void, Batch, &Deliver::call>;

  struct State {
    Callback callback;
    std::unique_ptr<Worker> worker;
    bool is_closed = false;

    void close() {
      if (std::exchange(is_closed, true)) return;
      worker.reset();
      callback.Release();
    }
  };

  std::shared_ptr<State> state_;
};

}  // namespace ka::addon
