// A bounded queue between exactly one producer and one consumer thread. When it is full it drops the new item
// and counts it: the producer never waits and never allocates.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace ka {

template <typename T>
class Ring {
 public:
  /// Holds at least `capacity` items.
  explicit Ring(std::size_t capacity) : slots_(round_up(capacity)), mask_(slots_.size() - 1) {}
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  /// false: full; the item is lost and counted. Thread: producer.
  bool push(T item) {
    const std::size_t tail = tail_.load(std::memory_order_relaxed);
    if (tail - head_.load(std::memory_order_acquire) == slots_.size()) {
      dropped_.fetch_add(1, std::memory_order_relaxed);
      return false;
    }
    slots_[tail & mask_] = std::move(item);
    tail_.store(tail + 1, std::memory_order_release);
    return true;
  }

  /// nullopt: empty. Thread: consumer.
  std::optional<T> pop() {
    const std::size_t head = head_.load(std::memory_order_relaxed);
    if (head == tail_.load(std::memory_order_acquire)) return std::nullopt;
    std::optional<T> item(std::move(slots_[head & mask_]));
    head_.store(head + 1, std::memory_order_release);
    return item;
  }

  /// True when nothing was queued at the moment of asking. Any thread.
  [[nodiscard]] bool empty() const {
    return head_.load(std::memory_order_acquire) == tail_.load(std::memory_order_acquire);
  }
  /// Items lost so far. Any thread.
  [[nodiscard]] std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }
  /// Items lost since the last call. Any thread.
  std::uint64_t take_dropped() { return dropped_.exchange(0, std::memory_order_relaxed); }
  [[nodiscard]] std::size_t capacity() const { return slots_.size(); }

 private:
  static constexpr std::size_t kCacheLine = 64;
  static std::size_t round_up(std::size_t wanted) {
    std::size_t size = 1;
    while (size < wanted) size *= 2;
    return size;
  }

  std::vector<T> slots_;
  std::size_t mask_;
  alignas(kCacheLine) std::atomic<std::size_t> head_{0};
  alignas(kCacheLine) std::atomic<std::size_t> tail_{0};
  alignas(kCacheLine) std::atomic<std::uint64_t> dropped_{0};
};

}  // namespace ka
