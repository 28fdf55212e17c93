// What the engine tells: events of fixed size in a bounded ring that one thread fills and another empties.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <new>
#include <string_view>
#include <type_traits>

#include "native/base/ip.h"
#include "native/base/units.h"
#include "native/engine/rival_watch.h"
#include "native/vrrp/types.h"
#include "native/wire/vrrp.h"

namespace ka::engine {

enum class EventKind : std::uint8_t {
  kTransition,
  kGroupTransition,
  kPriority,
  kLowerPriorityHeard,
  kAdvertDropped,
  kSendFailed,
  kAddress,
  kRoute,
  kLink,
  kLate,
  kWatchdog,
  kWarning,
  kSplitBrain
};

enum class AddressEvent : std::uint8_t { kRestored, kGaveUp, kFailed, kStaleRemoved };

/// Text of bounded length inside an event.
template <std::size_t N>
struct Text {
  std::array<char, N> bytes{};
  Text() = default;
  explicit Text(std::string_view text) {
    const std::size_t size = text.size() < N - 1 ? text.size() : N - 1;
    for (std::size_t i = 0; i < size; ++i) bytes[i] = text[i];
  }
  [[nodiscard]] std::string_view view() const { return bytes.data(); }
};

/// One event. Which fields mean something depends on `kind` (NativeEvent in bindings/native-events.ts).
struct Event {
  EventKind kind = EventKind::kWarning;
  AddressEvent address_event = AddressEvent::kRestored;
  wire::DropReason reason = wire::DropReason::kTruncated;
  Vrid vrid = 0;
  Priority priority = 0;
  Priority previous_priority = 0;
  vrrp::State from = vrrp::State::kInitialize;
  vrrp::State to = vrrp::State::kInitialize;
  /// kLate: for longer than the shortest advert interval.
  bool present = false;
  /// kLate: Active routers listen before they speak.
  bool enabled = false;
  /// kSplitBrain: it goes on; kLate: the machine was suspended.
  bool up = false;
  vrrp::Holds holds = 0;
  int err_no = 0;
  vrrp::RouterId router = vrrp::kNoRouter;
  vrrp::GroupId group = vrrp::kNoGroup;
  IfIndex link = 0;
  std::uint8_t prefix_length = 0;
  /// CLOCK_REALTIME in nanoseconds.
  std::int64_t at_ns = 0;
  /// kLate: microseconds; kWatchdog: milliseconds; kSendFailed: failures.
  std::int64_t amount = 0;
  IpAddr address;
  vrrp::Cause cause;
  /// Interface name.
  Text<16> name;
  RivalSign sign = RivalSign::kAdverts;
  MacAddr mac{};
  /// kTransition: interfaces that are down, comma between them; kWarning: the message; kRoute: the route or
  /// rule.
  Text<96> text;
};

/// Bounded single-producer single-consumer queue that counts what did not fit.
class EventRing {
 public:
  static constexpr std::size_t kCapacity = 8192;  // 4,000 routers may move at one instant

  // Memory that nobody has written to costs nothing: slots are constructed when they are first used.
  EventRing()
      : slots_(static_cast<Event*>(
            ::operator new (sizeof(Event) * kCapacity, std::align_val_t{alignof(Event)}))) {}

  /// Thread: engine.
  void push(const Event& event) {
    const std::size_t head = head_.load(std::memory_order_relaxed);
    if (head - tail_.load(std::memory_order_acquire) == kCapacity) {
      lost_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    std::construct_at(slots_.get() + head % kCapacity, event);
    head_.store(head + 1, std::memory_order_release);
  }
  /// Thread: the consumer. False when empty.
  bool pop(Event& event) {
    const std::size_t tail = tail_.load(std::memory_order_relaxed);
    if (tail == head_.load(std::memory_order_acquire)) return false;
    event = slots_.get()[tail % kCapacity];
    tail_.store(tail + 1, std::memory_order_release);
    return true;
  }
  /// Events lost since the last call. Thread: the consumer.
  std::uint64_t take_lost() { return lost_.exchange(0, std::memory_order_relaxed); }
  [[nodiscard]] bool is_empty() const {
    return head_.load(std::memory_order_acquire) == tail_.load(std::memory_order_acquire);
  }

 private:
  struct Free {
    void operator()(Event* slots) const { ::operator delete (slots, std::align_val_t{alignof(Event)}); }
  };
  static_assert(std::is_trivially_destructible_v<Event>);

  std::unique_ptr<Event, Free> slots_;
  alignas(64) std::atomic<std::size_t> head_{0};
  alignas(64) std::atomic<std::size_t> tail_{0};
  std::atomic<std::uint64_t> lost_{0};
};

}  // namespace ka::engine
