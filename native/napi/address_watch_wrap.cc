#include "native/napi/address_watch_wrap.h"

#include <string>
#include <utility>

#include "native/napi/feed.h"
#include "native/net/address_watch.h"

namespace ka::addon {
namespace {

struct Words {
  using Item = net::AddressChange;
  static Napi::Object to_js(Napi::Env env, const Item& change) {
    Napi::Object o = Napi::Object::New(env);
    o.Set("address", Napi::String::New(env, change.address.format()));
    o.Set("isPresent", Napi::Boolean::New(env, change.is_present));
    return o;
  }
  static void drop(const Item& /*change*/) {}
};

class AddressWatch final : public Napi::ObjectWrap<AddressWatch> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "AddressWatch", {InstanceMethod("close", &AddressWatch::close)});
  }

  explicit AddressWatch(const Napi::CallbackInfo& info) : Napi::ObjectWrap<AddressWatch>(info) {
    const std::string netns = info[0].IsString() ? info[0].As<Napi::String>().Utf8Value() : std::string();
    changes_.open(
        info.Env(), info[1].As<Napi::Function>(), "ka.addresses", "KA_ADDRESS_WATCH",
        [&](auto&& sink) { return net::AddressWatch::start(netns, std::forward<decltype(sink)>(sink)); });
  }

 private:
  void close(const Napi::CallbackInfo& /*info*/) { changes_.close(); }

  Feed<net::AddressWatch, Words> changes_;
};

}  // namespace

void init_address_watch(Napi::Env env, Napi::Object exports) {
  exports.Set("AddressWatch", AddressWatch::define(env));
}

}  // namespace ka::addon
