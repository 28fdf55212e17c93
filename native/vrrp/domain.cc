#include "native/vrrp/domain.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "native/vrrp/fleet.h"

namespace ka::vrrp {
namespace {

constexpr Holds kGroupBit = bit(Hold::kGroup);

std::optional<Error> refuse(const Params& params) {
  const auto invalid = [](const char* detail) {
    return Error{Errc::kInvalidArgument, "vrrp params", 0, detail};
  };
  if (params.vrid == 0) return invalid("vrid must be 1..255");
  if (params.priority == 0) return invalid("priority must be 1..255");
  if (params.advert_interval <= Micros{0}) return invalid("advert_interval must be positive");
  if (params.down_timer_adverts == 0) return invalid("down_timer_adverts must be at least 1");
  return std::nullopt;
}

Error not_found(const char* op, std::uint32_t id) {
  return Error{Errc::kNotFound, op, 0, "no router " + std::to_string(id)};
}

/// Why a router leaves Initialize when `cleared` went.
Cause out_of_hold(const Machine& machine, Holds cleared) {
  return because(machine.never_started() ? CauseKind::kStarted : CauseKind::kReleased, cleared);
}

}  // namespace

struct Domain::Impl : Fleet {};

Domain::Domain() : impl_(new Impl) {
  impl_->reserve();
}
Domain::~Domain() {
  delete impl_;
}
Domain::Domain(Domain&& other) noexcept : impl_(std::exchange(other.impl_, nullptr)) {}
Domain& Domain::operator=(Domain&& other) noexcept {
  std::swap(impl_, other.impl_);
  return *this;
}

// ---- configuration ----

Result<void> Domain::add(RouterId id, const Params& params, Holds holds, Instant now) {
  Impl& d = *impl_;
  if (d.find(id) != nullptr) return Error{Errc::kExists, "add router", 0, "router " + std::to_string(id)};
  if (auto error = refuse(params)) return *error;
  DeadlineHeap::Slot slot = 0;
  if (!d.free_slots.empty()) {
    slot = d.free_slots.back();
    d.free_slots.pop_back();
  } else {
    slot = static_cast<DeadlineHeap::Slot>(d.by_slot.size());
    d.by_slot.push_back(nullptr);
    d.adverts.resize(d.by_slot.size());
    d.silences.resize(d.by_slot.size());
  }
  const auto own = static_cast<Holds>(holds & ~kGroupBit);
  auto router = std::make_unique<Impl::Router>(Impl::Router{Machine(id, params, own, now), slot});
  Impl::Router& added = *router;
  d.by_slot[slot] = &added;
  d.routers.emplace(id, std::move(router));
  d.reserve();
  d.settle(added, own == 0 ? because(CauseKind::kStarted) : because(CauseKind::kHeld, own), now);
  return {};
}

Result<void> Domain::update(RouterId id, const Params& params, Instant now) {
  Impl::Router* router = impl_->find(id);
  if (router == nullptr) return not_found("update router", id);
  if (auto error = refuse(params)) return *error;
  router->machine.set_params(params, now, impl_->effects);
  impl_->arm(*router);
  return {};
}

Result<void> Domain::remove(RouterId id, Instant now) {
  Impl& d = *impl_;
  Impl::Router* router = d.find(id);
  if (router == nullptr) return not_found("remove router", id);
  router->machine.become_initialize(because(CauseKind::kRemoved), now, d.effects);
  d.leave_group(*router, now);
  d.disarm(router->slot);
  d.by_slot[router->slot] = nullptr;
  d.free_slots.push_back(router->slot);
  d.routers.erase(id);
  return {};
}

Result<void> Domain::set_group(GroupId id, std::span<const RouterId> members, Instant now) {
  Impl& d = *impl_;
  if (id == kNoGroup) return Error{Errc::kInvalidArgument, "set group", 0, "this id means no group"};
  const auto known = d.groups.find(id);
  SyncGroup* group = known == d.groups.end() ? nullptr : known->second.get();
  std::vector<Machine*> wanted;
  for (const RouterId member : members) {
    Impl::Router* router = d.find(member);
    if (router == nullptr) return not_found("set group", member);
    const bool twice = std::find(wanted.begin(), wanted.end(), &router->machine) != wanted.end();
    if (twice || (router->group != nullptr && router->group != group)) {
      return Error{Errc::kInvalidArgument, "set group", 0,
                   "router " + std::to_string(member) + " is already in a group"};
    }
    wanted.push_back(&router->machine);
  }
  if (group == nullptr && wanted.empty()) return {};
  if (group == nullptr) group = d.groups.emplace(id, std::make_unique<SyncGroup>()).first->second.get();
  group->id = id;

  d.regroup(*group, wanted, now);
  return {};
}

// ---- events ----

void Domain::advert(RouterId id, const HeardAdvert& heard, Instant now) {
  Impl::Router* router = impl_->find(id);
  if (router == nullptr) return;
  HeardAdvert dated = heard;
  dated.received_at = std::min(heard.received_at, now);
  impl_->react(*router, router->machine.advert(dated, now, impl_->effects), now);
}

void Domain::set_holds(RouterId id, Holds set, Holds clear, Instant now) {
  Impl::Router* router = impl_->find(id);
  if (router == nullptr) return;
  Machine& machine = router->machine;
  const Holds before = machine.own_holds();
  if (!machine.change_holds(static_cast<Holds>(set & ~kGroupBit), static_cast<Holds>(clear & ~kGroupBit)))
    return;
  const Holds after = machine.own_holds();
  const auto came = static_cast<Holds>(after & ~before);
  const auto went = static_cast<Holds>(before & ~after);
  const Holds held_by = came != 0 ? came : after;
  const Cause cause = after != 0 ? because(CauseKind::kHeld, held_by) : out_of_hold(machine, went);
  impl_->settle(*router, cause, now);
}

void Domain::set_priority(RouterId id, Priority priority, Instant) {
  Impl::Router* router = impl_->find(id);
  if (router == nullptr || priority == 0) return;
  router->machine.set_priority(priority, impl_->effects);
  impl_->arm(*router);
}

void Domain::set_source(RouterId id, const IpAddr& source, Instant) {
  Impl::Router* router = impl_->find(id);
  if (router != nullptr) router->machine.set_source(source);
}

void Domain::release(RouterId id, CauseKind why, Instant now) {
  Impl::Router* router = impl_->find(id);
  if (router == nullptr || router->machine.state() != State::kActive) return;
  impl_->move_together(*router, because(why), [&](Machine& m, const Cause& cause) {
    if (m.state() == State::kActive) m.become_backup(cause, Farewell::kPriorityZero, now, impl_->effects);
  });
}

void Domain::offer(RouterId id, Instant now) {
  Impl::Router* router = impl_->find(id);
  if (router == nullptr || router->machine.state() != State::kActive) return;
  impl_->move_together(*router, because(CauseKind::kCommand),
                       [&](Machine& m, const Cause&) { m.offer(now, impl_->effects); });
}

void Domain::take_over(RouterId id, Instant now) {
  Impl::Router* router = impl_->find(id);
  if (router == nullptr || router->machine.state() != State::kBackup) return;
  impl_->move_together(*router, because(CauseKind::kCommand), [&](Machine& m, const Cause& cause) {
    if (m.state() == State::kBackup) m.become_active(cause, now, impl_->effects);
  });
}

void Domain::announce_again(RouterId id, AnnounceReason reason, Instant) {
  Impl::Router* router = impl_->find(id);
  if (router != nullptr) router->machine.announce(reason, impl_->effects);
}

void Domain::grant_grace(Micros late, Instant now) {
  if (late <= Micros{0}) return;
  for (Impl::Router* router : impl_->by_slot) {
    if (router == nullptr) continue;
    router->machine.grant_grace(late, now);
    impl_->arm(*router);
  }
}

bool Domain::listen_if_absent(Nanos uncounted, Instant now) {
  bool listens = false;
  for (Impl::Router* router : impl_->by_slot) {
    if (router == nullptr) continue;
    listens |= router->machine.listen_if_absent(uncounted, now);
    impl_->arm(*router);
  }
  return listens;
}

bool Domain::advance(Instant now, Instant heard_until, std::size_t most) {
  const Instant silent_until = std::min(now, heard_until);
  while (const auto slot = impl_->due(now, silent_until)) {
    if (most-- == 0) return true;
    Impl::Router& router = *impl_->by_slot[*slot];
    impl_->react(router, router.machine.fire(now, impl_->effects), now);
  }
  return false;
}

void Domain::shutdown(Instant now) {
  const Cause cause = because(CauseKind::kShutdown);
  for (Impl::Router* router : impl_->by_slot) {
    if (router == nullptr) continue;
    router->machine.change_holds(bit(Hold::kNotStarted), 0);
    router->machine.become_initialize(cause, now, impl_->effects);
    impl_->disarm(router->slot);
  }
  for (auto& [id, group] : impl_->groups) impl_->show(*group, kNoRouter, cause);
}

// ---- answers ----

std::optional<Instant> Domain::next_deadline() const {
  const auto advert = impl_->adverts.earliest();
  const auto silence = impl_->silences.earliest();
  if (!advert || !silence) return advert ? advert : silence;
  return std::min(*advert, *silence);
}
std::span<const Effect> Domain::effects() const {
  return impl_->effects.list();
}
void Domain::clear_effects() {
  impl_->effects.clear();
}

std::optional<View> Domain::view(RouterId id) const {
  const Impl::Router* router = impl_->find(id);
  if (router == nullptr) return std::nullopt;
  return router->machine.view();
}

const Params* Domain::params(RouterId id) const {
  const Impl::Router* router = impl_->find(id);
  return router == nullptr ? nullptr : &router->machine.params();
}

std::optional<State> Domain::group_state(GroupId id) const {
  const auto it = impl_->groups.find(id);
  if (it == impl_->groups.end()) return std::nullopt;
  return it->second->shown;
}

}  // namespace ka::vrrp
