#include "native/probe/prober.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

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

struct Running {
  Spec spec;
  Started started;
  Clock::time_point begun;
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

  std::mutex mutex;  // guards the three below
  std::vector<Spec> submitted;
  std::vector<std::uint32_t> cancelled;
  bool is_stopping = false;

  // Of the thread alone.
  std::unordered_map<std::uint32_t, Running> running;
  std::priority_queue<Deadline, std::vector<Deadline>, std::greater<>> deadlines;
  std::vector<Report> reports;

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
    report.id = id;
    report.outcome = end.outcome;
    report.err_no = end.err_no;
    report.op = end.op;
    report.elapsed_us = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - probe.begun).count());
    const int fd = probe.started.fd;
    if (fd >= 0 && end.outcome == Outcome::kOk && probe.spec.keep_fd) {
      ::epoll_ctl(epoll_fd, EPOLL_CTL_DEL, fd, nullptr);
      report.fd = fd;
    } else if (fd >= 0) {
      ::close(fd);
    }
    reports.push_back(std::move(report));
  }

  void begin(Spec&& spec) {
    const std::uint32_t id = spec.id;
    Running probe{.spec = std::move(spec), .started = {}, .begun = Clock::now()};
    probe.started = begin_probe(probe.spec);
    if (!probe.started.end) {
      epoll_event event{};
      event.events = probe.spec.kind == Kind::kTcp ? EPOLLOUT : EPOLLIN;
      event.data.u64 = id;
      if (::epoll_ctl(epoll_fd, EPOLL_CTL_ADD, probe.started.fd, &event) != 0)
        probe.started.end = End{.outcome = Outcome::kUnusable, .err_no = errno, .op = "epoll_ctl"};
    }
    if (probe.started.end) {
      const End end = *probe.started.end;
      finish(id, probe, end, {});
      return;
    }
    deadlines.push({probe.begun + std::chrono::milliseconds(probe.spec.timeout_ms), id});
    running.insert_or_assign(id, std::move(probe));
  }

  void on_event(std::uint32_t id, std::uint32_t events) {
    const auto found = running.find(id);
    if (found == running.end()) return;
    Report report;
    const auto end = continue_probe(found->second.spec, found->second.started, events, report);
    if (!end) return;
    finish(id, found->second, *end, std::move(report));
    running.erase(found);
  }

  void expire() {
    const auto now = Clock::now();
    while (!deadlines.empty() && deadlines.top().at <= now) {
      const Deadline due = deadlines.top();
      deadlines.pop();
      const auto found = running.find(due.id);
      // The id may have been given again since: its probe then has a deadline of its own.
      if (found == running.end() ||
          found->second.begun + std::chrono::milliseconds(found->second.spec.timeout_ms) > now)
        continue;
      finish(due.id, found->second, End{.outcome = Outcome::kTimeout, .err_no = ETIMEDOUT, .op = ""}, {});
      running.erase(found);
    }
  }

  [[nodiscard]] int wait_ms() const {
    if (deadlines.empty()) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadlines.top().at - Clock::now()).count();
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
    for (Spec& spec : specs) begin(std::move(spec));
    for (const std::uint32_t id : ids) {
      const auto found = running.find(id);
      if (found == running.end()) continue;
      ::close(found->second.started.fd);
      running.erase(found);
    }
    return true;
  }

  void loop() {
    std::array<epoll_event, kEventsAtOnce> events{};
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
      if (n < static_cast<int>(kEventsAtOnce)) expire();
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

}  // namespace ka::probe
