// Routes and policy rules: JavaScript objects -> engine values. The shapes are those of
// bindings/native-routing.ts.   Thread: js
#pragma once

#include <vector>

#include "native/engine/config.h"
#include "native/napi/fields.h"

namespace ka::addon {

/// The lists `routes` and `rules` of an object, routes first; absent ones are empty.
std::vector<engine::RoutingEntry> read_routing(Fields& from);

}  // namespace ka::addon
