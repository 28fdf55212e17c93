#include "native/napi/ipvs_wrap.h"

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "native/ipvs/connection.h"
#include "native/napi/ipvs_convert.h"

namespace ka::addon {
namespace {

using ipvs::Connection;

/// Shared by the object and the work in flight, so that neither closing nor collection cuts a running call
/// short.
struct Shared {
  std::mutex mutex;  // held by pool threads only, never by the JavaScript thread
  std::unique_ptr<Connection> connection;
};

const Error kNotOpen{.code = Errc::kClosed, .op = "ipvs", .err_no = 0, .detail = {}};

const char* code_name(Errc code) {
  switch (code) {
    case Errc::kInvalidArgument:
      return "KA_IPVS_INVALID";
    case Errc::kNotFound:
      return "KA_IPVS_NOT_FOUND";
    case Errc::kExists:
      return "KA_IPVS_EXISTS";
    case Errc::kPermission:
      return "KA_IPVS_PERMISSION";
    case Errc::kUnsupported:
      return "KA_IPVS_UNSUPPORTED";
    case Errc::kClosed:
      return "KA_IPVS_CLOSED";
    case Errc::kKernel:
    case Errc::kTruncated:
    case Errc::kMalformed:
      return "KA_IPVS_KERNEL";
  }
  return "KA_IPVS_KERNEL";
}

Napi::Value error_to_js(Napi::Env env, const Error& error) {
  Napi::Object o = Napi::Error::New(env, error.detail.empty() ? error.op : error.detail).Value();
  o.Set("code", Napi::String::New(env, code_name(error.code)));
  o.Set("errno", Napi::Number::New(env, error.err_no));
  o.Set("syscall", Napi::String::New(env, error.op));
  return o;
}

/// Runs `work` on a pool thread and settles a promise with its result.
template <typename T>
class Job final : public Napi::AsyncWorker {
 public:
  using Work = std::function<Result<T>()>;
  using Convert = std::function<Napi::Value(Napi::Env, const T&)>;

  static Napi::Promise start(Napi::Env env, const char* name, Work work, Convert convert) {
    auto* job = new Job(env, name, std::move(work), std::move(convert));  // deletes itself after OnOK
    const Napi::Promise promise = job->deferred_.Promise();
    job->Queue();
    return promise;
  }

  void Execute() override { result_ = work_(); }
  void OnOK() override {
    Napi::HandleScope scope(Env());
    if (result_)
      deferred_.Resolve(convert_(Env(), *result_));
    else
      deferred_.Reject(error_to_js(Env(), result_.error()));
  }

 private:
  Job(Napi::Env env, const char* name, Work work, Convert convert)
      : Napi::AsyncWorker(env, name),
        deferred_(Napi::Promise::Deferred::New(env)),
        work_(std::move(work)),
        convert_(std::move(convert)),
        result_(kNotOpen) {}

  Napi::Promise::Deferred deferred_;
  Work work_;
  Convert convert_;
  Result<T> result_;
};

class Ipvs final : public Napi::ObjectWrap<Ipvs> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "Ipvs",
                       {InstanceMethod("open", &Ipvs::open), InstanceMethod("run", &Ipvs::run),
                        InstanceMethod("table", &Ipvs::table), InstanceMethod("daemons", &Ipvs::daemons),
                        InstanceMethod("timeouts", &Ipvs::timeouts), InstanceMethod("info", &Ipvs::info),
                        InstanceMethod("close", &Ipvs::close)});
  }
  explicit Ipvs(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Ipvs>(info) {}

 private:
  template <typename T>
  Napi::Value with_connection(Napi::Env env, const char* name, std::function<Result<T>(Connection&)> work,
                              typename Job<T>::Convert convert) {
    return Job<T>::start(
        env, name,
        [shared = shared_, work = std::move(work)]() -> Result<T> {
          const std::lock_guard lock(shared->mutex);
          if (!shared->connection) return kNotOpen;
          return work(*shared->connection);
        },
        std::move(convert));
  }

  Napi::Value open(const Napi::CallbackInfo& info) {
    ipvs::ConnectionOptions options;
    if (info[0].IsString()) options.netns_path = info[0].As<Napi::String>().Utf8Value();
    if (info[1].IsNumber()) options.receive_buffer = info[1].As<Napi::Number>().Int32Value();
    return Job<bool>::start(
        info.Env(), "ka.ipvs.open",
        [shared = shared_, options]() -> Result<bool> {
          const std::lock_guard lock(shared->mutex);
          auto opened = Connection::open(options);
          if (!opened) return opened.error();
          shared->connection = std::move(*opened);
          return true;
        },
        [](Napi::Env env, const bool&) { return env.Undefined(); });
  }

  Napi::Value run(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    auto commands = std::make_shared<std::vector<ipvs::Command>>();
    const auto list = info[0].As<Napi::Array>();
    commands->resize(list.Length());
    for (std::uint32_t i = 0; i < list.Length(); ++i) {
      Napi::HandleScope scope(env);
      const Napi::Value item = list.Get(i);
      if (!item.IsObject() || !read_command(item.As<Napi::Object>(), (*commands)[i])) {
        Napi::TypeError::New(env, "IPVS command " + std::to_string(i) + " has an address that is none")
            .ThrowAsJavaScriptException();
        return env.Undefined();
      }
    }
    return with_connection<std::vector<ipvs::CommandError>>(
        env, "ka.ipvs.run", [commands](Connection& c) { return c.run(*commands); }, commands_errors_to_js);
  }

  Napi::Value table(const Napi::CallbackInfo& info) {
    return with_connection<ipvs::Table>(
        info.Env(), "ka.ipvs.table", [](Connection& c) { return c.table(); }, table_to_js);
  }
  Napi::Value daemons(const Napi::CallbackInfo& info) {
    return with_connection<std::vector<ipvs::SyncDaemon>>(
        info.Env(), "ka.ipvs.daemons", [](Connection& c) { return c.daemons(); }, daemons_to_js);
  }
  Napi::Value timeouts(const Napi::CallbackInfo& info) {
    return with_connection<ipvs::Timeouts>(
        info.Env(), "ka.ipvs.timeouts", [](Connection& c) { return c.timeouts(); }, timeouts_to_js);
  }
  Napi::Value info(const Napi::CallbackInfo& info) {
    return with_connection<ipvs::Info>(
        info.Env(), "ka.ipvs.info", [](Connection& c) { return c.info(); }, info_to_js);
  }
  Napi::Value close(const Napi::CallbackInfo& info) {
    return Job<bool>::start(
        info.Env(), "ka.ipvs.close",
        [shared = shared_]() -> Result<bool> {
          const std::lock_guard lock(shared->mutex);
          shared->connection.reset();
          return true;
        },
        [](Napi::Env env, const bool&) { return env.Undefined(); });
  }

  std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
};

}  // namespace

void init_ipvs(Napi::Env env, Napi::Object exports) {
  exports.Set("Ipvs", Ipvs::define(env));
}

}  // namespace ka::addon
