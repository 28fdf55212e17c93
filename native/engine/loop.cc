#include "native/engine/loop.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "native/net/nl.h"

namespace ka::engine {

namespace {

/// Packets of one wake-up; a flood beyond that waits until timers had their turn.
constexpr std::size_t kPacketBudget = 2048;
constexpr std::chrono::seconds kLateEventPause{1};
constexpr std::chrono::seconds kLeaveLimit{5};
constexpr int kLeavePollMs = 100;

/// What an epoll event is about; anything else is a SocketEntry.
int timer_tag;
int doorbell_tag;
int monitor_tag;
int answers_tag;
int claim_tag;
int companion_tag;

/// pidfd_open(2), the same number everywhere; its name is missing in older headers.
constexpr long kPidfdOpen = 434;

Result<void> enter_namespace(const std::string& path) {
  if (path.empty()) return {};
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return net::kernel_error("open", errno, "network namespace " + path);
  if (::setns(fd.get(), CLONE_NEWNET) != 0)
    return net::kernel_error("setns", errno, "network namespace " + path);
  return {};
}

}  // namespace

Result<void> Loop::open() {
  const Options& options = engine_.options_;
  if (auto entered = enter_namespace(options.netns); !entered.ok()) return entered;
  for (const Error& refused : apply_realtime(options)) warn(refused);
  epoll_ = Fd(::epoll_create1(EPOLL_CLOEXEC));
  timer_ = Fd(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!epoll_.valid() || !timer_.valid()) return net::kernel_error("epoll_create1", errno);
  auto node = Node::open(options, epoll_.get(), engine_.shared_, engine_.events_);
  if (!node.ok()) return node.error();
  node_ = std::move(*node);
  const auto watch = [&](int fd, int& tag) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = &tag;
    return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
  };
  if (!watch(timer_.get(), timer_tag) || !watch(engine_.doorbell_.get(), doorbell_tag) ||
      !watch(node_->monitor_fd(), monitor_tag)) {
    return net::kernel_error("epoll_ctl", errno);
  }
  for (const int fd : node_->answer_fds()) {
    if (!watch(fd, answers_tag)) return net::kernel_error("epoll_ctl", errno);
  }
  for (const int fd : node_->claim_fds()) {
    if (fd >= 0 && !watch(fd, claim_tag)) return net::kernel_error("epoll_ctl", errno);
  }
  if (auto opened = open_companion(); !opened.ok()) return opened;
  if (companion_.valid() && !watch(companion_.get(), companion_tag))
    return net::kernel_error("epoll_ctl", errno);
  if (options.life_sign_fd) {
    auto sign = LifeSign::open(*options.life_sign_fd);
    if (!sign.ok()) return sign.error();
    life_sign_ = std::move(*sign);
  }
  if (auto learned = node_->learn_links(); !learned.ok()) return learned;
  if (options.startup_delay > Micros{0}) node_->start(monotonic_now() + options.startup_delay);
  return {};
}

void Loop::warn(const Error& error) {
  Event event;
  event.kind = EventKind::kWarning;
  event.err_no = error.err_no;
  event.text = Text<96>(error.detail + ": " + error.op);
  event.at_ns = realtime_now_ns();
  engine_.events_.push(event);
}

std::uint64_t Loop::run() {
  std::array<epoll_event, kReady> ready;
  while (!stop_ticket_) {
    if (!was_quiet_) {
      asleep_since_ = monotonic_now();
      other_due_ = node_->other_deadline().value_or(Instant::max());
    }
    arm(asleep_since_);
    int count = ::epoll_wait(epoll_.get(), ready.data(), kReady, has_work_ ? 0 : -1);
    // A process that was stopped and continued (SIGCONT) comes back without having looked at its sockets.
    if (count < 0) count = ::epoll_wait(epoll_.get(), ready.data(), kReady, 0);
    const Instant boottime = boottime_now();
    turn(std::span(ready).first(static_cast<std::size_t>(count > 0 ? count : 0)), boottime, monotonic_now());
  }
  leave();
  return *stop_ticket_;
}

