#include "native/napi/scheduling_wrap.h"

#include <cstring>
#include <string>

#include "native/engine/process_scheduling.h"
#include "native/napi/fields.h"

namespace ka::addon {
namespace {

constexpr std::int64_t kMaxCpu = 1023;
constexpr std::int64_t kMaxUs = 1'000'000'000'000;

engine::ProcessScheduling read(Fields& from) {
  engine::ProcessScheduling wanted;
  if (const auto value = from.maybe_integer("niceness", -20, 19)) wanted.niceness = static_cast<int>(*value);
  if (const auto value = from.maybe_integer("realtimePriority", 0, 99))
    wanted.realtime_priority = static_cast<int>(*value);
  if (const auto value = from.maybe_integer("rlimitRttimeUs", 1, kMaxUs))
    wanted.rlimit_rttime = Micros{*value};
  if (from.has("lockMemory")) wanted.lock_memory = from.flag("lockMemory");
  if (from.has("cpuAffinity")) {
    wanted.cpus.emplace();
    from.each_value("cpuAffinity", [&](const Napi::Value& value, const std::string& at) {
      const double cpu = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1;
      if (!(cpu >= 0 && cpu <= static_cast<double>(kMaxCpu))) return from.fail(at, "a CPU 0..1023", value);
      wanted.cpus->push_back(static_cast<int>(cpu));
    });
  }
  return wanted;
}

/// (wishes) -> texts of what was refused.
Napi::Value schedule_process(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  std::string mistake;
  Fields fields(info[0].IsObject() ? info[0].As<Napi::Object>() : Napi::Object::New(env), "scheduling",
                mistake);
  const engine::ProcessScheduling wanted = read(fields);
  if (!mistake.empty()) {
    Napi::TypeError::New(env, mistake).ThrowAsJavaScriptException();
    return env.Undefined();
  }
  const std::vector<Error> refused = engine::schedule_process(wanted);
  Napi::Array texts = Napi::Array::New(env, refused.size());
  for (std::uint32_t i = 0; i < refused.size(); ++i)
    texts.Set(i, refused[i].detail + ": " + std::strerror(refused[i].err_no));
  return texts;
}

}  // namespace

void init_scheduling(Napi::Env env, Napi::Object exports) {
  exports.Set("scheduleProcess", Napi::Function::New(env, schedule_process, "scheduleProcess"));
}

}  // namespace ka::addon
