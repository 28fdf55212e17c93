#include "native/probe/prober.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <queue>
#include <thread>
#include <unordered_map>
#include <utility>

#include "native/probe/probe_socket.h"

namespace ka::probe {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kWakeKey = ~std::uint64_t{0};
constexpr std::size_t kEventsAtOnce = 256;
/// So often in a row a full house may put off the deadlines: peers that never stop sending must not for ever.
constexpr int kFullHouses = 16;

struct Running {
  std::shared_ptr<const Spec> spec;
  Started started;
  Clock::time_point begun;
  Clock::time_point deadline;
};

/// The last expected end of a vigil.
struct Seen {
  std::uint32_t rounds = 0;
  std::uint64_t elapsed_us = 0;
  Clock::time_point at;
};

/// A deadline of a probe that may have ended meanwhile: such entries are dropped when their time comes.
struct Deadline {
  Clock::time_point at;
  std::uint32_t id;
  friend bool operator>(const Deadline& a, const Deadline& b) { return a.at > b.at; }
};

}  // namespace

struct Prober::Impl {
  Sink sink;
  int epoll_fd = -1;
  int wake_fd = -1;

  std::mutex mutex;  // guards the four below
  std::vector<Spec> submitted;
  std::vector<std::uint32_t> cancelled;
  bool is_stopping = false;
  std::unordered_map<std::uint32_t, Seen> seen;

  // Of the thread alone.
  std::unordered_map<std::uint32_t, Running> running;
  std::priority_queue<Deadline, std::vector<Deadline>, std::greater<>> deadlines;
  std::vector<Report> reports;
  /// Vigils, and when those that sleep begin again.
  std::unordered_map<std::uint32_t, std::shared_ptr<const Spec>> vigils;
  std::priority_queue<Deadline, std::vector<Deadline>, std::greater<>> wakes;

  std::thread thread;  // last: it uses all of the above

  ~Impl() {
    for (auto& [id, probe] : running)
      if (probe.started.fd >= 0) ::close(probe.started.fd);
    if (epoll_fd >= 0) ::close(epoll_fd);
    if (wake_fd >= 0) ::close(wake_fd);
  }

