#include "native/engine/process_scheduling.h"

#include <dirent.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/types.h>

#include <cerrno>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "native/engine/memory_lock.h"
#include "native/net/nl.h"

namespace ka::engine {

namespace {

/// The threads of this process; itself alone when /proc is not there.
std::vector<pid_t> threads() {
  std::vector<pid_t> found;
  const std::unique_ptr<DIR, int (*)(DIR*)> tasks(::opendir("/proc/self/task"), ::closedir);
  while (const dirent* entry = tasks ? ::readdir(tasks.get()) : nullptr) {
    const long id = std::strtol(static_cast<const char*>(entry->d_name), nullptr, 10);
    if (id > 0) found.push_back(static_cast<pid_t>(id));
  }
  if (found.empty()) found.push_back(0);
  return found;
}

/// Zero, or the errno of the first thread that refused. One that ended meanwhile refuses nothing.
int on_each(const std::vector<pid_t>& all, const std::function<int(pid_t)>& act) {
  for (const pid_t thread : all) {
    if (act(thread) != 0 && errno != ESRCH) return errno;
  }
  return 0;
}

cpu_set_t set_of(const std::vector<int>& cpus) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (int cpu = 0; cpu < CPU_SETSIZE && cpus.empty(); ++cpu) CPU_SET(static_cast<std::size_t>(cpu), &set);
  for (const int cpu : cpus) {
    if (cpu >= 0 && cpu < CPU_SETSIZE) CPU_SET(static_cast<std::size_t>(cpu), &set);
  }
  return set;
}

}  // namespace

std::vector<Error> schedule_process(const ProcessScheduling& wanted) {
  std::vector<Error> refused;
  const auto note = [&](const char* op, int err, std::string detail) {
    if (err != 0) refused.push_back(net::kernel_error(op, err, std::move(detail)));
  };
  const std::vector<pid_t> all = threads();
  if (wanted.cpus) {
    const cpu_set_t set = set_of(*wanted.cpus);
    note("sched_setaffinity",
         on_each(all, [&](pid_t id) { return ::sched_setaffinity(id, sizeof set, &set); }),
         "CPU affinity not set");
  }
  if (wanted.niceness) {
    const auto set = [&](pid_t id) {
      return ::setpriority(PRIO_PROCESS, static_cast<id_t>(id), *wanted.niceness);
    };
    note("setpriority", on_each(all, set), "nice value " + std::to_string(*wanted.niceness) + " not set");
  }
  // The limit first: a thread is never in the class without it.
  if (wanted.rlimit_rttime) {
    const auto us = static_cast<rlim_t>(wanted.rlimit_rttime->count());
    const rlimit limit{us, us};
    note("setrlimit", ::setrlimit(RLIMIT_RTTIME, &limit) == 0 ? 0 : errno,
         "real-time limit of " + std::to_string(us) + " us not set");
  }
  if (wanted.realtime_priority) {
    const int priority = *wanted.realtime_priority;
    const sched_param parameters{.sched_priority = priority};
    // Scripts must not inherit the class.
    const int policy = priority > 0 ? SCHED_RR | SCHED_RESET_ON_FORK : SCHED_OTHER;
    const auto set = [&](pid_t id) { return ::sched_setscheduler(id, policy, &parameters); };
    note("sched_setscheduler", on_each(all, set),
         "real-time priority " + std::to_string(priority) + " not set");
  }
  if (wanted.lock_memory) {
    if (!*wanted.lock_memory) {
      note("munlockall", ::munlockall() == 0 ? 0 : errno, "memory still locked");
    } else if (auto locked = MemoryLock::of_this_thread().apply(); !locked.ok()) {
      refused.push_back(locked.error());
    }
  }
  return refused;
}

}  // namespace ka::engine
