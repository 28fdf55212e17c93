#include "native/napi/engine_wrap.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "native/engine/engine.h"
#include "native/napi/bridge.h"
#include "native/napi/engine_read.h"
#include "native/napi/engine_show.h"
#include "native/napi/exit_guard.h"

namespace ka::addon {
namespace {

/// Events handed over in one call; the event loop turns in between.
constexpr std::uint32_t kEventsPerCall = 1024;
/// Property of the JavaScript object that holds the function for events.
constexpr const char* kListener = "onEvents";

/// False in an environment that is being torn down (a worker that was terminated): nearly every call fails
/// there.
bool can_run_javascript(napi_env env) {
  napi_value undefined = nullptr;
  bool is_same = false;
  return napi_get_undefined(env, &undefined) == napi_ok &&
         napi_strict_equals(env, undefined, undefined, &is_same) == napi_ok;
}

class EngineWrap final : public Napi::ObjectWrap<EngineWrap> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(
        env, "Engine",
        {InstanceMethod("start", &EngineWrap::start), InstanceMethod("apply", &EngineWrap::apply),
         InstanceMethod("status", &EngineWrap::status), InstanceMethod("stop", &EngineWrap::stop),
         InstanceMethod("heartbeat", &EngineWrap::heartbeat), InstanceMethod("record", &EngineWrap::record)});
  }

  explicit EngineWrap(const Napi::CallbackInfo& info) : Napi::ObjectWrap<EngineWrap>(info) {
    const Napi::Env env = info.Env();
    if (!info[0].IsObject() || !info[1].IsFunction()) {
      Napi::TypeError::New(env, "Engine: expected options and a function for events")
          .ThrowAsJavaScriptException();
      return;
    }
    auto options = read_options(info[0].As<Napi::Object>());
    if (!options.ok()) {
      Napi::Error(env, error_to_js(env, options.error())).ThrowAsJavaScriptException();
      return;
    }
    // Held by the object until it starts: a reference of ours would keep the listener, which mostly knows the
    // object, and so the object itself, for ever.
    info.This().As<Napi::Object>().DefineProperty(
        Napi::PropertyDescriptor::Value(kListener, info[1], napi_configurable));
    engine_ = std::make_unique<engine::Engine>(std::move(*options), [this] { bridge_->wake(); });
  }

 private:
  struct Waiting {
    Napi::Promise::Deferred deferred;
    /// Routers as they are once the transaction has been carried out.
    std::vector<KnownRouter> routers;
    std::vector<vrrp::RouterId> removed;
  };

  // ---- life ----

  Napi::Value start(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    auto deferred = Napi::Promise::Deferred::New(env);
    const Napi::Promise promise = deferred.Promise();
    if (engine_ == nullptr) return refuse(deferred);
    if (bridge_ == nullptr) bridge_ = std::make_unique<Bridge>(env, [this] { drain(); });
    if (const auto started = engine_->start(); !started.ok()) {
      if (!is_kept_) bridge_->close();
      deferred.Reject(error_to_js(env, started.error()));
      return promise;
    }
    // The engine keeps this object, and the process, alive until it is stopped.
    Ref();
    on_events_ = Napi::Persistent(info.This().As<Napi::Object>().Get(kListener).As<Napi::Function>());
    is_kept_ = true;
    // After the bridge: environments end in reverse order.
    guard_.emplace(env, [this](Ending ending) { stop_in_place(ending); });
    waiting_.emplace(0, Waiting{deferred, {}, {}});
    return promise;
  }

  Napi::Value stop(const Napi::CallbackInfo& info) {
    auto deferred = Napi::Promise::Deferred::New(info.Env());
    const Napi::Promise promise = deferred.Promise();
    if (engine_ == nullptr || !is_kept_) {
      engine_.reset();
      deferred.Resolve(info.Env().Undefined());
      return promise;
    }
    stopping_.push_back(deferred);
    if (stopping_.size() == 1) {
      stop_ticket_ = ++last_ticket_;
      engine_->request_stop(stop_ticket_);
    }
    return promise;
  }

