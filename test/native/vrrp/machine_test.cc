// One virtual router: RFC 9568 section 6.4 and keepalived's policy, rule by rule.
#include <doctest/doctest.h>

#include "test/native/vrrp/rig.h"

using namespace ka;
using namespace ka::test;

TEST_CASE("a router that is not started does nothing") {
  Rig rig;
  rig.add(Rig::params());
  CHECK(take(rig.domain).empty());
  CHECK(!rig.domain.next_deadline());
  CHECK(rig.hear(0).empty());
  CHECK(rig.hear(200).empty());
  CHECK(rig.state() == "initialize");
}

TEST_CASE("started, it is Backup, and Active after silence [RFC9568-6.4.1] [RFC9568-6.4.2]") {
  Rig rig;
  rig.add(Rig::params());
  CHECK(rig.start() == "initialize>backup(started)");
  CHECK(rig.left() == seconds(3.609375));
  CHECK(rig.until(seconds(3.609375) - Nanos(1)).empty());
  CHECK(rig.until(seconds(3.609375)) == kBecomesActive);
  CHECK(rig.left() == seconds(1));
  CHECK(rig.view().since == at(seconds(3.609375)));
}

TEST_CASE(
    "start_active is Active at once, but only from a start without fault [keepalived: state MASTER, 255]") {
  Params p = Rig::params(255);
  p.start_active = true;
  {
    Rig rig;
    rig.add(p);
    CHECK(rig.start() == "advert=255 install announce=became initialize>active(owner)");
  }
  {
    Rig rig;  // a script without result yet is no fault
    rig.add(p, 1, bit(Hold::kNotStarted) | bit(Hold::kWaiting));
    CHECK(rig.start().empty());
    rig.domain.set_holds(1, 0, bit(Hold::kWaiting), rig.now);
    CHECK(take(rig.domain) == "advert=255 install announce=became initialize>active(owner)");
  }
  {
    Rig rig;
    rig.add(p, 1, bit(Hold::kNotStarted) | bit(Hold::kLinkDown));
    CHECK(rig.start() == "initialize>initialize(held)");
    rig.domain.set_holds(1, 0, bit(Hold::kLinkDown), rig.now);
    CHECK(take(rig.domain) == "initialize>backup(started)");
    CHECK(rig.left() == seconds(3.00390625));  // as measured of keepalived: 3.004 s
  }
  {
    Rig rig;
    rig.add(Rig::params(255));  // `state BACKUP`
    CHECK(rig.start() == "initialize>backup(started)");
  }
}

TEST_CASE("adverts keep to their grid, however late the node wakes") {
  Rig rig = Rig::active();
  const Nanos base = seconds(3.609375);
  rig.sleep_until(base + seconds(1) + ms(2.3));
  rig.domain.advance(rig.now);
  CHECK(take(rig.domain) == "advert=100");
  CHECK(rig.left() == seconds(1) - ms(1));  // more follows
  rig.sleep_until(base + seconds(5.25));    // four deadlines slept through: one advert, and the phase is kept
  rig.domain.advance(rig.now);
  CHECK(take(rig.domain) == "advert=100");
  CHECK(rig.left() == seconds(0.75));
  rig.sleep_until(base + seconds(6));
  rig.domain.advance(rig.now);
  CHECK(take(rig.domain) == "advert=100");
  CHECK(rig.left() == seconds(1));
}

TEST_CASE("a Backup restarts its timer with each advert of at least its priority") {
  for (const Priority priority : {Priority{100}, Priority{101}, Priority{255}}) {
    Rig rig;
    rig.run(Rig::params());
    rig.until(seconds(2));
    CHECK(rig.hear(priority).empty());
    CHECK(rig.left() == seconds(3.609375));
    CHECK(rig.view().master == ip("10.0.0.28"));
    CHECK(rig.view().master_priority == priority);
  }
}

TEST_CASE("the timer counts from when the kernel received the advert") {
  Rig rig;
  rig.run(Rig::params());
  rig.until(seconds(2));
  rig.domain.advert(1, HeardAdvert{200, Micros(1'000'000), ip("10.0.0.28"), at(seconds(1.5))}, rig.now);
  CHECK(rig.left() == seconds(3.109375));
  rig.domain.advert(1, HeardAdvert{200, Micros(1'000'000), ip("10.0.0.28"), at(seconds(9))}, rig.now);
  CHECK(rig.left() == seconds(3.609375));  // never in the future
}

