// Routers that move as one (keepalived vrrp_sync_group).
#include <doctest/doctest.h>
#include <array>

#include "test/native/vrrp/rig.h"

using namespace ka;
using namespace ka::test;

namespace {

constexpr std::array<RouterId, 2> kBoth{1, 2};

/// Routers 1 (priority 100) and 2 (priority 150) in group 7, not started.
Rig pair() {
  Rig rig;
  rig.add(Rig::params(100), 1);
  rig.add(Rig::params(150), 2);
  REQUIRE(rig.domain.set_group(7, kBoth, rig.now).ok());
  take(rig.domain);
  return rig;
}
Rig started() {
  Rig rig = pair();
  rig.start(1);
  rig.start(2);
  return rig;
}
/// Both Active since 3.609375 s.
Rig active() {
  Rig rig = started();
  rig.until(seconds(3.609375));
  REQUIRE(rig.domain.group_state(7) == State::kActive);
  return rig;
}

}  // namespace

TEST_CASE("a group starts when its last member does") {
  Rig rig = pair();
  CHECK(rig.start(1).empty());
  CHECK(rig.view(1).holds == bit(Hold::kGroup));
  CHECK(rig.start(2) ==
        "2:initialize>backup(started) initialize>backup(group) group7:initialize>backup(started)");
  CHECK(rig.view(1).holds == 0);
  CHECK(rig.view(1).cause.member == 2);
  CHECK(rig.view(1).cause.member_kind == CauseKind::kStarted);
  CHECK(rig.domain.group_state(7) == State::kBackup);
}

TEST_CASE("the last member whose timer ends moves all, itself first [keepalived: vrrp_sync_group]") {
  Rig rig = started();
  CHECK(rig.until(seconds(3.5)).empty());  // router 2's timer ended at 3.4140625 s
  CHECK(rig.view(2).waits_for_group);
  CHECK(!rig.view(1).waits_for_group);
  CHECK(rig.until(seconds(3.609375)) ==
        "advert=100 install announce=became backup>active(silence) "
        "2:advert=150 2:install 2:announce=became 2:backup>active(group) group7:backup>active(silence)");
}

TEST_CASE("a member that hears its master keeps the group from moving") {
  Rig rig = started();
  for (int i = 1; i <= 20; ++i) {
    rig.until(seconds(i));
    CHECK(rig.hear(200, "10.0.0.28", Micros(1'000'000), 1).empty());
  }
  CHECK(rig.state(2) == "backup");
  CHECK(rig.view(2).waits_for_group);
  CHECK(rig.until(seconds(24)) != "");
  CHECK(rig.domain.group_state(7) == State::kActive);
}

TEST_CASE("an accepted advert takes a member's wish back") {
  Rig rig = started();
  rig.until(seconds(3.5));
  rig.hear(200, "10.0.0.28", Micros(1'000'000), 2);
  CHECK(!rig.view(2).waits_for_group);
  CHECK(rig.until(seconds(4)).empty());
  CHECK(rig.view(1).waits_for_group);
}

TEST_CASE("one that yields makes all yield, without priority 0") {
  Rig rig = active();
  CHECK(rig.hear(200, "10.0.0.28", Micros(1'000'000), 1) ==
        "cancel remove active>backup(higher-priority) "
        "2:cancel 2:remove 2:active>backup(group) group7:active>backup(higher-priority)");
}

TEST_CASE("one that is held makes all leave, each saying priority 0") {
  Rig rig = active();
  rig.domain.set_holds(2, bit(Hold::kLinkDown), 0, rig.now);
  CHECK(take(rig.domain) ==
        "2:advert=0 2:cancel 2:remove 2:active>initialize(held) "
        "advert=0 cancel remove active>initialize(group) group7:active>initialize(held)");
  CHECK(rig.view(1).holds == bit(Hold::kGroup));
  CHECK(rig.view(1).cause.holds == bit(Hold::kLinkDown));
  rig.domain.set_holds(1, bit(Hold::kPolicy), 0, rig.now);
  CHECK(take(rig.domain).empty());
  CHECK(rig.view(2).holds == (bit(Hold::kLinkDown) | bit(Hold::kGroup)));
  rig.domain.set_holds(2, 0, bit(Hold::kLinkDown), rig.now);
  CHECK(take(rig.domain).empty());
  rig.domain.set_holds(1, 0, bit(Hold::kPolicy), rig.now);
  CHECK(take(rig.domain) ==
        "initialize>backup(released) 2:initialize>backup(group) group7:initialize>backup(released)");
}

TEST_CASE("a member at fault makes the started ones say so once") {
  Rig rig;
  rig.add(Rig::params(100), 1);
  rig.add(Rig::params(150), 2, bit(Hold::kNotStarted) | bit(Hold::kLinkDown));
  CHECK(rig.domain.set_group(7, kBoth, rig.now).ok());
  CHECK(rig.start(1).empty());
  CHECK(rig.start(2) == "2:initialize>initialize(held) initialize>initialize(group)");
}

