// A thread for system calls that may have to wait: the kernel's rtnl lock is one for the whole machine, and
// whoever lists ten thousand links holds it for as long as that takes.
#pragma once

#include <pthread.h>
#include <semaphore.h>

#include <functional>
#include <memory>
#include <optional>

#include "native/base/result.h"
#include "native/engine/config.h"
#include "native/engine/mailbox.h"
#include "native/net/fd.h"

namespace ka::engine {

/// Carries jobs out one after the other, in the order in which they were given. Thread: engine.
class Worker {
 public:
  /// Starts the thread in the network namespace of the caller, with the scheduling class and the CPUs that
  /// `options` ask for, one real-time priority below the engine. Errors: kKernel.
  static Result<std::unique_ptr<Worker>> start(const Options& options);
  /// Waits for every job, then ends; nothing is answered any more.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// `work` runs on the worker's thread; `then`, when there is one, in a later call of take_finished.
  void give(std::function<void()> work, std::function<void()> then = {});
  /// Readable while something has finished whose `then` has not been called.
  [[nodiscard]] int fd() const { return finished_bell_.get(); }
  void take_finished();
  /// A job with a `then` has been given and not been taken.
  [[nodiscard]] bool is_busy() const { return open_ > 0; }

 private:
  struct Job {
    std::function<void()> work;  // none: the end
    std::function<void()> then;
    Job* next = nullptr;
  };
  explicit Worker(const Options& options, Fd bell);
  static void* thread_main(void* self);
  void run();

  const Options& options_;
  Fd finished_bell_;
  Mailbox<Job> jobs_;
  Mailbox<Job> finished_;
  sem_t waiting_{};
  std::size_t open_ = 0;
  std::optional<pthread_t> thread_;
};

}  // namespace ka::engine
