// Deadlines of many things, each known by a small number: set, clear, and the earliest of all. Knows no
// clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "native/base/units.h"

namespace ka::vrrp {

/// An indexed binary heap: O(log n) to set and clear, O(1) to look. Allocates in resize() only.
/// Equal deadlines come in the order of their slots, so that a run is reproducible.
class DeadlineHeap {
 public:
  using Slot = std::uint32_t;

  /// Slots are 0 .. count-1 from now on. Never shrinks.
  void resize(std::size_t count) {
    if (count <= position_.size()) return;
    position_.resize(count, kAbsent);
    heap_.reserve(count);
  }
  /// Precondition: slot was covered by resize().
  void set(Slot slot, Instant when) {
    const std::uint32_t at = position_[slot];
    if (at == kAbsent) {
      heap_.push_back({when, slot});
      position_[slot] = static_cast<std::uint32_t>(heap_.size() - 1);
      up(heap_.size() - 1);
      return;
    }
    heap_[at].when = when;
    up(at);
    down(position_[slot]);
  }
  void clear(Slot slot) {
    if (slot >= position_.size() || position_[slot] == kAbsent) return;
    const std::size_t at = position_[slot];
    position_[slot] = kAbsent;
    const Entry last = heap_.back();
    heap_.pop_back();
    if (at == heap_.size()) return;
    heap_[at] = last;
    position_[last.slot] = static_cast<std::uint32_t>(at);
    up(at);
    down(position_[last.slot]);
  }
  [[nodiscard]] std::optional<Instant> earliest() const {
    if (heap_.empty()) return std::nullopt;
    return heap_.front().when;
  }
  /// The slot with the earliest deadline, when that is not after `now`.
  [[nodiscard]] std::optional<Slot> due(Instant now) const {
    if (heap_.empty() || heap_.front().when > now) return std::nullopt;
    return heap_.front().slot;
  }

 private:
  struct Entry {
    Instant when;
    Slot slot;
    friend constexpr bool operator<(const Entry& a, const Entry& b) {
      return a.when != b.when ? a.when < b.when : a.slot < b.slot;
    }
  };
  static constexpr std::uint32_t kAbsent = std::numeric_limits<std::uint32_t>::max();

  void swap(std::size_t a, std::size_t b) {
    std::swap(heap_[a], heap_[b]);
    position_[heap_[a].slot] = static_cast<std::uint32_t>(a);
    position_[heap_[b].slot] = static_cast<std::uint32_t>(b);
  }
  void up(std::size_t at) {
    while (at > 0) {
      const std::size_t parent = (at - 1) / 2;
      if (!(heap_[at] < heap_[parent])) return;
      swap(at, parent);
      at = parent;
    }
  }
  void down(std::size_t at) {
    for (;;) {
      std::size_t least = at;
      for (const std::size_t child : {2 * at + 1, 2 * at + 2}) {
        if (child < heap_.size() && heap_[child] < heap_[least]) least = child;
      }
      if (least == at) return;
      swap(at, least);
      at = least;
    }
  }

  std::vector<Entry> heap_;
  std::vector<std::uint32_t> position_;
};

}  // namespace ka::vrrp
