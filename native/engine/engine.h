// The engine as its user sees it: started, told transactions, asked for status, stopped. Owns the real-time
// thread. Nothing here waits for the engine thread except stop(), and the engine thread never waits for its
// user.
#pragma once

#include <pthread.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "native/base/result.h"
#include "native/engine/config.h"
#include "native/engine/events.h"
#include "native/engine/mailbox.h"
#include "native/engine/status.h"
#include "native/net/fd.h"

namespace ka::engine {

/// The answer to start (ticket 0) or to a transaction.
struct Answer {
  std::uint64_t ticket = 0;
  Result<void> result;
};

/// Thread: one owner, except where said otherwise.
class Engine {
 public:
  /// `wake` is called on the engine thread when events or answers wait and nobody was told yet; it must not
  /// block.
  Engine(Options options, std::function<void()> wake);
  /// Stops.
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Starts the thread. What becomes of it is the Answer with ticket 0. Errors: kKernel (no thread), kClosed.
  Result<void> start();
  /// Queues a transaction; an Answer with `ticket` follows. Errors: kClosed.
  Result<void> apply(std::uint64_t ticket, Transaction transaction);
  /// JavaScript is alive. Thread: any.
  void heartbeat();
  /// Priority 0, addresses removed, thread joined. Idempotent. What was queued before is still carried out.
  void stop();
  /// Begins what stop() ends, without waiting: an Answer with `ticket` follows when the thread is about to
  /// end.
  void request_stop(std::uint64_t ticket);

  /// To be called once for each `wake`, before events and answers are taken.
  void woken() { is_wake_pending_.store(false, std::memory_order_seq_cst); }
  [[nodiscard]] std::vector<Answer> take_answers();
  bool next_event(Event& event) { return events_.pop(event); }
  /// Events that did not fit since the last call.
  std::uint64_t take_lost() { return events_.take_lost(); }

  /// Thread: any.
  [[nodiscard]] const EngineShared& shared() const { return shared_; }

 private:
  friend class Loop;
  struct Letter {
    enum class Kind : std::uint8_t { kApply, kStop } kind = Kind::kApply;
    std::uint64_t ticket = 0;
    Transaction transaction;
    Letter* next = nullptr;
  };
  struct Reply {
    Answer answer;
    Reply* next = nullptr;
  };
  static void* thread_main(void* self);
  void send(std::unique_ptr<Letter> letter);
  void reply(std::uint64_t ticket, Result<void> result);
  void notify();

  const Options options_;
  const std::function<void()> wake_;
  EngineShared shared_;
  EventRing events_;
  Mailbox<Letter> inbox_;
  Mailbox<Reply> outbox_;
  std::atomic<bool> is_wake_pending_{false};
  std::atomic<bool> is_watchdog_held_{false};
  std::atomic<std::int64_t> heartbeat_ns_{0};
  Fd doorbell_;  // eventfd: the inbox is not empty
  std::optional<pthread_t> thread_;
  bool is_stopped_ = false;
};

}  // namespace ka::engine
