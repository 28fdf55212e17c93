// Gratuitous ARP and NA plans: which address when.
#include "native/vrrp/announce.h"

#include <doctest/doctest.h>
#include <array>
#include <string>

#include "test/native/vrrp/rig.h"

using namespace ka;
using namespace ka::test;

namespace {

AnnounceParams quiet() {
  AnnounceParams p;
  p.delay = Micros(0);
  p.repeat = 1;
  p.lower_prio_delay = Micros(0);
  p.lower_prio_repeat = 0;
  return p;
}

struct Desk {
  Announcer announcer;
  Instant now = at(Nanos{0});

  void add(RouterId router, const AnnounceParams& params, std::uint32_t count, PaceId pace = 2,
           Family family = Family::kIpv4) {
    std::vector<AnnounceAddress> addresses;
    for (std::uint32_t i = 0; i < count; ++i) addresses.push_back({i, 2, family, pace});
    announcer.set_router(router, params, addresses, now);
  }
  /// What is sent now, as "router.index" words.
  std::string sent(std::size_t most = 64) {
    std::vector<AnnounceSend> out(most);
    const std::size_t count = announcer.take_due(now, out);
    std::string text;
    for (std::size_t i = 0; i < count; ++i) {
      if (i > 0) text += ' ';
      text += std::to_string(out[i].router) + '.' + std::to_string(out[i].index);
    }
    return text;
  }
  /// Runs to `since_start`; every packet as "milliseconds:router.index".
  std::string until(Nanos since_start) {
    std::string text;
    while (announcer.next_deadline() && *announcer.next_deadline() <= at(since_start)) {
      now = std::max(now, *announcer.next_deadline());
      const std::string part = sent(1);
      if (part.empty()) continue;
      if (!text.empty()) text += ' ';
      text += std::to_string((now - at(Nanos{0})) / Nanos(1'000'000)) + ':' + part;
    }
    now = at(since_start);
    return text;
  }
};

}  // namespace

TEST_CASE("addresses are served round by round [keepalived: garp_master_repeat]") {
  Desk desk;
  AnnounceParams p = quiet();
  p.repeat = 3;
  desk.add(1, p, 2);
  CHECK(!desk.announcer.next_deadline());
  desk.announcer.announce(1, AnnounceReason::kBecameActive, desk.now);
  CHECK(*desk.announcer.next_deadline() <= desk.now);
  CHECK(desk.sent() == "1.0 1.1 1.0 1.1 1.0 1.1");
  CHECK(!desk.announcer.next_deadline());
}

TEST_CASE("the second batch follows after garp_master_delay") {
  Desk desk;
  AnnounceParams p = quiet();
  p.repeat = 2;
  p.delay = std::chrono::seconds(5);
  desk.add(1, p, 1);
  desk.announcer.announce(1, AnnounceReason::kBecameActive, desk.now);
  CHECK(desk.until(seconds(60)) == "0:1.0 0:1.0 5000:1.0 5000:1.0");
}

TEST_CASE("refreshes begin after delay and refresh, and keep their phase [keepalived: garp_master_refresh]") {
  Desk desk;
  AnnounceParams p = quiet();
  p.delay = std::chrono::seconds(5);
  p.refresh = std::chrono::seconds(10);
  p.refresh_repeat = 2;
  desk.add(1, p, 1);
  desk.announcer.announce(1, AnnounceReason::kBecameActive, desk.now);
  CHECK(desk.until(seconds(26)) == "0:1.0 5000:1.0 15000:1.0 15000:1.0 25000:1.0 25000:1.0");
  desk.now = at(seconds(58));  // late: one refresh, the next at 65 s
  CHECK(desk.sent() == "1.0 1.0");
  CHECK(*desk.announcer.next_deadline() == at(seconds(65)));
}

TEST_CASE("a lower priority heard has a plan of its own [keepalived: garp_lower_prio_delay]") {
  Desk desk;
  AnnounceParams p = quiet();
  p.lower_prio_repeat = 2;
  p.lower_prio_delay = std::chrono::seconds(3);
  desk.add(1, p, 1);
  desk.announcer.announce(1, AnnounceReason::kLowerPriorityHeard, desk.now);
  CHECK(desk.until(seconds(2)) == "0:1.0 0:1.0");
  desk.announcer.announce(1, AnnounceReason::kLowerPriorityHeard, desk.now);
  CHECK(desk.until(seconds(30)) ==
        "2000:1.0 2000:1.0 3000:1.0 3000:1.0");  // the second batch was not put off
  p.lower_prio_repeat = 0;
  desk.add(1, p, 1);
  desk.announcer.announce(1, AnnounceReason::kLowerPriorityHeard, desk.now);
  CHECK(!desk.announcer.next_deadline());
}