TEST_CASE("a lower priority is discarded, and preempted when the timer ends") {
  Rig rig;
  rig.run(Rig::params());
  rig.until(seconds(3));
  CHECK(rig.hear(99, "10.0.0.28").empty());
  CHECK(rig.left() == seconds(0.609375));
  CHECK(rig.until(seconds(4)) == "advert=100 install announce=became backup>active(preempted)");
  CHECK(rig.view().cause.peer == ip("10.0.0.28"));
  CHECK(rig.view().cause.peer_priority == 99);
}

TEST_CASE("silence names the master that fell silent") {
  Rig rig;
  rig.run(Rig::params());
  rig.hear(200, "10.0.0.28");
  CHECK(rig.until(seconds(4)) == kBecomesActive);
  CHECK(rig.view().cause.peer == ip("10.0.0.28"));
  CHECK(rig.view().cause.peer_priority == 200);
}

TEST_CASE("nopreempt bears with a lower priority for ever; an owner never does [keepalived: nopreempt]") {
  Params p = Rig::params();
  p.preempt = false;
  Rig rig;
  rig.run(p);
  for (int i = 1; i < 20; ++i) {
    rig.until(seconds(i));
    CHECK(rig.hear(1).empty());
    CHECK(rig.left() == seconds(3.609375));
  }
  CHECK(rig.until(seconds(23)) == kBecomesActive);

  p.priority = 255;
  Rig owner;
  owner.run(p);
  owner.until(seconds(2));
  owner.hear(254);
  CHECK(owner.left() == seconds(1.00390625));
}

TEST_CASE("preempt_delay bears with a lower priority until it is over [keepalived: preempt_delay]") {
  Params p = Rig::params();
  p.preempt_delay = std::chrono::seconds(10);
  Rig rig;
  rig.run(p);
  for (int i = 1; i <= 10; ++i) {  // begins with the first lower advert, at 1 s
    rig.until(seconds(i));
    rig.hear(90);
    CHECK(rig.left() == seconds(3.609375));
  }
  rig.until(seconds(11));
  rig.hear(90);
  CHECK(rig.left() == seconds(2.609375));
  rig.until(seconds(12));
  rig.hear(90);
  CHECK(rig.until(seconds(13.7)) == "advert=100 install announce=became backup>active(preempted)");
}

TEST_CASE("a better master ends preempt_delay; silence does not wait for it") {
  Params p = Rig::params();
  p.preempt_delay = std::chrono::seconds(10);
  Rig rig;
  rig.run(p);
  rig.hear(90);
  rig.until(seconds(1));
  rig.hear(100);
  rig.until(seconds(4));
  rig.hear(90);
  for (int i = 5; i <= 13; ++i) {  // 10 s from 4 s on
    rig.until(seconds(i));
    rig.hear(90);
    CHECK(rig.left() == seconds(3.609375));
  }
  CHECK(rig.until(seconds(17)) == kBecomesActive);
}

TEST_CASE("priority 0 shortens the wait to the skew [RFC9568-6.4.2]") {
  Rig rig;
  rig.run(Rig::params());
  rig.hear(200);
  rig.until(seconds(1));
  CHECK(rig.hear(0).empty());
  CHECK(rig.left() == seconds(0.609375));
  CHECK(rig.until(seconds(1.7)) == "advert=100 install announce=became backup>active(peer-left)");
  CHECK(rig.view().cause.peer == ip("10.0.0.28"));
}

TEST_CASE("a v3 Backup goes by the master's interval, and by its own again as Active [RFC9568-6.4.2]") {
  Params p = Rig::params(100, Version::kV3);
  p.advert_interval = Millis(100);
  Rig rig;
  rig.run(p);
  CHECK(rig.left() == ms(360.9375));
  rig.hear(200, "10.0.0.28", Millis(1000));
  CHECK(rig.left() == seconds(3.609375));
  CHECK(rig.view().master_advert_interval == Millis(1000));
  rig.until(seconds(3.609375));
  CHECK(rig.state() == "active");
  CHECK(rig.left() == ms(100));
  CHECK(rig.view().master_advert_interval == Millis(100));
}

