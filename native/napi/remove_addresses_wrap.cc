#include "native/napi/remove_addresses_wrap.h"

#include <string>
#include <vector>

#include "native/napi/failure.h"
#include "native/napi/fields.h"
#include "native/net/remove_addresses.h"

namespace ka::addon {
namespace {

constexpr std::size_t kLongestName = 255;

void raise(Napi::Env env, const char* code, const std::string& message) {
  Napi::Error thrown = Napi::Error::New(env, message);
  thrown.Set("code", Napi::String::New(env, code));
  thrown.ThrowAsJavaScriptException();
}

/// (netns, [{dev, address, peer?, onlyMarked?}]) -> how many were removed.
Napi::Value remove_addresses(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::string netns = info[0].IsString() ? info[0].As<Napi::String>().Utf8Value() : std::string();
  std::vector<net::NamedAddress> addresses;
  std::string mistake;
  const Napi::Array list = info[1].IsArray() ? info[1].As<Napi::Array>() : Napi::Array::New(env);
  addresses.reserve(list.Length());
  for (std::uint32_t i = 0; i < list.Length(); ++i) {
    const Napi::HandleScope scope(env);
    const Napi::Value each = list.Get(i);
    if (!each.IsObject()) continue;
    Fields fields(each.As<Napi::Object>(), "addresses[" + std::to_string(i) + "]", mistake);
    std::string dev = fields.text("dev", kLongestName);
    const auto prefix = parse_prefix(fields.text("address", kLongestName));
    if (mistake.empty() && !prefix) mistake = fields.where() + ".address is no address with prefix length";
    const auto peer = fields.maybe_address("peer");
    const bool only_marked = fields.flag("onlyMarked");
    if (prefix)
      addresses.push_back(
          {.dev = std::move(dev), .prefix = *prefix, .peer = peer, .only_marked = only_marked});
  }
  if (!mistake.empty()) {
    raise(env, "KA_ADDRESSES_ARGUMENT", mistake);
    return env.Undefined();
  }
  const auto removed = net::remove_addresses(netns, addresses);
  if (!removed) {
    failure(env, "KA_ADDRESSES", removed.error()).ThrowAsJavaScriptException();
    return env.Undefined();
  }
  return Napi::Number::New(env, static_cast<double>(*removed));
}

}  // namespace

void init_remove_addresses(Napi::Env env, Napi::Object exports) {
  exports.Set("removeAddresses", Napi::Function::New(env, remove_addresses, "removeAddresses"));
}

}  // namespace ka::addon
