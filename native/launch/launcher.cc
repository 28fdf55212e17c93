#include "native/launch/launcher.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>
#include <variant>

namespace ka::launch {
namespace {

/// Not in every C library's <sys/wait.h>.
constexpr auto kPidfd = static_cast<idtype_t>(3);
/// What an epoll event is about, above the id of a run.
constexpr std::uint64_t kWake = 0;
constexpr std::uint64_t kEnded = 1ULL << 32;
constexpr std::uint64_t kOutput = 2ULL << 32;
constexpr std::size_t kReadBytes = 64 * 1024;
/// Reads in a row: what a pipe may hold (fs.pipe-max-size is 1 MiB). Who writes without end must not keep the
/// thread from the others.
constexpr int kReadsAtOnce = 17;

struct Signal {
  std::uint32_t id = 0;
  int number = 0;
};
using Command = std::variant<Spec, Signal>;

struct Run {
  Child child;
  Report report;
  std::uint32_t capture_bytes = 0;
  /// A signal was sent: the whole group is to go.
  bool is_ending = false;
  /// Reported; only its output is still read away, which a program that it left behind may hold open.
  bool is_over = false;
};

/// Whether the kernel waits for processes by pidfd. `other` is a descriptor of something else.
bool waits_by_pidfd(int other) {
  siginfo_t info{};
  return ::waitid(kPidfd, static_cast<id_t>(other), &info, WEXITED) == 0 ||
         (errno != EINVAL && errno != ENOSYS);
}

}  // namespace

class Launcher::Thread {
 public:
  Thread(Sink sink, Fd epoll, Fd wake, Fd null)
      : sink_(std::move(sink)), epoll_(std::move(epoll)), wake_(std::move(wake)), null_(std::move(null)) {}

  void begin() {
    thread_ = std::thread([this] { run(); });
  }

  void end() {
    {
      const std::lock_guard lock(mutex_);
      is_stopping_ = true;
    }
    knock();
    if (thread_.joinable()) thread_.join();
  }

  void push(Command command) {
    bool was_empty = false;
    {
      const std::lock_guard lock(mutex_);
      was_empty = commands_.empty();
      commands_.push_back(std::move(command));
    }
    if (was_empty) knock();
  }

 private:
  void knock() {
    const std::uint64_t one = 1;
    static_cast<void>(!::write(wake_.get(), &one, sizeof(one)));  // full means that it will wake up anyway
  }

  void run() {
    // Signals are for the thread that knows what to do with them.
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
    for (;;) {
      std::array<epoll_event, 64> events{};
      const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < count; ++i) {
        const std::uint64_t about = events[static_cast<std::size_t>(i)].data.u64;
        const auto id = static_cast<std::uint32_t>(about);
        if (about == kWake) {
          if (!take_commands()) return;
        } else if ((about & kOutput) != 0) {
          read_output(id);
        } else {
          ended(id);
        }
      }
      if (!reports_.empty()) sink_(std::exchange(reports_, {}));
    }
  }

  /// false: stop.
  bool take_commands() {
    std::uint64_t knocks = 0;
    static_cast<void>(!::read(wake_.get(), &knocks, sizeof(knocks)));
    std::vector<Command> commands;
    {
      const std::lock_guard lock(mutex_);
      if (is_stopping_) return false;
      commands.swap(commands_);
    }
    for (const Command& command : commands) {
      if (const Spec* spec = std::get_if<Spec>(&command))
        launch(*spec);
      else if (const Signal* signal = std::get_if<Signal>(&command))
        send(*signal);
    }
    return true;
  }

  void launch(const Spec& spec) {
    Run run;
    run.report.id = spec.id;
    run.capture_bytes = spec.capture_bytes;
    if (const auto refusal = launch::start(spec, null_.get(), stack_, run.child)) {
      return refuse(std::move(run.report), *refusal);
    }
    const bool is_watched = watch(run.child.pidfd, kEnded | spec.id) &&
                            (!run.child.output.valid() || watch(run.child.output, kOutput | spec.id));
    if (!is_watched) {  // fs.epoll.max_user_watches
      const int err_no = errno;
      ::kill(-run.child.pid, SIGKILL);
      reap(run.child);
      return refuse(std::move(run.report), {err_no, "epoll_ctl"});
    }
    runs_.insert_or_assign(spec.id, std::move(run));
  }

  void refuse(Report report, const Refusal& refusal) {
    report.end = End::kNotStarted;
    report.err_no = refusal.err_no;
    report.op = refusal.op;
    reports_.push_back(std::move(report));
  }

