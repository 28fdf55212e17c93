// A small JSON reader for test vectors: whole documents that are known to be well-formed.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace ka::test {

struct Json {
  enum class Kind { kNull, kBool, kNumber, kString, kArray, kObject } kind = Kind::kNull;
  bool truth = false;
  double number = 0;
  std::string text;
  std::vector<Json> items;
  std::map<std::string, Json> members;

  [[nodiscard]] bool has(const std::string& key) const { return members.count(key) != 0; }
  /// The member, or null.
  const Json& operator[](const std::string& key) const {
    static const Json kNothing;
    const auto it = members.find(key);
    return it == members.end() ? kNothing : it->second;
  }
  [[nodiscard]] double number_or(double fallback) const { return kind == Kind::kNumber ? number : fallback; }
  [[nodiscard]] bool truth_or(bool fallback) const { return kind == Kind::kBool ? truth : fallback; }
};

class JsonReader {
 public:
  explicit JsonReader(std::string_view text) : text_(text) {}
  Json read() {
    Json value;
    switch (peek()) {
      case '{':
        object(value);
        break;
      case '[':
        array(value);
        break;
      case '"':
        value.kind = Json::Kind::kString;
        value.text = string();
        break;
      case 't':
      case 'f':
        value.kind = Json::Kind::kBool;
        value.truth = peek() == 't';
        at_ += value.truth ? 4 : 5;
        break;
      case 'n':
        at_ += 4;
        break;
      default: {
        const std::string digits(text_.substr(at_, 32));
        char* end = nullptr;
        value.kind = Json::Kind::kNumber;
        value.number = std::strtod(digits.c_str(), &end);
        at_ += static_cast<std::size_t>(end - digits.c_str());
      }
    }
    return value;
  }

 private:
  char peek() {
    while (at_ < text_.size() && std::string_view(" \t\r\n,:").find(text_[at_]) != std::string_view::npos)
      ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  void object(Json& value) {
    value.kind = Json::Kind::kObject;
    for (++at_; peek() == '"';) {
      std::string key = string();
      value.members[std::move(key)] = read();
    }
    ++at_;
  }
  void array(Json& value) {
    value.kind = Json::Kind::kArray;
    for (++at_; peek() != ']' && peek() != '\0';) value.items.push_back(read());
    ++at_;
  }
  /// Escapes beyond \" and \\ stay as they are: no test looks at them.
  std::string string() {
    std::string out;
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\' && (text_[at_ + 1] == '"' || text_[at_ + 1] == '\\')) ++at_;
      out += text_[at_];
    }
    ++at_;
    return out;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

/// The shared vectors: $KA_VECTORS, or ../shared/vectors beside the source tree. nullopt: not there.
inline std::optional<Json> load_vectors() {
  const char* folder = std::getenv("KA_VECTORS");
  std::ifstream file(std::string(folder == nullptr ? "../shared/vectors" : folder) + "/public.json");
  if (!file) return std::nullopt;
  std::ostringstream text;
  text << file.rdbuf();
  const std::string whole = text.str();
  return JsonReader(whole).read();
}

/// Tells the runner that a test had no vectors to read.
inline void say_skipped() {
  std::puts("KA-SKIP no packet vectors in $KA_VECTORS or ../shared/vectors");
}

}  // namespace ka::test
