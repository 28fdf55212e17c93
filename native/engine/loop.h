// The engine thread: what it sleeps on, and the order of work when it wakes.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <memory>
#include <optional>
#include <span>

#include "native/engine/engine.h"
#include "native/engine/life_sign.h"
#include "native/engine/node.h"
#include "native/engine/realtime.h"
#include "native/net/fd.h"

namespace ka::engine {

/// One wake-up: sockets are drained, then links are looked at, then timers fire, then transactions and
/// address changes have their turn. So a late wake-up never mistakes its own lateness for a dead master.
/// A flood does not hold up adverts of our own (they are looked after from batch to batch), and while it has
/// not been read to its end, the silence of a peer counts up to where it has been read.
/// Thread: engine.
class Loop {
 public:
  explicit Loop(Engine& engine) : engine_(engine) {}

  /// Enters the network namespace, opens everything. Errors: kNotFound (namespace, or the process to leave
  /// with), kPermission, kKernel.
  Result<void> open();
  /// Runs until it is asked to stop; returns the ticket of that request.
  std::uint64_t run();

 private:
  void arm(Instant now);
  /// `boottime` was read right before `now`.
  void turn(std::span<const epoll_event> ready, Instant boottime, Instant now);
  /// Packets came, or a deadline of the protocol: most wake-ups. What else a turn looks at would cost as much
  /// again, in cache misses.
  [[nodiscard]] bool is_protocol_alone(Instant heard_until, Instant now) const;
  /// Moves `now` on while a flood is read. Returns until when everything that arrived has been read.
  Instant drain_sockets(std::span<const epoll_event> ready, Instant& now);
  void note_absence(Instant boottime, Instant now);
  void note_lateness(Instant now);
  void raise_priority(Micros late);
  void renew_lease();
  void warn(const Error& error);
  void hold_monitor(bool is_held);
  void watch_javascript(Instant now);
  Result<void> open_companion();
  void leave_with_companion(Instant now);
  void read_letters(Instant now);
  void leave();

  static constexpr std::size_t kReady = 64;

  Engine& engine_;
  Fd epoll_;
  Fd timer_;
  Fd companion_;  // pidfd of the process to leave with
  LifeSign life_sign_;
  std::unique_ptr<Node> node_;  // after epoll_, which its sockets are in
  StampClock clock_;
  SuspendClock suspend_clock_;
  AutoPriority auto_priority_;
  RealtimeLease lease_;
  bool is_lease_told_ = false;
  Nanos suspended_{};  // since the last wake-up
  Instant armed_ = Instant::max();
  Nanos lead_{};                         // how far ahead armed_ was when the timer was set
  Instant due_ = Instant::max();         // the first advert or silence of this wake-up
  Instant other_due_ = Instant::max();   // the first of everything else of the node, since the last full turn
  Instant next_other_ = Instant::max();  // that, and what is looked at besides the node
  Instant late_told_{};
  bool was_long_told_ = false;  // that one was longer than an advert interval
  Instant asleep_since_{};
  bool is_rung_ = false;    // woken by something besides packets and the timer
  bool was_quiet_ = false;  // the last turn: adverts heard and sent, nothing else
  bool is_monitor_ready_ = false;
  bool is_monitor_held_ = false;
  bool are_claims_ready_ = false;
  bool is_companion_gone_ = false;
  bool has_work_ = false;
  std::optional<std::uint64_t> stop_ticket_;
};

}  // namespace ka::engine
