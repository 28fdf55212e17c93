#include "native/engine/realtime.h"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <string>

#include "native/engine/memory_lock.h"
#include "native/net/nl.h"

namespace ka::engine {

namespace {

/// Deeper than any call of the engine goes.
constexpr std::size_t kStack = 128 * 1024;

/// sched_getattr(2), sched_setattr(2): no function of glibc's before 2.41. The layout of Linux 5.3.
struct SchedulingAttributes {
  std::uint32_t size = sizeof(SchedulingAttributes);
  std::uint32_t policy = 0;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime_ns = 0;
  std::uint64_t deadline_ns = 0;
  std::uint64_t period_ns = 0;
  std::uint32_t util_min = 0;
  std::uint32_t util_max = 0;
};

/// The least that the kernel takes.
constexpr std::uint64_t kShortSliceNs = 100'000;

/// Without a real-time class: a thread with a short slice may interrupt one that computes when it wakes,
/// instead of waiting for the end of that one's slice (2 to 3 ms). Takes no privilege and no larger share of
/// the processor. Linux before 6.12 ignores it.
void ask_for_short_slice() {
  SchedulingAttributes attributes;
  if (::syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) != 0) return;
  if (attributes.policy != SCHED_OTHER && attributes.policy != SCHED_BATCH) return;
  attributes.size = sizeof attributes;
  attributes.runtime_ns = kShortSliceNs;
  static_cast<void>(::syscall(SYS_sched_setattr, 0, &attributes, 0));
}

/// Of the calling thread. A thread that it (or a script's child) might start later must not inherit the
/// class.
bool set_realtime_priority(int priority) {
  const sched_param parameters{.sched_priority = priority};
  return ::sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &parameters) == 0;
}

/// How often a thread of this process ran into RLIMIT_RTTIME.
std::atomic<unsigned> exceeded{0};

/// SIGXCPU, which the kernel sends to the very thread that ran for too long.
void leave_realtime(int /*signal*/) {
  const int before = errno;
  if ((::sched_getscheduler(0) & ~SCHED_RESET_ON_FORK) == SCHED_RR) {
    const sched_param none{};
    static_cast<void>(::sched_setscheduler(0, SCHED_OTHER | SCHED_RESET_ON_FORK, &none));
  }
  exceeded.fetch_add(1, std::memory_order_relaxed);
  errno = before;
}

/// Only the soft limit: the hard one kills the process.
bool limit_realtime(const Options& options) {
  if (!options.rlimit_rttime) return true;
  struct sigaction action {};
  if (::sigaction(SIGXCPU, nullptr, &action) != 0) return false;
  // Whoever else listens knows what to do.
  if (action.sa_handler == SIG_DFL) {
    action = {};
    action.sa_handler = &leave_realtime;
    action.sa_flags = SA_RESTART | SA_ONSTACK;
    if (::sigaction(SIGXCPU, &action, nullptr) != 0) return false;
  }
  sigset_t one;
  ::sigemptyset(&one);
  ::sigaddset(&one, SIGXCPU);
  ::pthread_sigmask(SIG_UNBLOCK, &one, nullptr);
  rlimit limit{};
  if (::getrlimit(RLIMIT_RTTIME, &limit) != 0) return false;
  limit.rlim_cur = std::min(static_cast<rlim_t>(options.rlimit_rttime->count()), limit.rlim_max);
  return ::setrlimit(RLIMIT_RTTIME, &limit) == 0;
}

/// Touches stack pages now, so that none has to be found on the advert path.
void prefault_stack() {
  std::array<volatile char, kStack> stack;
  for (std::size_t i = 0; i < stack.size(); i += 4096) stack[i] = 0;
}

}  // namespace

std::vector<Error> apply_realtime(const Options& options) {
  std::vector<Error> refused;
  const auto note = [&](const char* op, std::string detail) {
    refused.push_back(net::kernel_error(op, errno, std::move(detail)));
  };
  // Sleeps end when they should, not up to 50 us later.
  static_cast<void>(::prctl(PR_SET_TIMERSLACK, 1UL));
  if (!options.cpus.empty()) {
    cpu_set_t set;
    CPU_ZERO(&set);
    for (const int cpu : options.cpus) {
      if (cpu >= 0 && cpu < CPU_SETSIZE) CPU_SET(static_cast<std::size_t>(cpu), &set);
    }
    if (::sched_setaffinity(0, sizeof set, &set) != 0) note("sched_setaffinity", "CPU affinity not set");
  }
  if (options.niceness &&
      ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), *options.niceness) != 0) {
    note("setpriority", "nice value " + std::to_string(*options.niceness) + " not set");
  }
  if (options.realtime_priority) {
    if (!set_realtime_priority(*options.realtime_priority)) {
      note("sched_setscheduler",
           "real-time priority " + std::to_string(*options.realtime_priority) + " not set");
    }
  }
  ask_for_short_slice();
  if (options.realtime_priority && !limit_realtime(options)) {
    note("setrlimit(RLIMIT_RTTIME)", std::to_string(options.rlimit_rttime->count()) + " us not set");
  }
  if (options.lock_memory) {
    if (auto locked = MemoryLock::of_this_thread().apply(); !locked.ok()) refused.push_back(locked.error());
    prefault_stack();
  }
  return refused;
}

void apply_worker_scheduling(const Options& options) {
  static_cast<void>(::prctl(PR_SET_TIMERSLACK, 1UL));
  if (options.niceness)
    static_cast<void>(
        ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), *options.niceness));
  if (options.realtime_priority) {
    static_cast<void>(set_realtime_priority(worker_priority(options)));
    static_cast<void>(limit_realtime(options));
  }
  ask_for_short_slice();
}

int worker_priority(const Options& options) {
  return options.realtime_priority ? std::max(1, *options.realtime_priority - 1) : 0;
}

RealtimeLease::RealtimeLease() : seen_(exceeded.load(std::memory_order_relaxed)) {}

bool RealtimeLease::renew(int priority, const Options& options) {
  const unsigned now = exceeded.load(std::memory_order_relaxed);
  if (now == seen_) return false;
  seen_ = now;
  if (priority == 0) return false;
  // The kernel has moved the soft limit on by a second, whichever thread it was.
  static_cast<void>(limit_realtime(options));
  if (::sched_getscheduler(0) != (SCHED_OTHER | SCHED_RESET_ON_FORK)) return false;
  static_cast<void>(set_realtime_priority(priority));
  return true;
}

std::optional<Result<int>> AutoPriority::woke_late(Micros late, const Options& options) {
  const int priority = current(options) + 1;
  if (is_refused_ || late < options.auto_priority_delay || priority > options.max_auto_priority)
    return std::nullopt;
  if (!set_realtime_priority(priority)) {
    is_refused_ = true;
    return net::kernel_error("sched_setscheduler", errno,
                             "real-time priority " + std::to_string(priority) + " not set");
  }
  ++raised_;
  // As the class itself, it comes only now.
  static_cast<void>(limit_realtime(options));
  return priority;
}

}  // namespace ka::engine