  bool watch(const Fd& fd, std::uint64_t about) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = about;
    return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd.get(), &event) == 0;
  }

  /// A process that was forked elsewhere and has not come to its exec yet has a copy, which would be watched
  /// on.
  void close_watched(Fd& fd) {
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd.get(), nullptr);
    fd.reset();
  }

  /// Waits for its end and takes it out of the process table.
  static siginfo_t reap(const Child& child) {
    siginfo_t info{};
    while (::waitid(kPidfd, static_cast<id_t>(child.pidfd.get()), &info, WEXITED) < 0 && errno == EINTR) {
    }
    return info;
  }

  void send(const Signal& signal) {
    const auto found = runs_.find(signal.id);
    if (found == runs_.end() || found->second.is_over) return;
    found->second.is_ending = true;
    // ESRCH and EPERM (it became somebody else): there is nothing more that can be done.
    ::kill(-found->second.child.pid, signal.number);
  }

  void read_output(std::uint32_t id) {
    const auto found = runs_.find(id);
    if (found == runs_.end()) return;
    Run& run = found->second;
    drain(run);
    if (run.is_over && !run.child.output.valid()) runs_.erase(found);
  }

  /// Reads what is there; closes at the end of it.
  void drain(Run& run) {
    for (int i = 0; i < kReadsAtOnce && run.child.output.valid(); ++i) {
      const ssize_t got = ::read(run.child.output.get(), buffer_.data(), buffer_.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && errno == EAGAIN) return;
      if (got <= 0) {
        close_watched(run.child.output);
        return;
      }
      if (run.is_over) continue;
      const auto bytes = static_cast<std::size_t>(got);
      run.report.output_bytes += bytes;
      const std::size_t room = run.capture_bytes - run.report.output.size();
      run.report.output.append(buffer_.data(), std::min(room, bytes));
      if (bytes < buffer_.size()) return;  // level-triggered: whatever comes later is told
    }
  }

  void ended(std::uint32_t id) {
    const auto found = runs_.find(id);
    if (found == runs_.end() || found->second.is_over) return;
    Run& run = found->second;
    // Before the leader is reaped its number cannot be anybody else's.
    if (run.is_ending) ::kill(-run.child.pid, SIGKILL);
    // What it wrote before its end is in the pipe now.
    drain(run);
    const siginfo_t info = reap(run.child);
    run.report.end = info.si_code == CLD_EXITED ? End::kExited : End::kSignalled;
    run.report.status = info.si_status;
    close_watched(run.child.pidfd);
    reports_.push_back(std::move(run.report));
    run.is_over = true;
    if (!run.child.output.valid()) runs_.erase(found);
  }

  Sink sink_;
  Fd epoll_;
  Fd wake_;
  Fd null_;
  Stack stack_;
  std::vector<char> buffer_ = std::vector<char>(kReadBytes);
  std::unordered_map<std::uint32_t, Run> runs_;
  std::vector<Report> reports_;

  std::mutex mutex_;
  std::vector<Command> commands_;
  bool is_stopping_ = false;
  std::thread thread_;  // last: it uses all of the above
};

Result<std::unique_ptr<Launcher>> Launcher::start(Sink sink) {
  Fd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.valid()) return Error{Errc::kKernel, "epoll_create1", errno, "launcher"};
  Fd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.valid()) return Error{Errc::kKernel, "eventfd", errno, "launcher"};
  Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null.valid()) return Error{Errc::kKernel, "open", errno, "/dev/null"};
  if (!waits_by_pidfd(null.get()))
    return Error{Errc::kUnsupported, "waitid", ENOSYS, "running programs needs Linux 5.4 or later"};
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kWake;
  if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, wake.get(), &event) != 0)
    return Error{Errc::kKernel, "epoll_ctl", errno, "launcher"};
  auto thread = std::make_unique<Thread>(std::move(sink), std::move(epoll), std::move(wake), std::move(null));
  thread->begin();
  return std::unique_ptr<Launcher>(new Launcher(std::move(thread)));
}

Launcher::Launcher(std::unique_ptr<Thread> thread) : thread_(std::move(thread)) {}

Launcher::~Launcher() {
  thread_->end();
}

void Launcher::launch(Spec spec) {
  thread_->push(std::move(spec));
}

void Launcher::signal(std::uint32_t id, int number) {
  thread_->push(Signal{id, number});
}

}  // namespace ka::launch
