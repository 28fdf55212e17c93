#include "native/napi/signals_wrap.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>

namespace ka::addon {
namespace {

/// Sent by people, terminals and timers. Those that tell of a broken program (SIGSEGV, SIGABRT ...) stay as
/// they are.
constexpr std::array kStray = {SIGQUIT, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGPWR, SIGSTKFLT, SIGXCPU};

void do_nothing(int /*number*/) {}

/// Where heard signals are written, one byte each; -1 before the first `hearSignals`. Of the whole process,
/// as signals are.
std::atomic<int> g_pipe{-1};

void tell(int number) {
  const int known = errno;
  const auto byte = static_cast<std::uint8_t>(number);
  // A full pipe: as many of this signal wait already as anybody could mean.
  static_cast<void>(::write(g_pipe.load(), &byte, 1));
  errno = known;
}

void install(int number, void (*handler)(int)) {
  struct sigaction wanted {};
  wanted.sa_handler = handler;
  wanted.sa_flags = SA_RESTART;
  ::sigemptyset(&wanted.sa_mask);
  static_cast<void>(::sigaction(number, &wanted, nullptr));
}

/// A handler, unlike SIG_IGN, is not inherited by the programs that the process starts.
void outlive(int number) {
  struct sigaction known {};
  if (::sigaction(number, nullptr, &known) != 0 || known.sa_handler != SIG_DFL) return;
  install(number, do_nothing);
}

void outlive_signals(const Napi::CallbackInfo& /*info*/) {
  for (const int number : kStray) outlive(number);
  for (int number = SIGRTMIN; number <= SIGRTMAX; ++number) outlive(number);
}

/// (numbers) -> descriptor to read from, or the negative errno.
Napi::Value hear_signals(const Napi::CallbackInfo& info) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) return Napi::Number::New(info.Env(), -errno);
  // The end that an earlier listener writes to stays open: a handler may be writing to it.
  g_pipe.store(ends[1]);
  if (info.Length() > 0 && info[0].IsArray()) {
    const auto numbers = info[0].As<Napi::Array>();
    for (std::uint32_t i = 0; i < numbers.Length(); ++i) {
      const Napi::Value number = numbers.Get(i);
      if (number.IsNumber()) install(number.As<Napi::Number>().Int32Value(), tell);
    }
  }
  return Napi::Number::New(info.Env(), ends[0]);
}

/// (pid) -> true when an ended child was collected.
Napi::Value reap_child(const Napi::CallbackInfo& info) {
  const pid_t pid = info.Length() > 0 && info[0].IsNumber() ? info[0].As<Napi::Number>().Int32Value() : 0;
  const bool is_reaped = pid > 0 && ::waitpid(pid, nullptr, WNOHANG) == pid;
  return Napi::Boolean::New(info.Env(), is_reaped);
}

}  // namespace

void init_signals(Napi::Env env, Napi::Object exports) {
  exports.Set("outliveSignals", Napi::Function::New(env, outlive_signals, "outliveSignals"));
  exports.Set("reapChild", Napi::Function::New(env, reap_child, "reapChild"));
  exports.Set("hearSignals", Napi::Function::New(env, hear_signals, "hearSignals"));
}

}  // namespace ka::addon