  void wake() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t n = ::write(wake_fd, &one, sizeof one);
  }

  void finish(std::uint32_t id, Running& probe, const End& end, Report&& report) {
    const auto now = Clock::now();
    const auto elapsed = std::chrono::duration_cast<std::chrono::microseconds>(now - probe.begun).count();
    report.elapsed_us = static_cast<std::uint64_t>(elapsed);
    const Spec& spec = *probe.spec;
    const int fd = probe.started.fd;
    if (spec.interval_ms != 0 && is_expected(spec, end, report)) {
      ::close(fd);
      keep_watch(id, spec, report.elapsed_us, now);
      return;
    }
    if (spec.interval_ms != 0) forget(id);
    report.id = id;
    report.outcome = end.outcome;
    report.err_no = end.err_no;
    report.op = end.op;
    if (fd >= 0 && end.outcome == Outcome::kOk && spec.keep_fd) {
      ::epoll_ctl(epoll_fd, EPOLL_CTL_DEL, fd, nullptr);
      report.fd = fd;
    } else if (fd >= 0) {
      ::close(fd);
    }
    reports.push_back(std::move(report));
  }

  void keep_watch(std::uint32_t id, const Spec& spec, std::uint64_t elapsed_us, Clock::time_point now) {
    wakes.push({now + std::chrono::milliseconds(spec.interval_ms), id});
    const std::lock_guard lock(mutex);
    Seen& it = seen[id];
    ++it.rounds;
    it.elapsed_us = elapsed_us;
    it.at = now;
  }

  void forget(std::uint32_t id) {
    vigils.erase(id);
    const std::lock_guard lock(mutex);
    seen.erase(id);
  }

  void take(Spec&& order) {
    const auto spec = std::make_shared<const Spec>(std::move(order));
    if (spec->interval_ms == 0) {
      begin(spec);
      return;
    }
    vigils.insert_or_assign(spec->id, spec);
    wakes.push({Clock::now() + std::chrono::milliseconds(spec->interval_ms), spec->id});
  }

  void begin(const std::shared_ptr<const Spec>& spec) {
    const std::uint32_t id = spec->id;
    const auto now = Clock::now();
    Running probe{.spec = spec, .started = begin_probe(*spec), .begun = now, .deadline = {}};
    if (!probe.started.end) {
      epoll_event event{};
      const bool is_stream = spec->kind == Kind::kTcp || spec->kind == Kind::kHttp;
      event.events = is_stream ? EPOLLOUT : EPOLLIN;
      event.data.u64 = id;
      if (::epoll_ctl(epoll_fd, EPOLL_CTL_ADD, probe.started.fd, &event) != 0)
        probe.started.end = End{.outcome = Outcome::kUnusable, .err_no = errno, .op = "epoll_ctl"};
    }
    if (probe.started.end) {
      const End end = *probe.started.end;
      finish(id, probe, end, {});
      return;
    }
    set_deadline(probe, now);
    deadlines.push({probe.deadline, id});
    running.insert_or_assign(id, std::move(probe));
  }

  static void set_deadline(Running& probe, Clock::time_point now) {
    probe.deadline = now + std::chrono::milliseconds(probe.spec->timeout_ms);
    if (probe.spec->total_ms == 0) return;
    probe.deadline = std::min(probe.deadline, probe.begun + std::chrono::milliseconds(probe.spec->total_ms));
  }

  void on_event(std::uint32_t id, std::uint32_t events) {
    const auto found = running.find(id);
    if (found == running.end()) return;
    Running& probe = found->second;
    const bool was_sent = probe.started.http && probe.started.http->is_sent(*probe.spec);
    Report report;
    const auto end = continue_probe(*probe.spec, probe.started, events, report);
    if (!end) {
      if (probe.started.http) go_on(id, probe, was_sent);
      return;
    }
    Running ended = std::move(probe);
    running.erase(found);
    finish(id, ended, *end, std::move(report));
  }

  /// Something came or went on an HTTP connection: the next step has time again.
  void go_on(std::uint32_t id, Running& probe, bool was_sent) {
    set_deadline(probe, Clock::now());
    if (was_sent || !probe.started.http->is_sent(*probe.spec)) return;
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = id;
    ::epoll_ctl(epoll_fd, EPOLL_CTL_MOD, probe.started.fd, &event);
  }

  void expire() {
    const auto now = Clock::now();
    while (!deadlines.empty() && deadlines.top().at <= now) {
      const Deadline due = deadlines.top();
      deadlines.pop();
      const auto found = running.find(due.id);
      // The id may have been given again since: its probe then has a deadline of its own.
      if (found == running.end()) continue;
      if (found->second.deadline > now) {
        if (found->second.started.http) deadlines.push({found->second.deadline, due.id});
        continue;
      }
      Running late = std::move(found->second);
      running.erase(found);
      const char* op = late.started.http ? "recv" : "";
      finish(due.id, late, End{.outcome = Outcome::kTimeout, .err_no = ETIMEDOUT, .op = op}, {});
    }
    while (!wakes.empty() && wakes.top().at <= now) {
      const std::uint32_t id = wakes.top().id;
      wakes.pop();
      const auto found = vigils.find(id);
      if (found != vigils.end() && !running.contains(id)) begin(found->second);
    }
  }

  [[nodiscard]] int wait_ms() const {
    if (deadlines.empty() && wakes.empty()) return -1;
    const auto next = wakes.empty()                                              ? deadlines.top().at
                      : deadlines.empty() || wakes.top().at < deadlines.top().at ? wakes.top().at
                                                                                 : deadlines.top().at;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now()).count();
    return left < 0 ? 0 : left > 60'000 ? 60'000 : static_cast<int>(left);
  }

  /// False when the thread is to end.
  bool take_orders() {
    std::vector<Spec> specs;
    std::vector<std::uint32_t> ids;
    {
      const std::lock_guard lock(mutex);
      if (is_stopping) return false;
      specs.swap(submitted);
      ids.swap(cancelled);
    }
    for (Spec& spec : specs) take(std::move(spec));
    for (const std::uint32_t id : ids) {
      if (vigils.contains(id)) forget(id);
      const auto found = running.find(id);
      if (found == running.end()) continue;
      ::close(found->second.started.fd);
      running.erase(found);
    }
    return true;
  }

  void loop() {
    std::array<epoll_event, kEventsAtOnce> events{};
    int full_houses = 0;
    for (;;) {
      const int n = ::epoll_wait(epoll_fd, events.data(), static_cast<int>(events.size()), wait_ms());
      bool has_orders = false;
      // What came is looked at before what is late: a reply that waited for this thread is not a timeout.
      for (int i = 0; i < n; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        if (event.data.u64 != kWakeKey) {
          on_event(static_cast<std::uint32_t>(event.data.u64), event.events);
          continue;
        }
        std::uint64_t count = 0;
        [[maybe_unused]] const ssize_t got = ::read(wake_fd, &count, sizeof count);
        has_orders = true;
      }
      if (has_orders && !take_orders()) return;
      // A full house may keep replies waiting: deadlines are looked at once they are read.
      full_houses = n < static_cast<int>(kEventsAtOnce) ? 0 : full_houses + 1;
      if (full_houses % kFullHouses == 0) expire();
      if (!reports.empty()) sink(std::exchange(reports, {}));
    }
  }
};

