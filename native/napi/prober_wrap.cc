#include "native/napi/prober_wrap.h"

#include <unistd.h>

#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "native/probe/prober.h"

namespace ka::addon {
namespace {

using probe::Report;
using probe::Spec;
using Reports = std::vector<Report>;

/// Descriptors that nobody will take any more.
void drop(const Reports& reports) {
  for (const Report& report : reports)
    if (report.fd >= 0) ::close(report.fd);
}

Napi::Object to_js(Napi::Env env, const Report& report) {
  Napi::Object o = Napi::Object::New(env);
  o.Set("id", Napi::Number::New(env, report.id));
  o.Set("outcome", Napi::Number::New(env, static_cast<double>(report.outcome)));
  o.Set("errno", Napi::Number::New(env, report.err_no));
  o.Set("syscall", Napi::String::New(env, report.op));
  o.Set("fd", Napi::Number::New(env, report.fd));
  o.Set("elapsedUs", Napi::Number::New(env, static_cast<double>(report.elapsed_us)));
  o.Set("replyLength", Napi::Number::New(env, report.reply_length));
  if (!report.reply.empty())
    o.Set("reply", Napi::Buffer<std::uint8_t>::Copy(env, report.reply.data(), report.reply.size()));
  return o;
}

void deliver(Napi::Env env, Napi::Function callback, Reports* data) {
  const std::unique_ptr<Reports> reports(data);
  if (env == nullptr) {  // the environment goes away: nobody is there to take them
    drop(*reports);
    return;
  }
  Napi::Array all = Napi::Array::New(env, reports->size());
  for (std::uint32_t i = 0; i < reports->size(); ++i) {
    Napi::HandleScope scope(env);
    all.Set(i, to_js(env, (*reports)[i]));
  }
  callback.Call({all});
}

std::uint32_t number(const Napi::Object& o, const char* name) {
  const Napi::Value v = o.Get(name);
  return v.IsNumber() ? v.As<Napi::Number>().Uint32Value() : 0;
}

std::vector<std::uint8_t> bytes(const Napi::Object& o, const char* name) {
  const Napi::Value v = o.Get(name);
  if (!v.IsBuffer()) return {};
  const auto buffer = v.As<Napi::Buffer<std::uint8_t>>();
  return {buffer.Data(), buffer.Data() + buffer.Length()};
}

bool read_spec(const Napi::Object& o, Spec& spec) {
  const auto address = IpAddr::parse(o.Get("address").ToString().Utf8Value());
  if (!address) return false;
  spec.id = number(o, "id");
  spec.kind = static_cast<probe::Kind>(number(o, "kind"));
  spec.address = *address;
  spec.port = static_cast<std::uint16_t>(number(o, "port"));
  if (const Napi::Value source = o.Get("source"); source.IsString()) {
    const auto parsed = IpAddr::parse(source.As<Napi::String>().Utf8Value());
    if (!parsed || parsed->family() != address->family()) return false;
    spec.has_source = true;
    spec.source = *parsed;
  }
  spec.source_port = static_cast<std::uint16_t>(number(o, "sourcePort"));
  if (const Napi::Value name = o.Get("interface"); name.IsString())
    spec.interface = name.As<Napi::String>().Utf8Value();
  spec.mark = number(o, "mark");
  spec.timeout_ms = number(o, "timeoutMs");
  spec.total_ms = number(o, "totalMs");
  spec.interval_ms = number(o, "intervalMs");
  spec.expects_timeout = o.Get("expectsTimeout").ToBoolean().Value();
  spec.expected_length = number(o, "expectedLength");
  spec.keep_fd = o.Get("keepFd").ToBoolean().Value();
  spec.payload = bytes(o, "payload");
  spec.match = bytes(o, "match");
  spec.match_mask = bytes(o, "matchMask");
  return spec.match.size() == spec.match_mask.size();
}

class Prober final : public Napi::ObjectWrap<Prober> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "Prober",
                       {InstanceMethod("submit", &Prober::submit), InstanceMethod("cancel", &Prober::cancel),
                        InstanceMethod("pulse", &Prober::pulse), InstanceMethod("ref", &Prober::ref),
                        InstanceMethod("unref", &Prober::unref), InstanceMethod("close", &Prober::close)});
  }

  explicit Prober(const Napi::CallbackInfo& info)
      : Napi::ObjectWrap<Prober>(info), state_(std::make_shared<State>()) {
    const Napi::Env env = info.Env();
    const std::string netns = info[0].IsString() ? info[0].As<Napi::String>().Utf8Value() : std::string();
    state_->reports = Callback::New(env, info[1].As<Napi::Function>(), "ka.prober", 0, 1);
    state_->reports.Unref(env);
    auto started = probe::Prober::start(netns, [callback = state_->reports](Reports&& reports) mutable {
      auto data = std::make_unique<Reports>(std::move(reports));
      if (callback.NonBlockingCall(data.get()) == napi_ok)
        static_cast<void>(data.release());
      else
        drop(*data);
    });
    if (!started) {
      state_->close();
      const Error& error = started.error();
      Napi::Error thrown = Napi::Error::New(env, error.detail + ": " + std::strerror(error.err_no));
      thrown.Set("code", Napi::String::New(env, "KA_PROBER_START"));
      thrown.Set("errno", Napi::Number::New(env, error.err_no));
      thrown.Set("syscall", Napi::String::New(env, error.op));
      thrown.ThrowAsJavaScriptException();
      return;
    }
    state_->prober = std::move(*started);
    // The thread must be gone before the environment is.
    Napi::Env(env).AddCleanupHook([state = std::weak_ptr<State>(state_)] {
      if (const auto alive = state.lock()) alive->close();
    });
  }
  ~Prober() override { state_->close(); }

 private:
  struct Deliver {
    static void call(Napi::Env env, Napi::Function callback, void* /*context*/, Reports* data) {
      deliver(env, callback, data);
    }
  };
  using Callback = Napi::TypedThreadSafeFunction<void, Reports, &Deliver::call>;

  struct State {
    Callback reports;
    std::unique_ptr<probe::Prober> prober;
    bool is_closed = false;

    void close() {
      if (std::exchange(is_closed, true)) return;
      prober.reset();
      reports.Release();
    }
  };

  void submit(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    if (!state_->prober) return;
    const auto list = info[0].As<Napi::Array>();
    std::vector<Spec> specs(list.Length());
    for (std::uint32_t i = 0; i < list.Length(); ++i) {
      Napi::HandleScope scope(env);
      const Napi::Value item = list.Get(i);
      if (item.IsObject() && read_spec(item.As<Napi::Object>(), specs[i])) continue;
      Napi::TypeError::New(env, "probe " + std::to_string(i) + " has an address that is none")
          .ThrowAsJavaScriptException();
      return;
    }
    state_->prober->submit(std::move(specs));
  }
  void cancel(const Napi::CallbackInfo& info) {
    if (state_->prober) state_->prober->cancel(info[0].As<Napi::Number>().Uint32Value());
  }
  Napi::Value pulse(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    if (!state_->prober) return env.Undefined();
    const auto pulse = state_->prober->pulse(info[0].As<Napi::Number>().Uint32Value());
    if (!pulse) return env.Undefined();
    Napi::Object o = Napi::Object::New(env);
    o.Set("rounds", Napi::Number::New(env, pulse->rounds));
    o.Set("elapsedUs", Napi::Number::New(env, static_cast<double>(pulse->elapsed_us)));
    o.Set("ageUs", Napi::Number::New(env, static_cast<double>(pulse->age_us)));
    return o;
  }
  void ref(const Napi::CallbackInfo& info) {
    if (!state_->is_closed) state_->reports.Ref(info.Env());
  }
  void unref(const Napi::CallbackInfo& info) {
    if (!state_->is_closed) state_->reports.Unref(info.Env());
  }
  void close(const Napi::CallbackInfo& /*info*/) { state_->close(); }

  std::shared_ptr<State> state_;
};

}  // namespace

void init_prober(Napi::Env env, Napi::Object exports) {
  exports.Set("Prober", Prober::define(env));
}

}  // namespace ka::addon