TEST_CASE("an interval of 0 in a v3 advert does not mean to take over at once") {
  Params p = Rig::params(100, Version::kV3);
  Rig rig;
  rig.run(p);
  rig.until(seconds(2));
  rig.hear(200, "10.0.0.28", Micros(0));
  CHECK(rig.left() == seconds(3.609375));
}

TEST_CASE("an Active Router answers priority 0 at once and counts its interval anew [RFC9568-6.4.3]") {
  Rig rig = Rig::active();
  rig.until(seconds(4));
  CHECK(rig.hear(0) == "advert=100");
  CHECK(rig.left() == seconds(1));
}

TEST_CASE("an Active Router asserts itself against a lower one, and keeps its phase [RFC9568-6.4.3]") {
  Rig rig = Rig::active();
  rig.until(seconds(4));
  CHECK(rig.hear(99) == "advert=100 announce=lower lower=99");
  CHECK(rig.hear(100, "10.0.0.17") == "advert=100 announce=lower lower=100");
  CHECK(rig.left() == seconds(0.609375));
  CHECK(rig.state() == "active");
}

TEST_CASE("nothing that is received puts regular adverts off") {
  Rig rig = Rig::active();
  std::size_t regular = 0;
  for (int i = 0; i < 200; ++i) {
    if (rig.until(seconds(3.609375) + ms(50) * (i + 1)) == "advert=100") ++regular;
    rig.hear(1);
  }
  CHECK(regular == 10);
}

TEST_CASE("vrrp_lower_prio_no_advert stays silent [keepalived: vrrp_lower_prio_no_advert]") {
  Params p = Rig::params();
  p.lower_prio_no_advert = true;
  Rig rig = Rig::active(p);
  CHECK(rig.hear(99) == "announce=lower lower=99");
}

TEST_CASE("an Active Router yields to the better one, without priority 0 [RFC9568-6.4.3]") {
  Rig rig = Rig::active();
  rig.until(seconds(4));
  CHECK(rig.hear(101) == "cancel remove active>backup(higher-priority)");
  CHECK(rig.left() == seconds(3.609375));
  CHECK(rig.view().cause.peer == ip("10.0.0.28"));
  CHECK(rig.view().cause.peer_priority == 101);
  CHECK(rig.view().master == ip("10.0.0.28"));
  Rig equal = Rig::active();
  CHECK(equal.hear(100, "10.0.0.19") == "cancel remove active>backup(higher-priority)");
}

TEST_CASE(
    "vrrp_higher_prio_send_advert says one more advert first [keepalived: vrrp_higher_prio_send_advert]") {
  Params p = Rig::params();
  p.higher_prio_send_advert = true;
  Rig rig = Rig::active(p);
  CHECK(rig.hear(101) == "advert=100 cancel remove active>backup(higher-priority)");
}

