#include "native/napi/engine_show.h"

#include <algorithm>

#include "native/engine/clock.h"
#include "native/napi/failure.h"
#include "native/napi/names.h"

namespace ka::addon {
namespace {

using engine::Event;
using engine::EventKind;

Napi::String text(Napi::Env env, const std::string& value) {
  return Napi::String::New(env, value);
}

template <typename T>
Napi::Number number(Napi::Env env, T value) {
  return Napi::Number::New(env, static_cast<double>(value));
}

double milliseconds(std::int64_t ns) {
  return static_cast<double>(ns) / 1e6;
}

Napi::Array holds_to_js(Napi::Env env, vrrp::Holds holds) {
  Napi::Array list = Napi::Array::New(env);
  std::uint32_t at = 0;
  each_hold(holds, [&](const char* name) { list.Set(at++, text(env, name)); });
  return list;
}

Napi::Array split(Napi::Env env, std::string_view names) {
  Napi::Array list = Napi::Array::New(env);
  std::uint32_t at = 0;
  while (!names.empty()) {
    const std::size_t comma = names.find(',');
    list.Set(at++, text(env, std::string(names.substr(0, comma))));
    names = comma == std::string_view::npos ? std::string_view() : names.substr(comma + 1);
  }
  return list;
}

Napi::Object cause_to_js(Napi::Env env, const vrrp::Cause& cause, std::string_view links) {
  using vrrp::CauseKind;
  Napi::Object o = Napi::Object::New(env);
  o.Set("kind", text(env, name_of(cause.kind)));
  if (cause.holds != 0) o.Set("holds", holds_to_js(env, cause.holds));
  if (!cause.peer.is_unspecified()) {
    o.Set("peer", text(env, cause.peer.format()));
    o.Set("peerPriority", number(env, cause.peer_priority));
  }
  if (cause.kind == CauseKind::kGroup) {
    if (cause.member != vrrp::kNoRouter) o.Set("member", number(env, cause.member));
    o.Set("memberKind", text(env, name_of(cause.member_kind)));
  }
  if (!links.empty()) o.Set("links", split(env, links));
  return o;
}

void put_errno(Napi::Env env, Napi::Object& o, int err_no) {
  o.Set("errno", number(env, err_no));
  o.Set("code", text(env, errno_name(err_no)));
}

const char* kind_name(EventKind kind) {
  switch (kind) {
    case EventKind::kTransition:
      return "transition";
    case EventKind::kGroupTransition:
      return "group-transition";
    case EventKind::kPriority:
      return "priority";
    case EventKind::kLowerPriorityHeard:
      return "lower-priority-heard";
    case EventKind::kAdvertDropped:
      return "advert-dropped";
    case EventKind::kSendFailed:
      return "send-failed";
    case EventKind::kAddress:
      return "address";
    case EventKind::kRoute:
      return "route";
    case EventKind::kLink:
      return "link";
    case EventKind::kLate:
      return "late";
    case EventKind::kWatchdog:
      return "watchdog";
    case EventKind::kWarning:
      return "warning";
    case EventKind::kSplitBrain:
      return "split-brain";
  }
  return "";
}

void put_transition(Napi::Env env, Napi::Object& o, const Event& event) {
  o.Set("from", text(env, name_of(event.from)));
  o.Set("to", text(env, name_of(event.to)));
  o.Set("cause", cause_to_js(env, event.cause, event.text.view()));
}

void put_rival(Napi::Env env, Napi::Object& o, const Event& event) {
  o.Set("active", Napi::Boolean::New(env, event.up));
  if (event.sign == engine::RivalSign::kAdverts) {
    o.Set("sign", text(env, "adverts"));
    o.Set("peer", text(env, event.cause.peer.format()));
    o.Set("peerPriority", number(env, event.cause.peer_priority));
    return;
  }
  o.Set("sign", text(env, "neighbour"));
  o.Set("address", text(env, event.address.format()));
  std::string mac;
  for (const std::uint8_t byte : event.mac) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    if (!mac.empty()) mac += ':';
    mac += kDigits[byte >> 4U];
    mac += kDigits[byte & 15U];
  }
  o.Set("mac", text(env, mac));
}

void put_details(Napi::Env env, Napi::Object& o, const Event& event) {
  const auto put_router = [&] { o.Set("router", number(env, event.router)); };
  switch (event.kind) {
    case EventKind::kTransition:
      put_router();
      put_transition(env, o, event);
      o.Set("holds", holds_to_js(env, event.holds));
      o.Set("priority", number(env, event.priority));
      break;
    case EventKind::kGroupTransition:
      o.Set("group", number(env, event.group));
      put_transition(env, o, event);
      break;
    case EventKind::kPriority:
      put_router();
      o.Set("priority", number(env, event.priority));
      o.Set("previous", number(env, event.previous_priority));
      break;
    case EventKind::kLowerPriorityHeard:
      put_router();
      o.Set("peer", text(env, event.cause.peer.format()));
      o.Set("peerPriority", number(env, event.cause.peer_priority));
      break;
    case EventKind::kAdvertDropped:
      if (event.router != vrrp::kNoRouter) put_router();
      o.Set("vrid", number(env, event.vrid));
      o.Set("interface", text(env, std::string(event.name.view())));
      o.Set("peer", text(env, event.address.format()));
      o.Set("reason", text(env, std::string(wire::name(event.reason))));
      break;
    case EventKind::kSendFailed:
      put_router();
      put_errno(env, o, event.err_no);
      o.Set("destination", text(env, event.address.format()));
      o.Set("failures", number(env, event.amount));
      break;
    case EventKind::kRoute:
      if (event.router != vrrp::kNoRouter) put_router();
      o.Set("route", text(env, std::string(event.text.view())));
      o.Set("what", text(env, name_of(event.address_event)));
      put_errno(env, o, event.err_no);
      break;
    case EventKind::kAddress:
      if (event.router != vrrp::kNoRouter) put_router();
      o.Set("address", text(env, format(Prefix{event.address, event.prefix_length})));
      o.Set("dev", text(env, std::string(event.name.view())));
      o.Set("what", text(env, name_of(event.address_event)));
      put_errno(env, o, event.err_no);
      break;
    case EventKind::kLink:
      o.Set("name", text(env, std::string(event.name.view())));
      o.Set("index", number(env, event.link));
      o.Set("present", Napi::Boolean::New(env, event.present));
      o.Set("enabled", Napi::Boolean::New(env, event.enabled));
      o.Set("up", Napi::Boolean::New(env, event.up));
      break;
    case EventKind::kLate:
      o.Set("lateUs", number(env, event.amount));
      o.Set("suspended", Napi::Boolean::New(env, event.up));
      o.Set("missed", Napi::Boolean::New(env, event.present));
      o.Set("listens", Napi::Boolean::New(env, event.enabled));
      break;
    case EventKind::kWatchdog:
      o.Set("stalledMs", number(env, event.amount));
      o.Set("held", Napi::Boolean::New(env, event.up));
      break;
    case EventKind::kWarning:
      if (event.router != vrrp::kNoRouter) put_router();
      o.Set("message", text(env, std::string(event.text.view())));
      put_errno(env, o, event.err_no);
      break;
    case EventKind::kSplitBrain:
      put_router();
      put_rival(env, o, event);
      break;
  }
}

Napi::Object drops_to_js(Napi::Env env, const engine::DropCounters& drops) {
  Napi::Object o = Napi::Object::New(env);
  for (std::size_t i = 0; i < drops.size(); ++i) {
    if (const auto count = drops[i].get(); count != 0) {
      o.Set(std::string(wire::name(static_cast<wire::DropReason>(i))), number(env, count));
    }
  }
  return o;
}

const char* fate_name(engine::AdvertFate fate) {
  switch (fate) {
    case engine::AdvertFate::kSent:
      return "sent";
    case engine::AdvertFate::kReceived:
      return "received";
    case engine::AdvertFate::kRefused:
      return "refused";
  }
  return "";
}

Napi::Object run_to_js(Napi::Env env, const engine::AdvertRun& run) {
  Napi::Object o = Napi::Object::New(env);
  o.Set("fate", text(env, fate_name(run.fate)));
  o.Set("peer", text(env, run.peer.format()));
  if (run.fate == engine::AdvertFate::kRefused) {
    o.Set("reason", text(env, std::string(wire::name(run.reason))));
  } else {
    o.Set("priority", number(env, run.priority));
    o.Set("intervalUs", number(env, run.interval.count()));
  }
  if (run.fate == engine::AdvertFate::kSent && run.err_no != 0)
    o.Set("code", text(env, errno_name(run.err_no)));
  o.Set("count", number(env, run.count));
  o.Set("firstMs", Napi::Number::New(env, milliseconds(run.first_ns)));
  o.Set("lastMs", Napi::Number::New(env, milliseconds(run.last_ns)));
  o.Set("longestGapMs", Napi::Number::New(env, milliseconds(run.longest_gap_ns)));
  return o;
}

Napi::Object counters_to_js(Napi::Env env, const engine::RouterShared& shared,
                            const engine::RouterView& view) {
  Napi::Object o = Napi::Object::New(env);
  const auto put = [&](const char* name, const engine::Counter& counter) {
    o.Set(name, number(env, counter.get()));
  };
  put("sent", shared.sent);
  put("sendFailed", shared.send_failed);
  Napi::Object errors = Napi::Object::New(env);
  for (std::size_t i = 0; i < engine::ErrnoCounters::kSize; ++i) {
    if (const auto count = shared.send_errors.count(i); count != 0) {
      const std::string name = errno_name(shared.send_errors.err_no(i));
      errors.Set(name.empty() ? "other" : name, number(env, count));
    }
  }
  o.Set("sendFailedByErrno", errors);
  put("received", shared.received);
  put("priorityZeroSent", shared.priority_zero_sent);
  put("priorityZeroReceived", shared.priority_zero_received);
  put("becameActive", shared.became_active);
  put("releasedActive", shared.released_active);
  put("announced", shared.announced);
  put("splitBrains", shared.split_brains);
  o.Set("dropped", drops_to_js(env, shared.dropped));
  Napi::Object times = Napi::Object::New(env);
  const auto current = std::chrono::duration_cast<Micros>(engine::monotonic_now() - view.view.since);
  for (const vrrp::State state : {vrrp::State::kInitialize, vrrp::State::kBackup, vrrp::State::kActive}) {
    Micros spent = view.time_in_state[static_cast<std::size_t>(state)];
    if (state == view.view.state) spent += current;
    times.Set(name_of(state), number(env, spent.count()));
  }
  o.Set("timeInStateUs", times);
  return o;
}

}  // namespace