void Loop::arm(Instant now) {
  due_ = node_->protocol_deadline().value_or(Instant::max());
  next_other_ = other_due_;
  if (engine_.options_.event_loop_timeout > Micros{0} &&
      !engine_.is_watchdog_held_.load(std::memory_order_relaxed)) {
    const Instant silent = Instant{Nanos{engine_.heartbeat_ns_.load(std::memory_order_relaxed)}} +
                           engine_.options_.event_loop_timeout;
    next_other_ = std::min(next_other_, silent);
  }
  const Instant next = std::min(due_, next_other_);
  // Adverts heard move the deadline on and on. Setting the timer for each is dear with many routers, an idle
  // wake-up costs more than a few settings: it is moved when it is worth half of its time.
  if (next == armed_) return;
  if (armed_ > now && armed_ < next && next - armed_ < lead_ / 2) return;
  itimerspec setting{};
  if (next != Instant::max()) {
    // Zero would disarm.
    const auto since_boot = std::max<std::int64_t>(next.time_since_epoch().count(), 1);
    setting.it_value.tv_sec = since_boot / 1'000'000'000;
    setting.it_value.tv_nsec = since_boot % 1'000'000'000;
  }
  static_cast<void>(::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &setting, nullptr));
  armed_ = next;
  lead_ = next - now;
}

void Loop::turn(std::span<const epoll_event> ready, Instant boottime, Instant now) {
  engine_.shared_.wake_ups.add();
  const std::int64_t wall_ns = realtime_now_ns();
  const Instant woken = now;
  renew_lease();
  clock_.begin(now, wall_ns);
  note_absence(boottime, now);
  is_rung_ = false;
  const Instant heard_until = drain_sockets(ready, now);
  const bool is_alone = is_protocol_alone(heard_until, now);
  // Links before timers: a router whose link went down must not take over because it hears nothing.
  if (is_monitor_ready_) node_->read_monitor(now);
  is_monitor_ready_ = false;
  if (!is_alone || due_ <= now) note_lateness(now);
  if (!is_alone) {
    node_->advance(now, heard_until);
  } else if (due_ <= now) {
    node_->fire(now, heard_until);
  }
  life_sign_.beat(woken, wall_ns);
  was_quiet_ = !node_->take_acted() && is_alone;
  if (was_quiet_) {
    asleep_since_ = now;
    return engine_.notify();
  }
  if (std::exchange(are_claims_ready_, false)) node_->read_claims(now);
  watch_javascript(now);
  leave_with_companion(now);
  read_letters(now);
  has_work_ = node_->work(now);
  hold_monitor(node_->is_listing());
  engine_.notify();
}

bool Loop::is_protocol_alone(Instant heard_until, Instant now) const {
  return now < next_other_ && !is_rung_ && !has_work_ && heard_until == Instant::max() &&
         suspended_ == Nanos{0};
}

Instant Loop::drain_sockets(std::span<const epoll_event> ready, Instant& now) {
  std::size_t budget = kPacketBudget;
  Instant heard_until = Instant::max();
  std::array<epoll_event, kReady> more;
  while (!ready.empty()) {
    for (const epoll_event& event : ready) {
      const void* tag = event.data.ptr;
      if (tag == &monitor_tag) is_monitor_ready_ = true;
      if (tag == &answers_tag) node_->answers_came();
      if (tag == &claim_tag) are_claims_ready_ = true;
      if (tag == &companion_tag) is_companion_gone_ = true;
      if (tag == &timer_tag || tag == &doorbell_tag || tag == &monitor_tag || tag == &answers_tag ||
          tag == &claim_tag || tag == &companion_tag) {
        is_rung_ |= tag != &timer_tag;
        continue;
      }
      const Instant until =
          node_->receive_from(*static_cast<SocketEntry*>(event.data.ptr), now, clock_, budget);
      heard_until = std::min(heard_until, until);
    }
    if (ready.size() < kReady) break;
    // More sockets may wait that were not even looked at.
    if (budget == 0) return Instant::min();
    const int count = ::epoll_wait(epoll_.get(), more.data(), kReady, 0);
    ready = std::span(more).first(static_cast<std::size_t>(count > 0 ? count : 0));
  }
  return heard_until;
}

/// Before the sockets are read: what arrived while this node did not run must find it listening.
void Loop::note_absence(Instant boottime, Instant now) {
  suspended_ = suspend_clock_.slept(boottime, now);
  const bool may_be_absent = due_ <= now && now - due_ >= 2 * node_->smallest_interval();
  if (may_be_absent || suspended_ > Nanos{0}) node_->listen_if_absent(suspended_, now);
}

