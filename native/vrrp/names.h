// The words for states and causes: those of bindings/native-*.ts, and of the tests.
#pragma once

#include "native/vrrp/types.h"

namespace ka::vrrp {

/// "active" and so on.
[[nodiscard]] const char* name_of(State state);
/// "higher-priority" and so on.
[[nodiscard]] const char* name_of(CauseKind kind);

}  // namespace ka::vrrp
