#include "native/probe/http_exchange.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include "native/probe/probe_socket.h"

namespace ka::probe {
namespace {

constexpr std::size_t kReadBytes = 16'384;
/// Reads of one wake-up: a fast server must not keep the thread from the others.
constexpr int kReadsAtOnce = 16;

/// Length of the head with its empty line; nullopt while that has not come.
std::optional<std::size_t> head_length(std::string_view text) {
  const auto crlf = text.find("\r\n\r\n");
  const auto lf = text.find("\n\n");
  if (crlf != std::string_view::npos && (lf == std::string_view::npos || crlf < lf)) return crlf + 4;
  if (lf != std::string_view::npos) return lf + 2;
  return std::nullopt;
}

}  // namespace

std::optional<End> HttpExchange::step(const Spec& spec, int fd, Report& report) {
  if (!is_sent(spec)) {
    // The reply takes its time: epoll tells of it.
    return send(spec, fd);
  }
  std::array<std::uint8_t, kReadBytes> buffer;
  for (int i = 0; i < kReadsAtOnce; ++i) {
    const ssize_t n = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (n < 0) {
      if (errno == EAGAIN || errno == EWOULDBLOCK) return std::nullopt;
      if (errno == EINTR) continue;
      return End{.outcome = Outcome::kFailed, .err_no = errno, .op = "recv"};
    }
    if (n == 0) {
      report.reply = std::move(head_);
      report.reply_length = static_cast<std::uint32_t>(body_bytes_);
      return End{};
    }
    if (auto end = take(buffer.data(), static_cast<std::size_t>(n))) return end;
  }
  return std::nullopt;
}

std::optional<End> HttpExchange::send(const Spec& spec, int fd) {
  while (sent_ < spec.payload.size()) {
    const ssize_t n = ::send(fd, spec.payload.data() + sent_, spec.payload.size() - sent_, MSG_NOSIGNAL);
    if (n >= 0) {
      sent_ += static_cast<std::size_t>(n);
      continue;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK) return std::nullopt;
    if (errno != EINTR) return End{.outcome = Outcome::kFailed, .err_no = errno, .op = "send"};
  }
  return std::nullopt;
}

std::optional<End> HttpExchange::take(const std::uint8_t* bytes, std::size_t length) {
  constexpr End kTooLarge{.outcome = Outcome::kFailed, .err_no = EMSGSIZE, .op = "recv"};
  if (!is_body_) {
    const std::size_t before = head_.size();
    head_.insert(head_.end(), bytes, bytes + length);
    // The end may have begun in what came before.
    const std::size_t from = before < 3 ? 0 : before - 3;
    const auto found =
        head_length(std::string_view(reinterpret_cast<const char*>(head_.data()), head_.size()).substr(from));
    if (!found) return head_.size() > kMaxHead ? std::optional(kTooLarge) : std::nullopt;
    const std::size_t end = from + *found;
    if (end > kMaxHead) return kTooLarge;
    is_body_ = true;
    body_bytes_ = head_.size() - end;
    head_.resize(end);
  } else {
    body_bytes_ += length;
  }
  return body_bytes_ > kMaxBody ? std::optional(kTooLarge) : std::nullopt;
}

}  // namespace ka::probe
