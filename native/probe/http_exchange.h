// One HTTP request on a connected socket and its reply up to the end of the connection, within bounds. The
// head is kept, of the body only its length: whoever needs the body reads it elsewhere.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "native/probe/prober.h"

namespace ka::probe {

struct End;

/// Status line and headers, and a body, beyond which a reply is a failure.
inline constexpr std::size_t kMaxHead = 65'536;
inline constexpr std::uint64_t kMaxBody = 16U << 20U;

class HttpExchange {
 public:
  /// Goes on as far as the socket lets it. kFailed with EMSGSIZE: the reply is too large.
  std::optional<End> step(const Spec& spec, int fd, Report& report);
  /// The request left, at least in part: what fails now is the reply.
  [[nodiscard]] bool is_asked() const { return sent_ > 0; }
  [[nodiscard]] bool is_sent(const Spec& spec) const { return sent_ == spec.payload.size(); }

 private:
  std::optional<End> send(const Spec& spec, int fd);
  std::optional<End> take(const std::uint8_t* bytes, std::size_t length);

  std::size_t sent_ = 0;
  bool is_body_ = false;
  std::vector<std::uint8_t> head_;
  std::uint64_t body_bytes_ = 0;
};

}  // namespace ka::probe
