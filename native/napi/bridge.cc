#include "native/napi/bridge.h"

#include <utility>

namespace ka::addon {

Bridge::Bridge(Napi::Env env, std::function<void()> drain) : drain_(std::move(drain)) {
  const auto call = [](napi_env called_env, napi_value, void* context, void*) {
    // Without an environment the queue is only being emptied.
    if (called_env != nullptr) static_cast<Bridge*>(context)->drain_();
  };
  const napi_value name = Napi::String::New(env, "ka-engine");
  // At most one call waits; whoever wakes meanwhile is served by it.
  napi_create_threadsafe_function(env, nullptr, nullptr, name, 1, 1, nullptr, nullptr, this, call,
                                  &function_);
}

void Bridge::close() {
  if (auto* const function = std::exchange(function_, nullptr)) {
    napi_release_threadsafe_function(function, napi_tsfn_abort);
  }
}

void Bridge::wake() {
  if (function_ == nullptr || is_muted_.load(std::memory_order_seq_cst)) return;
  napi_call_threadsafe_function(function_, nullptr, napi_tsfn_nonblocking);
}

}  // namespace ka::addon
