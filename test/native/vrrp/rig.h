// A domain under test: moves the clock, feeds adverts, and shows the effects as words in their order.
#pragma once

#include <doctest/doctest.h>
#include <string>
#include <string_view>

#include "native/vrrp/domain.h"
#include "native/vrrp/names.h"

namespace ka::test {

using namespace ka::vrrp;

inline std::string word(const Effect& e) {
  const std::string who = e.router == 1 ? "" : std::to_string(e.router) + ":";
  const auto number = [](auto n) { return std::to_string(unsigned{n}); };
  const std::string move =
      std::string(name_of(e.from)) + ">" + name_of(e.to) + "(" + name_of(e.cause.kind) + ")";
  switch (e.kind) {
    case EffectKind::kSendAdvert:
      return who + "advert=" + number(e.priority);
    case EffectKind::kInstall:
      return who + "install";
    case EffectKind::kRemove:
      return who + "remove";
    case EffectKind::kAnnounce:
      return who + "announce=" +
             (e.reason == AnnounceReason::kBecameActive         ? "became"
              : e.reason == AnnounceReason::kLowerPriorityHeard ? "lower"
              : e.reason == AnnounceReason::kAddressesChanged   ? "changed"
                                                                : "requested");
    case EffectKind::kCancelAnnounce:
      return who + "cancel";
    case EffectKind::kTransition:
      return who + move;
    case EffectKind::kGroupTransition:
      return "group" + number(e.group) + ":" + move;
    case EffectKind::kLowerPriorityHeard:
      return who + "lower=" + number(e.cause.peer_priority);
    case EffectKind::kPriorityChanged:
      return who + "priority=" + number(e.previous_priority) + ">" + number(e.priority);
  }
  return "";
}

/// Text of the effects that became due, blank between them; then they are gone.
inline std::string take(Domain& domain) {
  std::string text;
  for (const Effect& effect : domain.effects()) {
    if (!text.empty()) text += ' ';
    text += word(effect);
  }
  domain.clear_effects();
  return text;
}

constexpr Instant at(Nanos since_start) {
  return Instant(std::chrono::hours(1)) + since_start;
}
constexpr Nanos ms(double value) {
  return Nanos(static_cast<std::int64_t>(value * 1e6));
}
constexpr Nanos seconds(double value) {
  return Nanos(static_cast<std::int64_t>(value * 1e9));
}
inline IpAddr ip(std::string_view text) {
  return *IpAddr::parse(text);
}

inline const std::string kBecomesActive = "advert=100 install announce=became backup>active(silence)";

/// Router 1 (and others), a clock that only the test moves.
struct Rig {
  Domain domain;
  Instant now = at(Nanos{0});

  static Params params(Priority priority = 100, Version version = Version::kV2) {
    Params p;
    p.vrid = 6;
    p.version = version;
    p.priority = priority;
    p.source = ip("10.0.0.18");
    return p;
  }
  void add(const Params& p, RouterId id = 1, Holds holds = bit(Hold::kNotStarted)) {
    static_cast<void>(domain.add(id, p, holds, now));
  }
  std::string start(RouterId id = 1) {
    domain.set_holds(id, 0, bit(Hold::kNotStarted), now);
    return take(domain);
  }
  /// Adds and starts router 1.
  void run(const Params& p) {
    add(p);
    start();
  }
  /// Router 1 has been Active since 3.609375 s.
  static Rig active(const Params& p = params()) {
    Rig rig;
    rig.run(p);
    rig.until(*rig.domain.next_deadline() - at(Nanos{0}));
    REQUIRE(rig.state() == "active");
    return rig;
  }
  /// Moves the clock to `since_start`, firing each deadline when it comes.
  std::string until(Nanos since_start) {
    std::string text;
    const Instant end = at(since_start);
    for (;;) {
      const auto next = domain.next_deadline();
      if (!next || *next > end) break;
      now = std::max(now, *next);
      domain.advance(now);
      const std::string part = take(domain);
      if (!text.empty() && !part.empty()) text += ' ';
      text += part;
    }
    now = end;
    return text;
  }
  /// Moves the clock without firing anything: the node did not run.
  void sleep_until(Nanos since_start) { now = at(since_start); }
  std::string hear(Priority priority, std::string_view source = "10.0.0.28",
                   Micros interval = Micros(1'000'000), RouterId id = 1) {
    domain.advert(id, HeardAdvert{priority, interval, ip(source), now}, now);
    return take(domain);
  }
  [[nodiscard]] View view(RouterId id = 1) const { return *domain.view(id); }
  [[nodiscard]] std::string state(RouterId id = 1) const { return name_of(view(id).state); }
  /// Time from now to the next deadline of all.
  [[nodiscard]] Nanos left() const { return *domain.next_deadline() - now; }
};

}  // namespace ka::test