Napi::Object error_to_js(Napi::Env env, const Error& error) {
  return failure(env, code_of(error.code), error).Value();
}

Napi::Object event_to_js(Napi::Env env, const Event& event) {
  Napi::Object o = Napi::Object::New(env);
  o.Set("kind", text(env, kind_name(event.kind)));
  o.Set("atMs", Napi::Number::New(env, milliseconds(event.at_ns)));
  put_details(env, o, event);
  return o;
}

Napi::Object overflow_to_js(Napi::Env env, std::uint64_t lost) {
  Napi::Object o = Napi::Object::New(env);
  o.Set("kind", text(env, "overflow"));
  o.Set("atMs", Napi::Number::New(env, milliseconds(engine::realtime_now_ns())));
  o.Set("lost", number(env, lost));
  return o;
}

Napi::Object router_status_to_js(Napi::Env env, const KnownRouter& router) {
  const engine::RouterView shown = router.shared->view.load();
  const vrrp::View& view = shown.view;
  Napi::Object o = Napi::Object::New(env);
  o.Set("id", number(env, router.id));
  o.Set("state", text(env, name_of(view.state)));
  o.Set("holds", holds_to_js(env, view.holds));
  o.Set("priority", number(env, view.priority));
  const auto age = engine::monotonic_now() - view.since;
  o.Set("sinceMs", Napi::Number::New(env, milliseconds(engine::realtime_now_ns() - age.count())));
  if (view.cause.kind != vrrp::CauseKind::kNone) o.Set("cause", cause_to_js(env, view.cause, {}));
  if (!shown.source.is_unspecified()) o.Set("source", text(env, shown.source.format()));
  if (!view.master.is_unspecified()) o.Set("master", text(env, view.master.format()));
  o.Set("masterPriority", number(env, view.master_priority));
  o.Set("masterAdvertIntervalUs", number(env, view.master_advert_interval.count()));
  Napi::Array installed = Napi::Array::New(env);
  std::uint32_t at = 0;
  for (std::size_t i = 0; i < router.addresses.size(); ++i) {
    if ((*router.installed)[i].load(std::memory_order_relaxed))
      installed.Set(at++, text(env, router.addresses[i]));
  }
  o.Set("installed", installed);
  o.Set("splitBrain", Napi::Boolean::New(env, router.shared->is_split.load(std::memory_order_relaxed)));
  o.Set("counters", counters_to_js(env, *router.shared, shown));
  return o;
}

