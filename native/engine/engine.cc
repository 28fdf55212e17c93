#include "native/engine/engine.h"

#include <sys/eventfd.h>

#include <cerrno>
#include <csignal>

#include "native/engine/clock.h"
#include "native/engine/loop.h"
#include "native/net/nl.h"

namespace ka::engine {

namespace {

/// The thread's stack; its largest frames are a few kilobytes.
constexpr std::size_t kStackSize = 512 * 1024;

}  // namespace

Engine::Engine(Options options, std::function<void()> wake)
    : options_(std::move(options)), wake_(std::move(wake)) {}

Engine::~Engine() {
  stop();
}

Result<void> Engine::start() {
  if (is_stopped_ || thread_)
    return Error{Errc::kClosed, "start", 0, "the engine was started or stopped already"};
  doorbell_ = Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!doorbell_.valid()) return net::kernel_error("eventfd", errno);
  heartbeat();
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setstacksize(&attributes, kStackSize);
  // Signals are for the threads that were there before.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread{};
  const int failed = ::pthread_create(&thread, &attributes, &Engine::thread_main, this);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ::pthread_attr_destroy(&attributes);
  if (failed != 0) return net::kernel_error("pthread_create", failed, "engine thread");
  ::pthread_setname_np(thread, "ka-engine");
  thread_ = thread;
  return {};
}

void* Engine::thread_main(void* self) {
  Engine& engine = *static_cast<Engine*>(self);
  std::uint64_t stop_ticket = 0;
  {
    Loop loop(engine);
    const Result<void> opened = loop.open();
    const bool is_open = opened.ok();
    engine.reply(0, opened);
    engine.notify();
    if (!is_open) return nullptr;
    stop_ticket = loop.run();
  }
  if (stop_ticket != 0) engine.reply(stop_ticket, {});
  engine.notify();
  return nullptr;
}

void Engine::send(std::unique_ptr<Letter> letter) {
  inbox_.send(std::move(letter));
  static_cast<void>(::eventfd_write(doorbell_.get(), 1));
}

Result<void> Engine::apply(std::uint64_t ticket, Transaction transaction) {
  if (is_stopped_ || !thread_) return Error{Errc::kClosed, "apply", 0, "the engine does not run"};
  auto letter = std::make_unique<Letter>();
  letter->ticket = ticket;
  letter->transaction = std::move(transaction);
  send(std::move(letter));
  return {};
}

void Engine::heartbeat() {
  heartbeat_ns_.store(monotonic_now().time_since_epoch().count(), std::memory_order_seq_cst);
  if (is_watchdog_held_.load(std::memory_order_seq_cst))
    static_cast<void>(::eventfd_write(doorbell_.get(), 1));
}

void Engine::request_stop(std::uint64_t ticket) {
  if (is_stopped_ || !thread_) return;
  is_stopped_ = true;
  auto letter = std::make_unique<Letter>();
  letter->kind = Letter::Kind::kStop;
  letter->ticket = ticket;
  send(std::move(letter));
}

void Engine::stop() {
  request_stop(0);
  is_stopped_ = true;
  if (!thread_) return;
  ::pthread_join(*thread_, nullptr);
  thread_.reset();
  // The object may live on for as long as somebody holds it.
  doorbell_ = Fd();
}

void Engine::reply(std::uint64_t ticket, Result<void> result) {
  auto reply = std::make_unique<Reply>();
  reply->answer = {ticket, std::move(result)};
  outbox_.send(std::move(reply));
}

void Engine::notify() {
  if (events_.is_empty() && outbox_.is_empty()) return;
  if (is_wake_pending_.exchange(true, std::memory_order_seq_cst)) return;
  if (wake_) wake_();
}

std::vector<Answer> Engine::take_answers() {
  std::vector<Answer> answers;
  for (auto& reply : outbox_.take_all()) answers.push_back(std::move(reply->answer));
  return answers;
}

}  // namespace ka::engine
