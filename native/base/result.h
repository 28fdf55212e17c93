// Result<T>: the only way a native call fails. Error says what kind, in which operation, with which errno,
// about what.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>

namespace ka {

/// What kind of failure; callers branch on this, people read `detail`.
enum class Errc : std::uint8_t {
  kInvalidArgument,  // the caller broke the contract
  kNotFound,         // no such link, address, service ...
  kExists,
  kPermission,   // EPERM or EACCES: a capability is missing
  kUnsupported,  // the kernel lacks the feature
  kKernel,       // any other errno
  kTruncated,    // input ended early
  kMalformed,    // input breaks its format
  kClosed,       // the object is already closed
};

struct Error {
  Errc code = Errc::kKernel;
  /// The operation in the kernel's or the RFC's words, e.g. "RTM_NEWADDR" or "bind". Static storage.
  const char* op = "";
  /// errno of a failed system call or netlink ACK, else 0.
  int err_no = 0;
  /// What it was about, for people: "10.0.0.100/24 on eth0".
  std::string detail;
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value)
      : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT(google-explicit-constructor)
  Result(Error error)
      : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  /// Precondition: ok().
  T& value() { return *std::get_if<0>(&state_); }
  const T& value() const { return *std::get_if<0>(&state_); }
  T& operator*() { return value(); }
  const T& operator*() const { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  /// Precondition: !ok().
  [[nodiscard]] const Error& error() const { return *std::get_if<1>(&state_); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error)
      : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)
  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  [[nodiscard]] const Error& error() const { return *std::get_if<1>(&state_); }

 private:
  std::variant<std::monostate, Error> state_;
};

}  // namespace ka
