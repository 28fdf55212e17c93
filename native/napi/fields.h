// Reads the members of one JavaScript object. The first mistake is kept; what is read after it does not
// matter.
#pragma once

#include <napi.h>

#include <cmath>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "native/base/ip.h"

namespace ka::addon {

/// Thread: js.
class Fields {
 public:
  /// `where` names the object in messages: "routers[3]".
  Fields(Napi::Object object, std::string where, std::string& mistake)
      : object_(object), where_(std::move(where)), mistake_(mistake) {}

  [[nodiscard]] const std::string& where() const { return where_; }
  void rename(std::string where) { where_ = std::move(where); }
  [[nodiscard]] bool has(const char* name) const {
    const Napi::Value value = object_.Get(name);
    return !value.IsUndefined() && !value.IsNull();
  }
  /// A whole number within [least, most].
  std::int64_t integer(const char* name, std::int64_t least, std::int64_t most) {
    const Napi::Value value = object_.Get(name);
    const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : std::nan("");
    if (!(number >= static_cast<double>(least) && number <= static_cast<double>(most)) ||
        std::floor(number) != number) {
      fail(name, "a whole number " + std::to_string(least) + ".." + std::to_string(most), value);
      return least;
    }
    return static_cast<std::int64_t>(number);
  }
  std::optional<std::int64_t> maybe_integer(const char* name, std::int64_t least, std::int64_t most) {
    if (!has(name)) return std::nullopt;
    return integer(name, least, most);
  }
  bool flag(const char* name) {
    const Napi::Value value = object_.Get(name);
    if (value.IsUndefined()) return false;
    if (!value.IsBoolean()) fail(name, "true or false", value);
    return value.ToBoolean();
  }
  std::string text(const char* name, std::size_t longest) {
    const Napi::Value value = object_.Get(name);
    if (!value.IsString()) {
      fail(name, "a string", value);
      return {};
    }
    std::string text = value.As<Napi::String>().Utf8Value();
    if (text.size() > longest) fail(name, "at most " + std::to_string(longest) + " bytes", value);
    return text;
  }
  std::string maybe_text(const char* name, std::size_t longest) {
    return has(name) ? text(name, longest) : std::string();
  }
  IpAddr address(const char* name) {
    const std::string written = text(name, 64);
    const auto parsed = IpAddr::parse(written);
    if (!parsed) fail(name, "an IPv4 or IPv6 address", object_.Get(name));
    return parsed.value_or(IpAddr{});
  }
  std::optional<IpAddr> maybe_address(const char* name) {
    if (!has(name)) return std::nullopt;
    return address(name);
  }
  /// Calls `visit(fields)` for each object of a list; an absent list is empty.
  void each(const char* name, const std::function<void(Fields&)>& visit) {
    each_value(name, [&](const Napi::Value& item, const std::string& at) {
      if (!item.IsObject()) return fail(at, "an object", item);
      Fields fields(item.As<Napi::Object>(), at, mistake_);
      visit(fields);
    });
  }
  void each_value(const char* name,
                  const std::function<void(const Napi::Value&, const std::string&)>& visit) {
    const Napi::Value value = object_.Get(name);
    if (value.IsUndefined()) return;
    if (!value.IsArray()) return fail(name, "a list", value);
    const auto list = value.As<Napi::Array>();
    for (std::uint32_t i = 0; i < list.Length() && mistake_.empty(); ++i) {
      Napi::HandleScope scope(value.Env());
      visit(list.Get(i), path(name) + "[" + std::to_string(i) + "]");
    }
  }
  Napi::Value raw(const char* name) { return object_.Get(name); }

  /// Takes over a mistake found elsewhere.
  void adopt(const std::string& mistake) {
    if (mistake_.empty()) mistake_ = mistake;
  }
  void fail(const std::string& name, const std::string& expected, const Napi::Value& came) {
    if (!mistake_.empty()) return;
    const bool is_path = name.find('[') != std::string::npos;
    mistake_ = (is_path ? name : path(name.c_str())) + ": expected " + expected + ", got " + shown(came);
  }

 private:
  [[nodiscard]] std::string path(const char* name) const {
    return where_.empty() ? name : where_ + "." + name;
  }
  static std::string shown(const Napi::Value& value) {
    if (value.IsString()) return "\"" + value.As<Napi::String>().Utf8Value() + "\"";
    if (value.IsSymbol()) return "a symbol";
    return value.IsObject() ? "an object" : value.ToString().Utf8Value();
  }

  Napi::Object object_;
  std::string where_;
  std::string& mistake_;
};

}  // namespace ka::addon
