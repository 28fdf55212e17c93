#include "native/engine/worker.h"

#include <sys/eventfd.h>

#include <cerrno>
#include <utility>

#include "native/engine/realtime.h"
#include "native/net/nl.h"

namespace ka::engine {

namespace {

/// Its largest frame is what libc needs for a system call.
constexpr std::size_t kStackSize = 128 * 1024;

}  // namespace

Worker::Worker(const Options& options, Fd bell) : options_(options), finished_bell_(std::move(bell)) {
  ::sem_init(&waiting_, 0, 0);
}

Result<std::unique_ptr<Worker>> Worker::start(const Options& options) {
  Fd bell(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!bell.valid()) return net::kernel_error("eventfd", errno);
  std::unique_ptr<Worker> worker(new Worker(options, std::move(bell)));
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setstacksize(&attributes, kStackSize);
  pthread_t thread{};
  // The engine's thread has all signals blocked, and this one inherits that.
  const int failed = ::pthread_create(&thread, &attributes, &Worker::thread_main, worker.get());
  ::pthread_attr_destroy(&attributes);
  if (failed != 0) return net::kernel_error("pthread_create", failed, "thread for kernel requests");
  ::pthread_setname_np(thread, "ka-kernel");
  worker->thread_ = thread;
  return worker;
}

Worker::~Worker() {
  if (thread_) {
    jobs_.send(std::make_unique<Job>());
    ::sem_post(&waiting_);
    ::pthread_join(*thread_, nullptr);
  }
  ::sem_destroy(&waiting_);
}

void* Worker::thread_main(void* self) {
  Worker& worker = *static_cast<Worker*>(self);
  apply_worker_scheduling(worker.options_);
  worker.run();
  return nullptr;
}

void Worker::run() {
  RealtimeLease lease;
  for (;;) {
    while (::sem_wait(&waiting_) != 0) {
    }
    lease.renew(worker_priority(options_), options_);
    for (auto& job : jobs_.take_all()) {
      if (!job->work) return;
      job->work();
      job->work = nullptr;  // what it holds is let go here: closing a socket may wait as well
      if (!job->then) continue;
      finished_.send(std::move(job));
      static_cast<void>(::eventfd_write(finished_bell_.get(), 1));
    }
  }
}

void Worker::give(std::function<void()> work, std::function<void()> then) {
  auto job = std::make_unique<Job>();
  job->work = std::move(work);
  job->then = std::move(then);
  if (job->then) ++open_;
  jobs_.send(std::move(job));
  ::sem_post(&waiting_);
}

void Worker::take_finished() {
  eventfd_t rung = 0;
  static_cast<void>(::eventfd_read(finished_bell_.get(), &rung));
  for (auto& job : finished_.take_all()) {
    --open_;
    job->then();
  }
}

}  // namespace ka::engine