TEST_CASE("changed addresses get both batches, a request gets one") {
  Desk desk;
  AnnounceParams p = quiet();
  p.repeat = 2;
  p.delay = std::chrono::seconds(5);
  desk.add(1, p, 1);
  desk.announcer.announce(1, AnnounceReason::kAddressesChanged, desk.now);
  CHECK(desk.until(seconds(20)) == "0:1.0 0:1.0 5000:1.0 5000:1.0");
  desk.announcer.announce(1, AnnounceReason::kRequested, desk.now);
  CHECK(desk.until(seconds(60)) == "20000:1.0 20000:1.0");
}

TEST_CASE("events without end do not make a batch without end") {
  Desk desk;
  AnnounceParams p = quiet();
  p.lower_prio_repeat = 5;
  desk.add(1, p, 2);
  for (int i = 0; i < 1000; ++i) desk.announcer.announce(1, AnnounceReason::kLowerPriorityHeard, desk.now);
  CHECK(desk.sent(1) == "1.0");
  for (int i = 0; i < 1000; ++i) desk.announcer.announce(1, AnnounceReason::kLowerPriorityHeard, desk.now);
  CHECK(desk.sent() == "1.1 1.0 1.1 1.0 1.1 1.0 1.1 1.0 1.1 1.0 1.1");
}

TEST_CASE("a pace keeps its packets apart, routers take turns [keepalived: vrrp_garp_interval]") {
  Desk desk;
  AnnounceParams p = quiet();
  p.repeat = 2;
  desk.announcer.set_pace(2, Millis(100), Millis(0));
  desk.add(1, p, 2);
  desk.add(2, p, 1);
  desk.announcer.announce(1, AnnounceReason::kBecameActive, desk.now);
  desk.announcer.announce(2, AnnounceReason::kBecameActive, desk.now);
  CHECK(desk.until(seconds(1)) == "0:1.0 100:1.1 200:2.0 300:1.0 400:1.1 500:2.0");
}

TEST_CASE("ARP and NA of one pace have intervals of their own [keepalived: vrrp_gna_interval]") {
  Desk desk;
  AnnounceParams p = quiet();
  p.repeat = 2;
  desk.announcer.set_pace(2, Millis(100), Millis(150));
  desk.add(1, p, 1);
  desk.add(2, p, 1, 2, Family::kIpv6);
  desk.announcer.announce(1, AnnounceReason::kBecameActive, desk.now);
  desk.announcer.announce(2, AnnounceReason::kBecameActive, desk.now);
  CHECK(desk.until(seconds(1)) == "0:1.0 0:2.0 100:1.0 150:2.0");
}

TEST_CASE("interfaces of one garp_group share a pace, others do not wait [keepalived: garp_group]") {
  Desk desk;
  AnnounceParams p = quiet();
  desk.announcer.set_pace(9, Millis(100), Millis(100));
  const std::array<AnnounceAddress, 3> addresses{
      {{0, 2, Family::kIpv4, 9}, {1, 3, Family::kIpv4, 9}, {2, 4, Family::kIpv4, 4}}};
  desk.announcer.set_router(1, p, addresses, desk.now);
  desk.announcer.announce(1, AnnounceReason::kBecameActive, desk.now);
  CHECK(desk.until(seconds(1)) == "0:1.0 0:1.2 100:1.1");
}

TEST_CASE("a packet says its interface and family") {
  Desk desk;
  const std::array<AnnounceAddress, 1> addresses{{{7, 5, Family::kIpv6, 1}}};
  desk.announcer.set_router(3, quiet(), addresses, desk.now);
  desk.announcer.announce(3, AnnounceReason::kRequested, desk.now);
  std::array<AnnounceSend, 4> out;
  REQUIRE(desk.announcer.take_due(desk.now, out) == 1);
  CHECK(out[0].router == 3);
  CHECK(out[0].index == 7);
  CHECK(out[0].link == 5);
  CHECK(out[0].family == Family::kIpv6);
}

