// Another Active router beside ours: where the signs come from, and what is told of them.
#pragma once

#include "native/engine/world.h"

namespace ka::engine {

/// A sign was had: an advert of lower priority, or an answer for an address.   Thread: engine
void rival_seen(World& world, Router& router, const Rival& rival, Instant now);
/// An Active router has advertised: asks who else holds its addresses when it is time, and ends an alarm
/// whose signs have ended; then the addresses are announced again.
void rival_look(World& world, Router& router, Instant now);
/// The router is Active no more.
void rival_forget(World& world, Router& router);
/// Takes the answers that have come.
void rival_answers(World& world, Instant now);

}  // namespace ka::engine