  /// Ends everything now; the last events are lost with the environment.
  void stop_in_place(Ending ending) {
    bridge_->mute();
    engine_->stop();
    if (ending == Ending::kEnvironment) bridge_->close();
  }

  // ---- transactions ----

  Napi::Value apply(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    auto deferred = Napi::Promise::Deferred::New(env);
    const Napi::Promise promise = deferred.Promise();
    if (engine_ == nullptr || !is_kept_) return refuse(deferred);
    if (!info[0].IsObject()) {
      const Error error{Errc::kInvalidArgument, "arguments", 0, "expected a transaction"};
      deferred.Reject(error_to_js(env, error));
      return promise;
    }
    auto transaction = read_transaction(info[0].As<Napi::Object>());
    if (!transaction.ok()) {
      deferred.Reject(error_to_js(env, transaction.error()));
      return promise;
    }
    Waiting waiting{deferred, {}, transaction->remove};
    for (engine::RouterConfig& router : transaction->routers) waiting.routers.push_back(prepare(router));
    const std::uint64_t ticket = ++last_ticket_;
    if (const auto queued = engine_->apply(ticket, std::move(*transaction)); !queued.ok()) {
      deferred.Reject(error_to_js(env, queued.error()));
      return promise;
    }
    for (const KnownRouter& router : waiting.routers) latest_[router.id] = router.shared;
    waiting_.emplace(ticket, std::move(waiting));
    return promise;
  }

  /// Gives a router the places that the engine thread writes to; an update keeps its counters.
  KnownRouter prepare(engine::RouterConfig& router) {
    auto& shared = latest_[router.id];
    if (shared == nullptr) shared = std::make_shared<engine::RouterShared>();
    router.shared = shared;
    KnownRouter known{router.id, shared, nullptr, {}};
    for (const auto* list : {&router.addresses, &router.excluded}) {
      for (const auto& address : *list) known.addresses.push_back(format(address.prefix));
    }
    router.installed = std::make_shared<engine::InstalledFlags>(known.addresses.size());
    known.installed = router.installed;
    return known;
  }

  Napi::Value refuse(Napi::Promise::Deferred& deferred) {
    const Error error{Errc::kClosed, "engine", 0, "the engine does not run"};
    deferred.Reject(error_to_js(Env(), error));
    return deferred.Promise();
  }

  // ---- what JavaScript asks ----

  Napi::Value status(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    if (engine_ == nullptr) {
      const Error error{Errc::kClosed, "engine", 0, "the engine does not run"};
      Napi::Error(env, error_to_js(env, error)).ThrowAsJavaScriptException();
      return env.Undefined();
    }
    Napi::Object o = engine_status_to_js(env, engine_->shared());
    Napi::Array routers = Napi::Array::New(env, routers_.size());
    std::uint32_t at = 0;
    for (const auto& [id, router] : routers_) {
      Napi::HandleScope scope(env);
      routers.Set(at++, router_status_to_js(env, router));
    }
    o.Set("routers", routers);
    return o;
  }

  /// undefined: no router has this number.
  Napi::Value record(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const double id = info[0].IsNumber() ? info[0].As<Napi::Number>().DoubleValue() : -1;
    if (engine_ == nullptr || id < 0 || id >= vrrp::kNoRouter) return env.Undefined();
    const auto found = latest_.find(static_cast<vrrp::RouterId>(id));
    if (found == latest_.end()) return env.Undefined();
    return record_to_js(env, *found->second, engine_->shared());
  }

  Napi::Value heartbeat(const Napi::CallbackInfo& info) {
    if (engine_ != nullptr) engine_->heartbeat();
    return info.Env().Undefined();
  }

  // ---- what the engine tells ----

  void drain() {
    const Napi::Env env = Env();
    if (engine_ == nullptr || !can_run_javascript(env)) return;
    Napi::HandleScope scope(env);
    engine_->woken();
    for (engine::Answer& answer : engine_->take_answers()) answers_.push_back(std::move(answer));
    switch (deliver_events(env)) {
      case Delivery::kAll:
        for (engine::Answer& answer : std::exchange(answers_, {})) settle(env, answer);
        break;
      case Delivery::kSome:
      case Delivery::kThrew:
        // After an exception the environment may be about to end. If not, the next turn of the event loop
        // goes on.
        bridge_->wake();
        break;
    }
  }

