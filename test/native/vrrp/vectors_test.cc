// State machine cases of other implementations (vrrp-rs, VPP, holo) through the domain.
//
// Differences that are wanted, beside the three in kDifferences:
//  - order on becoming Active: the advert comes before the addresses, as keepalived sends it (theirs:
//  addresses first);
//  - a lower priority heard also announces the addresses again (keepalived garp_lower_prio_repeat).
#include <doctest/doctest.h>
#include <array>
#include <map>
#include <set>

#include "test/native/json.h"
#include "test/native/vrrp/rig.h"

using namespace ka;
using namespace ka::test;

namespace {

/// Cases that ask for something outside the state machine, and where that is.
const std::map<std::string, const char*> kElsewhere{
    {"fsm-vrs-arp", "ARP is answered by the kernel"},
    {"fsm-vrs-accept-off", "accept mode is a packet filter's"},
    {"fsm-vrs-accept-on", "accept mode is a packet filter's"},
    {"fsm-vpp-master-arp", "ARP is answered by the kernel"},
    {"fsm-vpp-backup-noarp", "ARP is answered by the kernel"},
    {"fsm-vpp-accept-off", "accept mode is a packet filter's"},
    {"fsm-vpp-accept-on", "accept mode is a packet filter's"},
    {"fsm-vpp-unicast", "destinations are the engine's sockets"},
    {"fsm-holo-version-error", "refused by wire::check before the machine (wire/vrrp_test.cc)"},
    {"fsm-holo-interval-error", "refused by wire::check before the machine (wire/vrrp_test.cc)"},
    {"fsm-holo-vrid-error", "refused by wire::check before the machine (wire/vrrp_test.cc)"},
    {"fsm-holo-add-vip-master", "addresses are the engine's"},
    {"fsm-holo-del-vip-master", "addresses are the engine's"},
    {"fsm-holo-vip-backup", "addresses are the engine's"},
    {"fsm-holo-new-instance", "links are the engine's"},
};

/// Cases in which we do otherwise on purpose. What we do is checked where they differ.
const std::map<std::string, const char*> kDifferences{
    {"fsm-vpp-master-to-backup-by-config",
     "keepalived: a reload keeps MASTER until a better router is heard"},
    {"fsm-vpp-track", "keepalived: an owner ignores weights"},
    {"fsm-holo-master-lower", "RFC 9568 and keepalived: assert at once; RFC 3768 only discards"},
};

struct Runner {
  Rig rig;
  std::string last;  // effects of the last event
  std::string all;
  bool running = false;