Napi::Object record_to_js(Napi::Env env, const engine::RouterShared& router,
                          const engine::EngineShared& shared) {
  std::vector<engine::AdvertRun> runs;
  for (std::size_t i = 0; i < engine::AdvertLog::kSize; ++i) {
    if (const engine::AdvertRun run = router.adverts.load(i); run.count != 0) runs.push_back(run);
  }
  std::ranges::sort(runs, {}, &engine::AdvertRun::last_ns);
  Napi::Object o = Napi::Object::New(env);
  Napi::Array adverts = Napi::Array::New(env, runs.size());
  for (std::uint32_t i = 0; i < runs.size(); ++i) adverts.Set(i, run_to_js(env, runs[i]));
  o.Set("adverts", adverts);
  std::vector<engine::LateSecond> seconds;
  for (std::size_t i = 0; i < engine::LatenessLog::kSize; ++i) {
    if (const engine::LateSecond second = shared.late_seconds.load(i); second.at_ns != 0)
      seconds.push_back(second);
  }
  std::ranges::sort(seconds, {}, &engine::LateSecond::at_ns);
  const std::int64_t to_wall = engine::realtime_now_ns() - engine::monotonic_now().time_since_epoch().count();
  Napi::Array late = Napi::Array::New(env, seconds.size());
  for (std::uint32_t i = 0; i < seconds.size(); ++i) {
    Napi::Object each = Napi::Object::New(env);
    each.Set("atMs", Napi::Number::New(env, milliseconds(seconds[i].at_ns + to_wall)));
    each.Set("lateUs", number(env, seconds[i].late_us));
    late.Set(i, each);
  }
  o.Set("late", late);
  return o;
}

