#include "native/napi/address_watch_wrap.h"

#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "native/net/address_watch.h"

namespace ka::addon {
namespace {

using Changes = std::vector<net::AddressChange>;

void deliver(Napi::Env env, Napi::Function callback, Changes* data) {
  const std::unique_ptr<Changes> changes(data);
  if (env == nullptr) return;  // the environment goes away: nobody is there to hear
  Napi::Array all = Napi::Array::New(env, changes->size());
  for (std::uint32_t i = 0; i < changes->size(); ++i) {
    Napi::HandleScope scope(env);
    Napi::Object o = Napi::Object::New(env);
    o.Set("address", Napi::String::New(env, (*changes)[i].address.format()));
    o.Set("isPresent", Napi::Boolean::New(env, (*changes)[i].is_present));
    all.Set(i, o);
  }
  callback.Call({all});
}

class AddressWatch final : public Napi::ObjectWrap<AddressWatch> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "AddressWatch", {InstanceMethod("close", &AddressWatch::close)});
  }

  explicit AddressWatch(const Napi::CallbackInfo& info)
      : Napi::ObjectWrap<AddressWatch>(info), state_(std::make_shared<State>()) {
    const Napi::Env env = info.Env();
    const std::string netns = info[0].IsString() ? info[0].As<Napi::String>().Utf8Value() : std::string();
    state_->changes = Callback::New(env, info[1].As<Napi::Function>(), "ka.addresses", 0, 1);
    state_->changes.Unref(env);
    auto started = net::AddressWatch::start(netns, [callback = state_->changes](Changes&& changes) mutable {
      auto data = std::make_unique<Changes>(std::move(changes));
      if (callback.NonBlockingCall(data.get()) == napi_ok) static_cast<void>(data.release());
    });
    if (!started) {
      state_->close();
      const Error& error = started.error();
      Napi::Error thrown = Napi::Error::New(env, error.detail + ": " + std::strerror(error.err_no));
      thrown.Set("code", Napi::String::New(env, "KA_ADDRESS_WATCH"));
      thrown.Set("errno", Napi::Number::New(env, error.err_no));
      thrown.Set("syscall", Napi::String::New(env, error.op));
      thrown.ThrowAsJavaScriptException();
      return;
    }
    state_->watch = std::move(*started);
    // The thread must be gone before the environment is.
    Napi::Env(env).AddCleanupHook([state = std::weak_ptr<State>(state_)] {
      if (const auto alive = state.lock()) alive->close();
    });
  }
  ~AddressWatch() override { state_->close(); }

 private:
  struct Deliver {
    static void call(Napi::Env env, Napi::Function callback, void* /*context*/, Changes* data) {
      deliver(env, callback, data);
    }
  };
  using Callback = Napi::TypedThreadSafeFunction<void, Changes, &Deliver::call>;

  struct State {
    Callback changes;
    std::unique_ptr<net::AddressWatch> watch;
    bool is_closed = false;

    void close() {
      if (std::exchange(is_closed, true)) return;
      watch.reset();
      changes.Release();
    }
  };

  void close(const Napi::CallbackInfo& /*info*/) { state_->close(); }

  std::shared_ptr<State> state_;
};

}  // namespace

void init_address_watch(Napi::Env env, Napi::Object exports) {
  exports.Set("AddressWatch", AddressWatch::define(env));
}

}  // namespace ka::addon
