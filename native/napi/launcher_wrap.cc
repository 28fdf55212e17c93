#include "native/napi/launcher_wrap.h"

#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "native/launch/launcher.h"
#include "native/napi/feed.h"

namespace ka::addon {
namespace {

using launch::Report;
using launch::Spec;

struct Words {
  using Item = Report;
  static Napi::Object to_js(Napi::Env env, const Report& report) {
    Napi::Object o = Napi::Object::New(env);
    o.Set("id", Napi::Number::New(env, report.id));
    o.Set("end", Napi::Number::New(env, static_cast<double>(report.end)));
    o.Set("status", Napi::Number::New(env, report.status));
    o.Set("errno", Napi::Number::New(env, report.err_no));
    o.Set("syscall", Napi::String::New(env, report.op));
    if (!report.output.empty())
      o.Set("output", Napi::Buffer<char>::Copy(env, report.output.data(), report.output.size()));
    o.Set("outputBytes", Napi::Number::New(env, static_cast<double>(report.output_bytes)));
    return o;
  }
  static void drop(const Report& /*report*/) {}
};

std::vector<std::string> texts(const Napi::Value& value) {
  std::vector<std::string> all;
  if (!value.IsArray()) return all;
  const auto list = value.As<Napi::Array>();
  all.reserve(list.Length());
  for (std::uint32_t i = 0; i < list.Length(); ++i) all.push_back(list.Get(i).ToString().Utf8Value());
  return all;
}

std::uint32_t number(const Napi::Object& o, const char* name) {
  const Napi::Value v = o.Get(name);
  return v.IsNumber() ? v.As<Napi::Number>().Uint32Value() : 0;
}

std::uint64_t big(const Napi::Object& o, const char* name) {
  const Napi::Value v = o.Get(name);
  bool is_lossless = false;
  return v.IsBigInt() ? v.As<Napi::BigInt>().Uint64Value(&is_lossless) : 0;
}

/// Without what scripts must not inherit (keepalived withholds the same).
bool is_withheld(std::string_view entry) {
  const std::string_view name = entry.substr(0, entry.find('='));
  return name == "IFS" || name == "LD_PRELOAD" || name == "LD_LIBRARY_PATH";
}

/// The environment of this process as it is now, then `extra`, which replaces what has the same name.
/// Read on the JavaScript thread: that is where it changes.
std::vector<std::string> environment(const std::vector<std::string>& extra) {
  std::vector<std::string> all;
  for (char** each = environ; each != nullptr && *each != nullptr; ++each) {
    const std::string_view entry(*each);
    const std::string_view name = entry.substr(0, entry.find('='));
    bool is_replaced = is_withheld(entry);
    for (const std::string& other : extra)
      if (std::string_view(other).substr(0, other.find('=')) == name) is_replaced = true;
    if (!is_replaced) all.emplace_back(entry);
  }
  all.insert(all.end(), extra.begin(), extra.end());
  return all;
}

Spec read_spec(const Napi::Object& o) {
  Spec spec;
  spec.id = number(o, "id");
  spec.files = texts(o.Get("files"));
  spec.argv = texts(o.Get("argv"));
  spec.env = environment(texts(o.Get("env")));
  if (const Napi::Value directory = o.Get("directory"); directory.IsString())
    spec.directory = directory.As<Napi::String>().Utf8Value();
  if (const Napi::Value value = o.Get("account"); value.IsObject()) {
    const auto account = value.As<Napi::Object>();
    spec.account = launch::Account{number(account, "uid"), number(account, "gid"), {}};
    if (const Napi::Value groups = account.Get("groups"); groups.IsArray()) {
      const auto list = groups.As<Napi::Array>();
      for (std::uint32_t i = 0; i < list.Length(); ++i)
        spec.account->groups.push_back(list.Get(i).ToNumber().Uint32Value());
    }
  }
  if (const Napi::Value value = o.Get("identity"); value.IsObject()) {
    const auto identity = value.As<Napi::Object>();
    spec.identity = launch::FileIdentity{big(identity, "dev"), big(identity, "ino"),
                                         static_cast<std::int64_t>(big(identity, "ctimeNs"))};
    spec.by_descriptor = identity.Get("isProgram").ToBoolean().Value();
  }
  if (const Napi::Value input = o.Get("input"); input.IsString())
    spec.input = input.As<Napi::String>().Utf8Value();
  spec.capture_bytes = number(o, "captureBytes");
  return spec;
}

class Launcher final : public Napi::ObjectWrap<Launcher> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(
        env, "Launcher",
        {InstanceMethod("launch", &Launcher::launch), InstanceMethod("signal", &Launcher::signal),
         InstanceMethod("ref", &Launcher::ref), InstanceMethod("unref", &Launcher::unref)});
  }

  explicit Launcher(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Launcher>(info) {
    reports_.open(info.Env(), info[0].As<Napi::Function>(), "ka.launcher", "KA_LAUNCHER_START",
                  [](auto&& sink) { return launch::Launcher::start(std::forward<decltype(sink)>(sink)); });
  }

 private:
  void launch(const Napi::CallbackInfo& info) {
    if (auto* launcher = reports_.worker()) launcher->launch(read_spec(info[0].As<Napi::Object>()));
  }
  void signal(const Napi::CallbackInfo& info) {
    if (auto* launcher = reports_.worker())
      launcher->signal(info[0].ToNumber().Uint32Value(), info[1].ToNumber().Int32Value());
  }
  void ref(const Napi::CallbackInfo& info) { reports_.ref(info.Env()); }
  void unref(const Napi::CallbackInfo& info) { reports_.unref(info.Env()); }

  Feed<launch::Launcher, Words> reports_;
};

}  // namespace

void init_launcher(Napi::Env env, Napi::Object exports) {
  exports.Set("Launcher", Launcher::define(env));
}

}  // namespace ka::addon
