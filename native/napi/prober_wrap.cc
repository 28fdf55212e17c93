#include "native/napi/prober_wrap.h"

#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include "native/napi/feed.h"
#include "native/probe/prober.h"

namespace ka::addon {
namespace {

using probe::Report;
using probe::Spec;

struct Words {
  using Item = Report;
  static Napi::Object to_js(Napi::Env env, const Report& report) {
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
  static void drop(const Report& report) {
    if (report.fd >= 0) ::close(report.fd);
  }
};

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

  explicit Prober(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Prober>(info) {
    const std::string netns = info[0].IsString() ? info[0].As<Napi::String>().Utf8Value() : std::string();
    reports_.open(info.Env(), info[1].As<Napi::Function>(), "ka.prober", "KA_PROBER_START", [&](auto&& sink) {
      return probe::Prober::start(netns, std::forward<decltype(sink)>(sink));
    });
  }

 private:
  void submit(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    auto* const prober = reports_.worker();
    if (prober == nullptr) return;
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
    prober->submit(std::move(specs));
  }
  void cancel(const Napi::CallbackInfo& info) {
    if (auto* prober = reports_.worker()) prober->cancel(info[0].As<Napi::Number>().Uint32Value());
  }
  Napi::Value pulse(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    auto* const prober = reports_.worker();
    if (prober == nullptr) return env.Undefined();
    const auto pulse = prober->pulse(info[0].As<Napi::Number>().Uint32Value());
    if (!pulse) return env.Undefined();
    Napi::Object o = Napi::Object::New(env);
    o.Set("rounds", Napi::Number::New(env, pulse->rounds));
    o.Set("elapsedUs", Napi::Number::New(env, static_cast<double>(pulse->elapsed_us)));
    o.Set("ageUs", Napi::Number::New(env, static_cast<double>(pulse->age_us)));
    return o;
  }
  void ref(const Napi::CallbackInfo& info) { reports_.ref(info.Env()); }
  void unref(const Napi::CallbackInfo& info) { reports_.unref(info.Env()); }
  void close(const Napi::CallbackInfo& /*info*/) { reports_.close(); }

  Feed<probe::Prober, Words> reports_;
};

}  // namespace

void init_prober(Napi::Env env, Napi::Object exports) {
  exports.Set("Prober", Prober::define(env));
}

}  // namespace ka::addon
