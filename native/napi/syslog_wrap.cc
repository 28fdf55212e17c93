#include "native/napi/syslog_wrap.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "native/net/fd.h"

namespace ka::addon {
namespace {

/// A Unix socket address as the kernel wants it.
struct UnixAddress {
  sockaddr_un name{};
  socklen_t length = 0;
};

/// `/path`, or `@name` for the abstract namespace. nullopt: empty or too long (107 bytes).
std::optional<UnixAddress> unix_address(const std::string& path) {
  UnixAddress address;
  address.name.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.name.sun_path)) return std::nullopt;
  std::memcpy(address.name.sun_path, path.data(), path.size());
  std::size_t used = path.size() + 1;  // the terminating zero belongs to a path, not to an abstract name
  if (path.front() == '@') {
    address.name.sun_path[0] = '\0';
    used = path.size();
  }
  address.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + used);
  return address;
}

/// send(2) that neither waits nor raises SIGPIPE. Returns the bytes sent, or -errno.
int send_now(int fd, std::span<const std::uint8_t> bytes) {
  ssize_t sent = 0;
  do {
    sent = ::send(fd, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent < 0 ? -errno : static_cast<int>(sent);
}

/// The bytes of a Uint8Array; empty for anything else.
std::span<const std::uint8_t> bytes_of(const Napi::Value& value) {
  if (!value.IsTypedArray()) return {};
  const auto array = value.As<Napi::Uint8Array>();
  return {array.Data(), array.ByteLength()};
}

/// Sends datagrams to one address. syslog(3) would do for the log, but it waits when the reader's queue is
/// full, and the JavaScript thread must not: here that is an errno.   Thread: js
class UnixDatagram final : public Napi::ObjectWrap<UnixDatagram> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(
        env, "UnixDatagram",
        {InstanceMethod<&UnixDatagram::send>("send"), InstanceMethod<&UnixDatagram::close>("close")});
  }

  explicit UnixDatagram(const Napi::CallbackInfo& info)
      : Napi::ObjectWrap<UnixDatagram>(info), address_(unix_address(info[0].ToString().Utf8Value())) {}

 private:
  Napi::Value send(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), deliver(bytes_of(info[0])));
  }

  void close(const Napi::CallbackInfo& /*info*/) {
    socket_.reset();
    address_.reset();
  }

  /// Bytes sent, or -errno. A receiver that was started anew has another socket behind the same name: one
  /// more try.
  int deliver(std::span<const std::uint8_t> bytes) {
    if (!address_) return -EINVAL;
    for (bool fresh = !socket_.valid();; fresh = true) {
      if (!socket_.valid()) {
        if (const int error = connect(); error != 0) return -error;
      }
      const int sent = send_now(socket_.get(), bytes);
      if (sent >= 0 || sent == -EAGAIN || sent == -EMSGSIZE || sent == -ENOBUFS) return sent;
      socket_.reset();
      if (fresh) return sent;
    }
  }

  /// 0 or errno.
  int connect() {
    Fd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd.valid()) return errno;
    const auto* name = reinterpret_cast<const sockaddr*>(&address_->name);
    if (::connect(fd.get(), name, address_->length) != 0) return errno;
    socket_ = std::move(fd);
    return 0;
  }

  std::optional<UnixAddress> address_;
  Fd socket_;
};

/// sendNoWait(fd, bytes): bytes sent, or -errno; -ENOTSOCK when it is no socket.
Napi::Value send_no_wait(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), send_now(info[0].ToNumber().Int32Value(), bytes_of(info[1])));
}

/// makeFifo(path, mode): 0 or -errno. The process's umask applies.   Equivalent: mkfifo -m MODE PATH
Napi::Value make_fifo(const Napi::CallbackInfo& info) {
  const std::string path = info[0].ToString().Utf8Value();
  const auto mode = static_cast<mode_t>(info[1].ToNumber().Uint32Value());
  return Napi::Number::New(info.Env(), ::mkfifo(path.c_str(), mode) == 0 ? 0 : -errno);
}

}  // namespace

void init_syslog(Napi::Env env, Napi::Object exports) {
  exports.Set("UnixDatagram", UnixDatagram::define(env));
  exports.Set("sendNoWait", Napi::Function::New(env, send_no_wait, "sendNoWait"));
  exports.Set("makeFifo", Napi::Function::New(env, make_fifo, "makeFifo"));
}

}  // namespace ka::addon