  void note(const std::string& effects) {
    last = effects;
    if (!effects.empty()) all += (all.empty() ? "" : " ") + effects;
  }
  void start() {
    if (running) return;
    running = true;
    note(rig.start());
  }
  void wait_for_active() {
    while (rig.state() == "backup") note(rig.until(*rig.domain.next_deadline() - at(Nanos{0})));
  }
  void hear(const Json& event, double fallback_interval_cs) {
    const Micros interval =
        Millis(static_cast<int>(event["maxAdverIntCs"].number_or(fallback_interval_cs) * 10));
    const std::string source = event.has("src")                                         ? event["src"].text
                               : rig.domain.params(1)->source.family() == Family::kIpv4 ? "9.9.9.9"
                                                                                        : "fe80::9";
    note(rig.hear(static_cast<Priority>(event["prio"].number), source, interval));
  }
  /// Hears `prio` once per second for `length`.
  void hear_often(const Json& event, double length) {
    const Instant begin = rig.now;
    for (double t = 0; t < length; t += 1.0) {
      note(rig.until(begin + seconds(t) - at(Nanos{0})));
      if (rig.state() == "active") return;
      hear(event, 100);
    }
  }
};

Json said(double priority) {
  Json event;
  event.kind = Json::Kind::kObject;
  event.members["prio"].kind = Json::Kind::kNumber;
  event.members["prio"].number = priority;
  return event;
}

Params params_of(const Json& receiver) {
  const auto version = receiver["version"].number_or(3) == 2 ? Version::kV2 : Version::kV3;
  Params p = Rig::params(static_cast<Priority>(receiver["priority"].number_or(100)), version);
  const double centis =
      receiver.has("advertInt") ? receiver["advertInt"].number * 100 : receiver["advertIntCs"].number_or(100);
  p.advert_interval = Millis(static_cast<int>(centis * 10));
  p.preempt = receiver["preempt"].truth_or(true);
  p.start_active = p.priority == kPriorityOwner;
  if (receiver.has("address")) p.source = ip(receiver["address"].text);
  if (receiver["family"].number_or(4) == 6) {
    p.family = Family::kIpv6;
    p.source = ip("fe80::1");
  }
  return p;
}

/// false: an event that this test does not know.
bool play(Runner& r, const Json& event) {
  const std::string& what = event["event"].text;
  if (event.has("t")) r.rig.sleep_until(seconds(event["t"].number));
  if (what == "startup") {
    r.start();
  } else if (what == "timer") {
    if (!event.has("t")) r.rig.now = *r.rig.domain.next_deadline();
    r.rig.domain.advance(r.rig.now);
    r.note(take(r.rig.domain));
  } else if (what == "shutdown") {
    r.rig.domain.shutdown(r.rig.now);
    r.note(take(r.rig.domain));
  } else if (what == "wait for MASTER") {
    r.wait_for_active();
  } else if (what == "advert" && event.has("every")) {
    r.hear_often(event, event["for"].number_or(6));
  } else if (what == "advert") {
    r.hear(event, 100);
  } else if (what == "hears nothing") {
    r.note(r.rig.until(seconds(6)));
  } else if (what == "hears 110 once per interval") {
    r.hear_often(said(110), 8);
  } else if (what == "hears 90") {
    r.hear_often(said(90), 8);
  } else if (what == "MASTER, hears 255") {
    r.wait_for_active();
    r.hear(said(255), 100);
  } else if (what == "interface down") {
    r.rig.domain.set_holds(1, bit(Hold::kLinkDown), 0, r.rig.now);
    r.note(take(r.rig.domain));
  } else if (what == "reconfigure") {
    Params p = *r.rig.domain.params(1);
    p.priority = static_cast<Priority>(event["priority"].number);
    p.advert_interval = Millis(static_cast<int>(event["advertIntCs"].number * 10));
    CHECK(r.rig.domain.update(1, p, r.rig.now).ok());
    r.note(take(r.rig.domain));
  } else {
    return what == "tracked interface" || what == "tracked address removed" || what == "tracked address back";
  }
  return true;
}

/// The kinds of things done, in the vectors' words reduced to ours.
std::multiset<std::string> actions_of(const Json& list) {
  std::multiset<std::string> actions;
  for (const Json& item : list.items) {
    const std::string& text = item.text;
    const auto has = [&](const char* part) { return text.find(part) != std::string::npos; };
    if (has("none")) continue;
    if (has("priority 0")) {
      actions.insert("farewell");
    } else if (has("ARP") || has("neighbour")) {
      if (actions.count("announce") == 0) actions.insert("announce");
    } else if (has("advert")) {
      actions.insert("advert");
    } else if (has("deactivate") || has("delete")) {
      actions.insert("remove");
    } else if (has("activate") || has("add ")) {
      actions.insert("install");
    }
  }
  return actions;
}
std::multiset<std::string> actions_of(const std::string& effects) {
  std::multiset<std::string> actions;
  std::size_t at = 0;
  while (at < effects.size()) {
    const std::size_t end = std::min(effects.find(' ', at), effects.size());
    const std::string one = effects.substr(at, end - at);
    at = end + 1;
    if (one == "advert=0")
      actions.insert("farewell");
    else if (one.rfind("advert=", 0) == 0)
      actions.insert("advert");
    else if (one == "announce=became")
      actions.insert("announce");
    else if (one == "install" || one == "remove")
      actions.insert(one);
  }
  return actions;
}

void check_result(Runner& r, const Json& expected) {
  const std::string wanted = expected["state"].text.substr(0, expected["state"].text.find_first_of(" ,"));
  const std::map<std::string, std::string> states{
      {"INIT", "initialize"}, {"BACKUP", "backup"}, {"MASTER", "active"}};
  if (!wanted.empty()) CHECK(r.rig.state() == states.at(wanted));
  if (expected["state"].text.find("after Master_Down_Interval") != std::string::npos) {
    CHECK(r.rig.view().since == at(seconds(3.609375)));
    CHECK(r.all.find("advert=") == r.all.find("advert=100 install"));  // no advert before
  }
  if (expected.has("masterDownCs")) CHECK(r.rig.left() == ms(expected["masterDownCs"].number * 10));
  if (expected.has("masterAdverIntCs")) {
    CHECK(r.rig.view().master_advert_interval ==
          Millis(static_cast<int>(expected["masterAdverIntCs"].number * 10)));
  }
  // Woken 10 ms late, our next advert is due sooner by an eighth of that.
  if (expected.has("adverTimerCs")) {
    const Nanos late = (r.rig.now - r.rig.view().since) % seconds(1);
    CHECK(r.rig.left() == ms(expected["adverTimerCs"].number * 10) - late / 8);
  }
  if (expected.has("actions")) CHECK(actions_of(r.last) == actions_of(expected["actions"]));
  if (expected.has("wire") && expected["wire"].items.size() > 1) {
    auto wire = actions_of(r.all);
    wire.erase("install");
    wire.erase("remove");
    CHECK(wire == actions_of(expected["wire"]));
  }
}

/// What we do instead, for kDifferences.
void check_difference(const std::string& id, Runner& r) {
  if (id == "fsm-vpp-master-to-backup-by-config") {
    CHECK(r.rig.state() == "active");
    CHECK(r.rig.hear(101, "9.9.9.9") == "cancel remove active>backup(higher-priority)");
  } else if (id == "fsm-vpp-track") {
    CHECK(r.rig.state() == "active");
    CHECK(r.rig.view().priority == 255);
  } else {
    CHECK(r.rig.state() == "active");
    CHECK(r.last == "advert=30 announce=lower lower=1");
  }
}

/// Three routers on one wire without delay; the final states.
std::array<std::string, 3> three_routers(const Json& receiver) {
  Params p = params_of(receiver);
  const std::array<const char*, 3> sources{"10.0.1.1", "10.0.1.2", "10.0.1.3"};
  std::array<Rig, 3> rigs;
  for (std::size_t i = 0; i < 3; ++i) {
    p.priority = static_cast<Priority>(receiver["priorities"].items[i].number);
    p.source = ip(sources[i]);
    rigs[i].add(p);
    rigs[i].start();
  }
  const Instant end = at(seconds(10));
  for (;;) {
    std::size_t next = 0;
    for (std::size_t i = 1; i < 3; ++i) {
      if (*rigs[i].domain.next_deadline() < *rigs[next].domain.next_deadline()) next = i;
    }
    const Instant now = *rigs[next].domain.next_deadline();
    if (now > end) break;
    rigs[next].domain.advance(now);
    std::vector<Effect> effects(rigs[next].domain.effects().begin(), rigs[next].domain.effects().end());
    rigs[next].domain.clear_effects();
    for (const Effect& effect : effects) {
      if (effect.kind != EffectKind::kSendAdvert) continue;
      for (std::size_t i = 0; i < 3; ++i) {
        if (i == next) continue;
        rigs[i].domain.advert(1, {effect.priority, p.advert_interval, ip(sources[next]), now}, now);
        rigs[i].domain.clear_effects();
      }
    }
  }
  return {rigs[0].state(), rigs[1].state(), rigs[2].state()};
}

}  // namespace

