#include "native/napi/signals_wrap.h"

#include <array>
#include <csignal>

namespace ka::addon {
namespace {

/// Sent by people, terminals and timers. Those that tell of a broken program (SIGSEGV, SIGABRT ...) stay as
/// they are.
constexpr std::array kStray = {SIGQUIT, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGPWR, SIGSTKFLT, SIGXCPU};

void do_nothing(int /*number*/) {}

/// A handler, unlike SIG_IGN, is not inherited by the programs that the process starts.
void outlive(int number) {
  struct sigaction known {};
  if (::sigaction(number, nullptr, &known) != 0 || known.sa_handler != SIG_DFL) return;
  struct sigaction wanted {};
  wanted.sa_handler = do_nothing;
  wanted.sa_flags = SA_RESTART;
  ::sigemptyset(&wanted.sa_mask);
  static_cast<void>(::sigaction(number, &wanted, nullptr));
}

void outlive_signals(const Napi::CallbackInfo& /*info*/) {
  for (const int number : kStray) outlive(number);
  for (int number = SIGRTMIN; number <= SIGRTMAX; ++number) outlive(number);
}

}  // namespace

void init_signals(Napi::Env env, Napi::Object exports) {
  exports.Set("outliveSignals", Napi::Function::New(env, outlive_signals, "outliveSignals"));
}

}  // namespace ka::addon