TEST_CASE("a v3 router that yields adopts the better one's interval") {
  Rig rig = Rig::active(Rig::params(100, Version::kV3));
  rig.hear(200, "10.0.0.28", Millis(10'000));
  CHECK(rig.left() == seconds(36.09375));
}

TEST_CASE("equal priority and equal address change nothing") {
  Rig rig = Rig::active();
  CHECK(rig.hear(100, "10.0.0.18").empty());
  CHECK(rig.state() == "active");
}

TEST_CASE("a changed source address breaks ties from then on") {
  Rig rig = Rig::active();
  rig.domain.set_source(1, ip("10.0.0.200"), rig.now);
  CHECK(rig.hear(100, "10.0.0.28") == "advert=100 announce=lower lower=100");
}

TEST_CASE(
    "a hold makes an Active Router say priority 0 and remove its addresses, in this order [RFC9568-6.4.3]") {
  Rig rig = Rig::active();
  rig.domain.set_holds(1, bit(Hold::kLinkDown), 0, rig.now);
  CHECK(take(rig.domain) == "advert=0 cancel remove active>initialize(held)");
  CHECK(rig.view().cause.holds == bit(Hold::kLinkDown));
  CHECK(!rig.domain.next_deadline());
  CHECK(rig.hear(0).empty());
  rig.domain.set_holds(1, bit(Hold::kPolicy), 0, rig.now);
  rig.domain.set_holds(1, 0, bit(Hold::kLinkDown), rig.now);
  CHECK(take(rig.domain).empty());
  rig.domain.set_holds(1, 0, bit(Hold::kPolicy), rig.now);
  CHECK(take(rig.domain) == "initialize>backup(released)");
  CHECK(rig.view().cause.holds == bit(Hold::kPolicy));
  CHECK(rig.left() == seconds(3.609375));
}

TEST_CASE("a held Backup leaves silently") {
  Rig rig;
  rig.run(Rig::params());
  rig.domain.set_holds(1, bit(Hold::kPolicy), 0, rig.now);
  CHECK(take(rig.domain) == "backup>initialize(held)");
}

TEST_CASE("a fault at the start is said once, waiting for a script is not") {
  Rig rig;
  rig.add(Rig::params(), 1, bit(Hold::kNotStarted) | bit(Hold::kWaiting));
  CHECK(rig.start().empty());
  rig.domain.set_holds(1, bit(Hold::kPolicy), bit(Hold::kWaiting), rig.now);
  CHECK(take(rig.domain) == "initialize>initialize(held)");
  rig.domain.set_holds(1, bit(Hold::kLinkDown), 0, rig.now);
  CHECK(take(rig.domain).empty());
}

TEST_CASE("a changed priority shifts a Backup's timer by the difference of the skews [keepalived: weight]") {
  Rig rig;
  rig.run(Rig::params());
  rig.until(seconds(1));
  rig.domain.set_priority(1, 80, rig.now);
  CHECK(take(rig.domain) == "priority=100>80");
  CHECK(rig.left() == seconds(2.6875));  // 20/256 s later
  rig.domain.set_priority(1, 100, rig.now);
  CHECK(take(rig.domain) == "priority=80>100");
  CHECK(rig.left() == seconds(2.609375));
  rig.domain.set_priority(1, 100, rig.now);
  CHECK(take(rig.domain).empty());
}

TEST_CASE("a changed priority of an Active Router is said by its next advert, not before") {
  Rig rig = Rig::active();
  rig.domain.set_priority(1, 80, rig.now);
  CHECK(take(rig.domain) == "priority=100>80");
  CHECK(rig.until(seconds(4.609375)) == "advert=80");
  CHECK(rig.hear(90) == "cancel remove active>backup(higher-priority)");
}

TEST_CASE("of two owners the one with the lower address yields") {
  Rig rig = Rig::active(Rig::params(255));
  CHECK(rig.hear(255, "10.0.0.28") == "cancel remove active>backup(higher-priority)");
}

TEST_CASE("an owner whose rival does not yield counts as 254 until it is gone [keepalived: two owners]") {
  Rig rig = Rig::active(Rig::params(255));
  const Nanos base = seconds(3.00390625);
  CHECK(rig.hear(255, "10.0.0.17") == "advert=255 announce=lower lower=255");
  rig.until(base + seconds(1));
  CHECK(rig.hear(255, "10.0.0.17") == "advert=255 announce=lower lower=255");
  rig.until(base + seconds(1.2));
  CHECK(rig.hear(255, "10.0.0.17") == "priority=255>254 cancel remove active>backup(higher-priority)");
  CHECK(rig.hear(255, "10.0.0.17").empty());
  CHECK(rig.hear(200, "10.0.0.17") == "priority=254>255");
  Rig again = Rig::active(Rig::params(255));
  for (int i = 0; i < 3; ++i) {  // seldom seen: not the same quarrel
    again.until(seconds(20 + 10 * i));
    CHECK(again.hear(255, "10.0.0.17") == "advert=255 announce=lower lower=255");
  }
}

TEST_CASE("a lowered owner is 255 again when it takes over") {
  Rig rig = Rig::active(Rig::params(255));
  rig.hear(255, "10.0.0.17");
  rig.until(seconds(4.3));
  rig.hear(255, "10.0.0.17");
  REQUIRE(rig.state() == "backup");
  CHECK(rig.until(seconds(8)) ==
        "priority=254>255 advert=255 install announce=became backup>active(silence)");
}