TEST_CASE("a group is Active from the start only when all members may be") {
  Params owner = Rig::params(255);
  owner.start_active = true;
  const auto run = [&](const Params& second) {
    Rig rig;
    rig.add(owner, 1);
    rig.add(second, 2);
    CHECK(rig.domain.set_group(7, kBoth, rig.now).ok());
    rig.start(1);
    rig.start(2);
    return *rig.domain.group_state(7);
  };
  CHECK(run(owner) == State::kActive);
  CHECK(run(Rig::params(255)) == State::kBackup);
}

TEST_CASE("a lower priority heard by one is announced by all [keepalived: garp_lower_prio_repeat]") {
  Rig rig = active();
  CHECK(rig.hear(50, "10.0.0.28", Micros(1'000'000), 1) ==
        "advert=100 announce=lower lower=50 2:announce=lower");
}

TEST_CASE("release and take_over move the whole group") {
  Rig rig = active();
  rig.domain.release(2, CauseKind::kCommand, rig.now);
  CHECK(take(rig.domain) ==
        "2:advert=0 2:cancel 2:remove 2:active>backup(command) "
        "advert=0 cancel remove active>backup(group) group7:active>backup(command)");
  rig.domain.take_over(1, rig.now);
  CHECK(take(rig.domain) ==
        "advert=100 install announce=became backup>active(command) "
        "2:advert=150 2:install 2:announce=became 2:backup>active(group) group7:backup>active(command)");
}

TEST_CASE("an offer is the whole group's, and the first that is taken takes all") {
  Rig rig = active();
  rig.domain.offer(2, rig.now);
  CHECK(take(rig.domain) == "2:advert=0 advert=0");
  CHECK(rig.hear(50) ==
        "cancel remove active>backup(command) "
        "2:cancel 2:remove 2:active>backup(group) group7:active>backup(command)");
}

TEST_CASE("routers that are grouped while they run move together") {
  Rig rig;
  rig.add(Rig::params(100), 1);
  rig.add(Rig::params(150), 2);
  rig.start(1);
  rig.start(2);
  rig.until(seconds(3.5));
  REQUIRE(rig.state(2) == "active");
  CHECK(rig.domain.set_group(7, kBoth, rig.now).ok());
  CHECK(take(rig.domain) ==
        "2:advert=0 2:cancel 2:remove 2:active>backup(group) group7:initialize>backup(params)");

  rig.domain.set_holds(1, bit(Hold::kPolicy), 0, rig.now);
  take(rig.domain);
  rig.add(Rig::params(120), 3);
  rig.start(3);
  const std::array<RouterId, 3> three{1, 2, 3};
  CHECK(rig.domain.set_group(7, three, rig.now).ok());
  CHECK(take(rig.domain) == "3:backup>initialize(group)");
}

TEST_CASE("leaving a group frees a member, and what is left goes on") {
  Rig rig = active();
  rig.domain.set_holds(2, bit(Hold::kLinkDown), 0, rig.now);
  take(rig.domain);
  const std::array<RouterId, 1> one{1};
  CHECK(rig.domain.set_group(7, one, rig.now).ok());
  CHECK(take(rig.domain) == "initialize>backup(params) group7:initialize>backup(params)");
  CHECK(rig.state(2) == "initialize");
  CHECK(rig.domain.set_group(7, {}, rig.now).ok());
  CHECK(!rig.domain.group_state(7));
  CHECK(rig.state(1) == "backup");
}

TEST_CASE("a removed member frees those that it held") {
  Rig rig = active();
  rig.domain.set_holds(2, bit(Hold::kLinkDown), 0, rig.now);
  take(rig.domain);
  CHECK(rig.domain.remove(2, rig.now).ok());
  CHECK(take(rig.domain) == "initialize>backup(params) group7:initialize>backup(params)");
  CHECK(rig.domain.remove(1, rig.now).ok());
  CHECK(!rig.domain.group_state(7));
}

TEST_CASE("groups that cannot be are refused") {
  Rig rig = pair();
  rig.add(Rig::params(90), 3);
  const std::array<RouterId, 2> shared{2, 3};
  const std::array<RouterId, 2> unknown{1, 9};
  const std::array<RouterId, 2> twice{3, 3};
  CHECK(rig.domain.set_group(8, shared, rig.now).error().code == Errc::kInvalidArgument);
  CHECK(rig.domain.set_group(7, unknown, rig.now).error().code == Errc::kNotFound);
  CHECK(rig.domain.set_group(8, twice, rig.now).error().code == Errc::kInvalidArgument);
  CHECK(rig.domain.set_group(kNoGroup, kBoth, rig.now).error().code == Errc::kInvalidArgument);
  CHECK(rig.domain.set_group(9, {}, rig.now).ok());
  CHECK(rig.start(1).empty());
  CHECK(rig.start(2) != "");  // group 7 is as it was
}

TEST_CASE("shutdown tells the group, too") {
  Rig rig = active();
  rig.domain.shutdown(rig.now);
  CHECK(take(rig.domain) ==
        "advert=0 cancel remove active>initialize(shutdown) "
        "2:advert=0 2:cancel 2:remove 2:active>initialize(shutdown) group7:active>initialize(shutdown)");
}
