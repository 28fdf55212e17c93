// The words of bindings/native-*.ts for the enumerators of the engine, both ways.
#pragma once

#include <string>
#include <string_view>

#include "native/base/result.h"
#include "native/engine/events.h"
#include "native/vrrp/names.h"
#include "native/vrrp/types.h"

namespace ka::addon {

using vrrp::name_of;
[[nodiscard]] const char* name_of(engine::AddressEvent what);
/// "KA_ENGINE_PERMISSION" and so on.
[[nodiscard]] const char* code_of(Errc code);
/// "EPERM" and so on; "" for 0.
[[nodiscard]] std::string errno_name(int err_no);

/// Calls `visit(name)` for each hold of a set.
template <typename Visit>
void each_hold(vrrp::Holds holds, Visit&& visit);
/// The hold of that name, 0: none has it.
[[nodiscard]] vrrp::Holds hold_named(std::string_view name);

inline constexpr const char* kHoldNames[] = {"not-started", "link-down",      "tracked-link", "no-source",
                                             "policy",      "waiting",        "group",        "watchdog",
                                             "standby",     "address-failed", "no-multicast"};

template <typename Visit>
void each_hold(vrrp::Holds holds, Visit&& visit) {
  unsigned bit = 0;
  for (const char* name : kHoldNames) {
    if ((holds >> bit & 1U) != 0) visit(name);
    ++bit;
  }
}

}  // namespace ka::addon