TEST_CASE("state machine cases of other implementations come out as they should") {
  const auto vectors = load_vectors();
  if (!vectors) {
    ka::test::say_skipped();
    return;
  }
  int agreed = 0;
  int elsewhere = 0;
  int different = 0;
  for (const Json& vector : vectors->items) {
    const std::string id = vector["id"].text;
    if (vector["kind"].text != "fsm") continue;
    if (kElsewhere.count(id) != 0 || vector["input"]["events"].items[0]["which"].text == "virtual MAC") {
      ++elsewhere;
      continue;
    }
    CAPTURE(id);
    if (vector["receiver"].has("priorities")) {
      const std::array<std::string, 3> wanted{"backup", "backup", "active"};
      CHECK(three_routers(vector["receiver"]) == wanted);
      ++agreed;
      continue;
    }
    Runner runner;
    runner.rig.add(params_of(vector["receiver"]));
    const auto& events = vector["input"]["events"].items;
    if (events[0]["event"].text != "startup") {
      runner.start();
      const std::string& description = vector["description"].text;
      if (description.find("MASTER of") == 0 || description.find("while MASTER") != std::string::npos) {
        runner.wait_for_active();
      }
    }
    for (const Json& event : events) {
      CAPTURE(event["event"].text);
      CHECK(play(runner, event));
    }
    if (id == "fsm-vpp-election") runner.note(runner.rig.until(seconds(6)));  // "nothing heard"
    if (kDifferences.count(id) != 0) {
      ++different;
      check_difference(id, runner);
    } else {
      ++agreed;
      check_result(runner, vector["expected"]);
    }
  }
  CHECK(agreed >= 30);
  CHECK(different == 3);
  CHECK(elsewhere == 16);
}