void Loop::note_lateness(Instant now) {
  const auto suspended = std::chrono::duration_cast<Micros>(std::exchange(suspended_, Nanos{0}));
  if (suspended > Micros{0} && suspended > node_->smallest_skew()) {
    node_->was_late(suspended, suspended, true, true, now);
  }
  // Only what the protocol waits for: a burst of announcements goes on from turn to turn, and is not late.
  if (due_ > now) return;
  const auto late = std::chrono::duration_cast<Micros>(now - due_);
  engine_.shared_.record_lateness(late, now);
  raise_priority(late);
  if (late <= node_->smallest_skew()) return;
  // What cost adverts is told, even right after a short delay.
  const bool is_long = late >= node_->smallest_interval();
  const bool tells = now - late_told_ >= kLateEventPause || (is_long && !was_long_told_);
  if (tells) {
    late_told_ = now;
    was_long_told_ = is_long;
  }
  node_->was_late(late, std::chrono::duration_cast<Micros>(now - asleep_since_), tells, false, now);
}

void Loop::raise_priority(Micros late) {
  const auto raised = auto_priority_.woke_late(late, engine_.options_);
  if (!raised) return;
  if (!raised->ok()) return warn(raised->error());
  Event event;
  event.kind = EventKind::kWarning;
  event.text = Text<96>("woke " + std::to_string(late.count()) + " us late: set real-time priority " +
                        std::to_string(**raised));
  event.at_ns = realtime_now_ns();
  engine_.events_.push(event);
}

void Loop::renew_lease() {
  if (!lease_.renew(auto_priority_.current(engine_.options_), engine_.options_) || is_lease_told_) return;
  is_lease_told_ = true;
  Event event;
  event.kind = EventKind::kWarning;
  event.text = Text<96>("ran for more than vrrp_rlimit_rttime at once, the rest without real-time priority");
  event.at_ns = realtime_now_ns();
  engine_.events_.push(event);
}

/// Nothing is read from it while a list is; it must not wake the thread again and again.
void Loop::hold_monitor(bool is_held) {
  if (std::exchange(is_monitor_held_, is_held) == is_held) return;
  epoll_event event{};
  event.events = is_held ? 0U : static_cast<std::uint32_t>(EPOLLIN);
  event.data.ptr = &monitor_tag;
  static_cast<void>(::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, node_->monitor_fd(), &event));
}

void Loop::watch_javascript(Instant now) {
  if (engine_.options_.event_loop_timeout <= Micros{0}) return;
  const Nanos silent = now - Instant{Nanos{engine_.heartbeat_ns_.load(std::memory_order_relaxed)}};
  const bool held = silent >= engine_.options_.event_loop_timeout;
  if (held == engine_.is_watchdog_held_.load(std::memory_order_relaxed)) return;
  engine_.is_watchdog_held_.store(held, std::memory_order_seq_cst);
  node_->set_watchdog(held, std::chrono::duration_cast<Millis>(silent), now);
}

Result<void> Loop::open_companion() {
  const auto pid = engine_.options_.leave_with;
  if (!pid) return {};
  companion_ = Fd(static_cast<int>(::syscall(kPidfdOpen, *pid, 0)));
  // Old kernels, and sandboxes that forbid what they do not know, leave it to the owner to notice.
  if (companion_.valid() || errno != ESRCH) return {};
  return net::kernel_error("pidfd_open", errno, "process " + std::to_string(*pid) + " is gone");
}

/// The thread goes on: its owner, once it moves again, stops the engine as always.
void Loop::leave_with_companion(Instant now) {
  if (!std::exchange(is_companion_gone_, false)) return;
  static_cast<void>(::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, companion_.get(), nullptr));
  companion_.reset();
  life_sign_.leave();
  node_->shutdown(now);
}

void Loop::read_letters(Instant now) {
  if (engine_.inbox_.is_empty()) return;
  eventfd_t rung = 0;
  static_cast<void>(::eventfd_read(engine_.doorbell_.get(), &rung));
  for (auto& letter : engine_.inbox_.take_all()) {
    if (stop_ticket_) {
      engine_.reply(letter->ticket, Error{Errc::kClosed, "apply", 0, "the engine was stopped"});
    } else if (letter->kind == Engine::Letter::Kind::kStop) {
      stop_ticket_ = letter->ticket;
    } else {
      engine_.reply(letter->ticket, node_->apply(std::move(letter->transaction), now));
    }
  }
}

void Loop::leave() {
  const Instant begin = monotonic_now();
  life_sign_.leave();
  node_->shutdown(begin);
  for (Instant now = begin; now - begin < kLeaveLimit; now = monotonic_now()) {
    if (node_->work(now)) continue;
    if (!node_->is_waiting()) return;
    const auto fds = node_->answer_fds();
    std::array<pollfd, fds.size()> answers{};
    for (std::size_t i = 0; i < fds.size(); ++i) answers.at(i) = {fds.at(i), POLLIN, 0};
    if (::poll(answers.data(), answers.size(), kLeavePollMs) > 0) node_->answers_came();
  }
}

}  // namespace ka::engine