TEST_CASE(
    "a refresh that is switched on, changed or off later counts from then [keepalived: "
    "garp_master_refresh]") {
  Desk desk;
  AnnounceParams p = quiet();
  desk.add(1, p, 1);
  desk.add(2, p, 1);  // stays Backup
  desk.announcer.announce(1, AnnounceReason::kBecameActive, desk.now);
  CHECK(desk.until(seconds(4)) == "0:1.0");
  p.refresh = std::chrono::seconds(10);
  desk.add(1, p, 1);
  desk.add(2, p, 1);
  CHECK(desk.until(seconds(15)) == "14000:1.0");
  desk.add(1, p, 1);  // the same again keeps the phase
  CHECK(desk.until(seconds(25)) == "24000:1.0");
  p.refresh = std::chrono::seconds(2);
  desk.add(1, p, 1);
  CHECK(desk.until(seconds(29.5)) == "27000:1.0 29000:1.0");
  p.refresh = std::chrono::seconds(0);
  desk.add(1, p, 1);
  CHECK(desk.until(seconds(60)).empty());
}

TEST_CASE("cancel forgets what is queued and what was to follow") {
  Desk desk;
  AnnounceParams p = quiet();
  p.repeat = 5;
  p.delay = std::chrono::seconds(5);
  p.refresh = std::chrono::seconds(10);
  desk.announcer.set_pace(2, Millis(100), Millis(0));
  desk.add(1, p, 2);
  desk.add(2, quiet(), 1);
  desk.announcer.announce(1, AnnounceReason::kBecameActive, desk.now);
  desk.announcer.announce(2, AnnounceReason::kBecameActive, desk.now);
  CHECK(desk.sent(1) == "1.0");
  desk.announcer.cancel(1);
  CHECK(desk.until(seconds(60)) == "100:2.0");
}

TEST_CASE("new addresses take the place of the old in a running batch; a removed router is silent") {
  Desk desk;
  AnnounceParams p = quiet();
  p.repeat = 2;
  desk.announcer.set_pace(2, Millis(100), Millis(0));
  desk.add(1, p, 1);
  desk.announcer.announce(1, AnnounceReason::kBecameActive, desk.now);
  CHECK(desk.sent() == "1.0");
  desk.add(1, p, 2);
  CHECK(desk.until(seconds(1)) == "100:1.0 200:1.1");
  desk.announcer.announce(1, AnnounceReason::kBecameActive, desk.now);
  desk.announcer.remove_router(1);
  CHECK(!desk.announcer.next_deadline());
  desk.announcer.announce(1, AnnounceReason::kBecameActive, desk.now);
  CHECK(!desk.announcer.next_deadline());
  desk.add(4, p, 1);  // takes over the freed places
  desk.announcer.announce(4, AnnounceReason::kBecameActive, desk.now);
  CHECK(desk.until(seconds(2)) == "1000:4.0 1100:4.0");
}

TEST_CASE("4,000 routers at once: bounded work a call, everyone once before anyone twice") {
  constexpr RouterId kRouters = 4000;
  Desk desk;
  AnnounceParams p = quiet();
  p.repeat = 2;
  p.delay = std::chrono::seconds(5);
  for (RouterId id = 0; id < kRouters; ++id) desk.add(id, p, 1);
  for (RouterId id = 0; id < kRouters; ++id)
    desk.announcer.announce(id, AnnounceReason::kBecameActive, desk.now);
  for (const double when : {0.0, 5.0}) {
    desk.now = at(seconds(when));
    std::vector<int> seen(kRouters, 0);
    std::size_t total = 0;
    int calls = 0;
    bool fair = true;
    while (desk.announcer.next_deadline() && *desk.announcer.next_deadline() <= desk.now && calls < 1000) {
      std::array<AnnounceSend, 64> out;
      const std::size_t count = desk.announcer.take_due(desk.now, out);
      ++calls;
      for (std::size_t i = 0; i < count; ++i) {
        fair = fair && seen[out[i].router] == static_cast<int>(total / kRouters);
        ++seen[out[i].router];
        ++total;
      }
    }
    CHECK(total == 2 * kRouters);
    CHECK(fair);
  }
}