  enum class Delivery : std::uint8_t { kAll, kSome, kThrew };

  Delivery deliver_events(Napi::Env env) {
    Napi::Array list = Napi::Array::New(env);
    std::uint32_t count = 0;
    engine::Event event;
    while (count < kEventsPerCall && engine_->next_event(event)) {
      Napi::HandleScope scope(env);
      list.Set(count++, event_to_js(env, event));
    }
    if (const std::uint64_t lost = engine_->take_lost(); lost != 0)
      list.Set(count++, overflow_to_js(env, lost));
    if (count != 0 && !call_listener(env, list)) return Delivery::kThrew;
    return count >= kEventsPerCall ? Delivery::kSome : Delivery::kAll;
  }

  /// By the plain C interface: the C++ one aborts the process when the listener ends the environment.
  bool call_listener(napi_env env, napi_value list) {
    napi_value undefined = nullptr;
    napi_get_undefined(env, &undefined);
    if (napi_call_function(env, undefined, on_events_.Value(), 1, &list, nullptr) == napi_ok) return true;
    // A listener that throws is the application's uncaught exception, and no reason to lose answers.
    bool is_pending = false;
    napi_value thrown = nullptr;
    if (napi_is_exception_pending(env, &is_pending) != napi_ok || !is_pending) return false;
    if (napi_get_and_clear_last_exception(env, &thrown) == napi_ok) napi_fatal_exception(env, thrown);
    return false;
  }

  void settle(Napi::Env env, engine::Answer& answer) {
    if (answer.ticket == stop_ticket_ && stop_ticket_ != 0) return finish_stop(env);
    const auto found = waiting_.find(answer.ticket);
    if (found == waiting_.end()) return;
    Waiting waiting = std::move(found->second);
    waiting_.erase(found);
    if (!answer.result.ok()) {
      waiting.deferred.Reject(error_to_js(env, answer.result.error()));
      // There is no thread that could answer what else was asked.
      if (answer.ticket == 0) finish_stop(env);
      return;
    }
    for (const vrrp::RouterId id : waiting.removed) {
      routers_.erase(id);
      latest_.erase(id);
    }
    for (KnownRouter& router : waiting.routers) routers_[router.id] = std::move(router);
    waiting.deferred.Resolve(env.Undefined());
  }

  void finish_stop(Napi::Env env) {
    engine_->stop();
    while (deliver_events(env) == Delivery::kSome) {
    }
    if (!can_run_javascript(env)) return;
    for (auto& [ticket, waiting] : std::exchange(waiting_, {})) refuse(waiting.deferred);
    for (auto& deferred : std::exchange(stopping_, {})) deferred.Resolve(env.Undefined());
    release_self();
  }

  void release_self() {
    engine_->stop();
    guard_.reset();
    // Closed, not destroyed: this may be running inside its call.
    bridge_->close();
    on_events_.Reset();
    if (std::exchange(is_kept_, false)) Unref();
  }

  Napi::FunctionReference on_events_;
  std::map<vrrp::RouterId, KnownRouter> routers_;
  std::map<vrrp::RouterId, std::shared_ptr<engine::RouterShared>> latest_;
  std::map<std::uint64_t, Waiting> waiting_;
  std::vector<Napi::Promise::Deferred> stopping_;
  std::vector<engine::Answer> answers_;  // not given yet
  std::uint64_t last_ticket_ = 0;
  std::uint64_t stop_ticket_ = 0;
  bool is_kept_ = false;
  // The engine thread calls the bridge: the engine goes first. The guard stops the engine: it goes before
  // both.
  std::unique_ptr<Bridge> bridge_;
  std::unique_ptr<engine::Engine> engine_;
  std::optional<ExitGuard> guard_;
};

}  // namespace

void init_engine(Napi::Env env, Napi::Object exports) {
  exports.Set("Engine", EngineWrap::define(env));
}

}  // namespace ka::addon
