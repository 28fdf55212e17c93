// The list of things to be done that the state machines write and the engine carries out in order.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "native/vrrp/types.h"

namespace ka::vrrp {

/// An append-only list with room reserved beforehand: within the reserve it does not allocate.
class Effects {
 public:
  /// Room for so many effects. May allocate.
  void reserve(std::size_t count) { list_.reserve(count); }
  void add(const Effect& effect) { list_.push_back(effect); }
  void clear() { list_.clear(); }
  [[nodiscard]] std::span<const Effect> list() const { return list_; }

 private:
  std::vector<Effect> list_;
};

}  // namespace ka::vrrp
