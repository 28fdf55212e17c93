// An unbounded queue between threads without a lock: the sender never waits, the receiver takes all there is.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

namespace ka::engine {

/// `T` has a member `T* next`.
template <typename T>
class Mailbox {
 public:
  Mailbox() = default;
  ~Mailbox() { static_cast<void>(take_all()); }
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  /// Thread: any.
  void send(std::unique_ptr<T> letter) {
    T* raw = letter.release();
    raw->next = head_.load(std::memory_order_relaxed);
    while (
        !head_.compare_exchange_weak(raw->next, raw, std::memory_order_release, std::memory_order_relaxed)) {
    }
  }
  /// Everything sent so far, oldest first. Thread: the receiver.
  [[nodiscard]] std::vector<std::unique_ptr<T>> take_all() {
    std::vector<std::unique_ptr<T>> letters;
    if (is_empty()) return letters;
    T* newest = head_.exchange(nullptr, std::memory_order_acquire);
    T* oldest = nullptr;
    while (newest != nullptr) {
      T* next = newest->next;
      newest->next = oldest;
      oldest = newest;
      newest = next;
    }
    while (oldest != nullptr) {
      T* next = oldest->next;
      letters.emplace_back(oldest);
      oldest = next;
    }
    return letters;
  }
  [[nodiscard]] bool is_empty() const { return head_.load(std::memory_order_acquire) == nullptr; }

 private:
  std::atomic<T*> head_{nullptr};
};

}  // namespace ka::engine