Prober::Prober(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<Prober>> Prober::start(const std::string& netns_path, Sink sink) {
  auto impl = std::make_unique<Impl>();
  impl->sink = std::move(sink);
  impl->epoll_fd = ::epoll_create1(EPOLL_CLOEXEC);
  impl->wake_fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (impl->epoll_fd < 0 || impl->wake_fd < 0)
    return Error{.code = Errc::kKernel, .op = "epoll_create1", .err_no = errno, .detail = {}};
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kWakeKey;
  ::epoll_ctl(impl->epoll_fd, EPOLL_CTL_ADD, impl->wake_fd, &event);
  int netns_fd = -1;
  if (!netns_path.empty()) {
    netns_fd = ::open(netns_path.c_str(), O_RDONLY | O_CLOEXEC);
    if (netns_fd < 0)
      return Error{.code = Errc::kNotFound,
                   .op = "open",
                   .err_no = errno,
                   .detail = "network namespace " + netns_path};
  }
  std::mutex mutex;
  std::condition_variable entered;
  int setns_errno = -1;
  Impl* raw = impl.get();
  impl->thread = std::thread([&, raw] {
    const int rc = netns_fd >= 0 ? ::setns(netns_fd, CLONE_NEWNET) : 0;
    const int err_no = rc == 0 ? 0 : errno;
    {
      const std::lock_guard lock(mutex);
      setns_errno = err_no;
      entered.notify_one();  // under the lock: the waiter owns both and leaves as soon as it has the lock
    }
    if (err_no == 0) raw->loop();
  });
  {
    std::unique_lock lock(mutex);
    entered.wait(lock, [&] { return setns_errno >= 0; });
  }
  if (netns_fd >= 0) ::close(netns_fd);
  if (setns_errno != 0) {
    impl->thread.join();
    return Error{.code = setns_errno == EPERM ? Errc::kPermission : Errc::kKernel,
                 .op = "setns",
                 .err_no = setns_errno,
                 .detail = "network namespace " + netns_path};
  }
  return std::unique_ptr<Prober>(new Prober(std::move(impl)));
}

Prober::~Prober() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->is_stopping = true;
  }
  impl_->wake();
  impl_->thread.join();
}

void Prober::submit(std::vector<Spec>&& specs) {
  {
    const std::lock_guard lock(impl_->mutex);
    for (Spec& spec : specs) impl_->submitted.push_back(std::move(spec));
  }
  impl_->wake();
}

void Prober::cancel(std::uint32_t id) {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->cancelled.push_back(id);
  }
  impl_->wake();
}

std::optional<Pulse> Prober::pulse(std::uint32_t id) {
  const std::lock_guard lock(impl_->mutex);
  const auto found = impl_->seen.find(id);
  if (found == impl_->seen.end()) return std::nullopt;
  const auto age =
      std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - found->second.at).count();
  return Pulse{.rounds = found->second.rounds,
               .elapsed_us = found->second.elapsed_us,
               .age_us = static_cast<std::uint64_t>(age)};
}

}  // namespace ka::probe
