#include "native/napi/listener_wrap.h"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "native/napi/failure.h"
#include "native/probe/listener.h"

namespace ka::addon {
namespace {

/// One wait, on a thread of the pool.
class Listening final : public Napi::AsyncWorker {
 public:
  Listening(Napi::Env env, std::string interface, std::chrono::milliseconds duration)
      : Napi::AsyncWorker(env),
        deferred_(Napi::Promise::Deferred::New(env)),
        interface_(std::move(interface)),
        duration_(duration) {}

  [[nodiscard]] Napi::Promise promise() const { return deferred_.Promise(); }

 protected:
  void Execute() override { result_ = probe::listen_for_adverts(interface_, duration_); }

  void OnOK() override {
    const Napi::Env env = Env();
    if (!result_.ok()) {
      deferred_.Reject(failure(env, "KA_LISTENER", result_.error()).Value());
      return;
    }
    Napi::Array all = Napi::Array::New(env);
    for (const probe::Heard& heard : *result_) all.Set(all.Length(), to_js(env, heard));
    deferred_.Resolve(all);
  }

 private:
  static Napi::Object to_js(Napi::Env env, const probe::Heard& heard) {
    Napi::Object o = Napi::Object::New(env);
    o.Set("source", Napi::String::New(env, heard.source.format()));
    o.Set("version", Napi::Number::New(env, heard.version));
    o.Set("vrid", Napi::Number::New(env, heard.vrid));
    o.Set("priority", Napi::Number::New(env, heard.priority));
    o.Set("isOwn", Napi::Boolean::New(env, heard.is_own));
    Napi::Array addresses = Napi::Array::New(env);
    for (const IpAddr& address : heard.addresses)
      addresses.Set(addresses.Length(), Napi::String::New(env, address.format()));
    o.Set("addresses", addresses);
    o.Set("count", Napi::Number::New(env, heard.count));
    return o;
  }

  Napi::Promise::Deferred deferred_;
  std::string interface_;
  std::chrono::milliseconds duration_;
  Result<std::vector<probe::Heard>> result_{std::vector<probe::Heard>{}};
};

Napi::Value listen_for_adverts(const Napi::CallbackInfo& info) {
  const std::chrono::milliseconds duration(info[1].ToNumber().Uint32Value());
  auto* worker = new Listening(info.Env(), info[0].ToString().Utf8Value(), duration);  // deletes itself
  const Napi::Promise promise = worker->promise();
  worker->Queue();
  return promise;
}

}  // namespace

void init_listener(Napi::Env env, Napi::Object exports) {
  exports.Set("listenForAdverts", Napi::Function::New(env, listen_for_adverts, "listenForAdverts"));
}

}  // namespace ka::addon