Napi::Object engine_status_to_js(Napi::Env env, const engine::EngineShared& shared) {
  Napi::Object o = Napi::Object::New(env);
  o.Set("wakeUps", number(env, shared.wake_ups.get()));
  Napi::Array lateness = Napi::Array::New(env, shared.lateness.size());
  for (std::uint32_t i = 0; i < shared.lateness.size(); ++i)
    lateness.Set(i, number(env, shared.lateness[i].get()));
  o.Set("lateness", lateness);
  o.Set("maxLatenessUs", number(env, shared.max_lateness_us.get()));
  o.Set("latenessSumUs", number(env, shared.lateness_sum_us.get()));
  o.Set("netlinkOverruns", number(env, shared.netlink_overruns.get()));
  o.Set("droppedUnknown", drops_to_js(env, shared.dropped_unknown));
  Napi::Array links = Napi::Array::New(env);
  const std::uint32_t count = shared.link_count.load(std::memory_order_acquire);
  for (std::uint32_t i = 0; i < count; ++i) {
    const engine::LinkView view = shared.links[i].load();
    Napi::Object link = Napi::Object::New(env);
    link.Set("name", text(env, view.name));
    link.Set("index", number(env, view.index));
    link.Set("up", Napi::Boolean::New(env, view.is_up));
    links.Set(i, link);
  }
  o.Set("links", links);
  return o;
}

}  // namespace ka::addon
