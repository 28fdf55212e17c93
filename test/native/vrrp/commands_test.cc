// What a virtual router does when it is told to: other parameters, commands, grace, shutdown and removal.
#include <doctest/doctest.h>

#include "test/native/vrrp/rig.h"

using namespace ka;
using namespace ka::test;

TEST_CASE("new parameters keep the state; the running timer follows [keepalived: reload]") {
  Rig rig;
  rig.run(Rig::params());
  rig.until(seconds(1));
  Params p = Rig::params(80);
  p.advert_interval = std::chrono::seconds(2);
  CHECK(rig.domain.update(1, p, rig.now).ok());
  CHECK(take(rig.domain) == "priority=100>80");
  CHECK(rig.left() == seconds(5.6875));

  Rig master = Rig::active();
  master.until(seconds(4));
  p.priority = 100;
  CHECK(master.domain.update(1, p, master.now).ok());
  CHECK(take(master.domain).empty());
  CHECK(master.left() == seconds(1.609375));
  p.advert_interval = std::chrono::seconds(1);
  CHECK(master.domain.update(1, p, master.now).ok());
  CHECK(master.left() == seconds(0.609375));
  CHECK(master.domain.update(1, Rig::params(50), master.now).ok());
  CHECK(master.state() == "active");
}

TEST_CASE("release says priority 0 and waits a whole interval for the others") {
  Rig rig = Rig::active();
  rig.domain.release(1, CauseKind::kCommand, rig.now);
  CHECK(take(rig.domain) == "advert=0 cancel remove active>backup(command)");
  CHECK(rig.left() == seconds(3.609375));
  rig.domain.release(1, CauseKind::kCommand, rig.now);
  CHECK(take(rig.domain).empty());
}

TEST_CASE("an offer keeps the addresses until somebody speaks") {
  Rig rig = Rig::active();
  rig.domain.offer(1, rig.now);
  CHECK(take(rig.domain) == "advert=0");
  CHECK(rig.state() == "active");
  CHECK(rig.left() == seconds(1.594140625));  // 255/256 s, half of it again, 100 ms
  CHECK(rig.hear(50) == "cancel remove active>backup(command)");
  CHECK(rig.view().master == ip("10.0.0.28"));
  CHECK(rig.view().master_priority == 50);
  CHECK(rig.left() == seconds(3.609375));
}

TEST_CASE("an offer that nobody takes ends with the next advert") {
  Rig rig = Rig::active();
  const Nanos began = rig.now - at(Nanos{0});
  rig.domain.offer(1, rig.now);
  CHECK(take(rig.domain) == "advert=0");
  CHECK(rig.until(began + seconds(1.594140625)) == "advert=100");
  CHECK(rig.left() == seconds(1));
  CHECK(rig.hear(50) == "advert=100 announce=lower lower=50");
  CHECK(rig.state() == "active");
}

TEST_CASE("an offer is for Active Routers, and ends when a peer leaves") {
  Rig backup;
  backup.run(Rig::params());
  backup.domain.offer(1, backup.now);
  CHECK(take(backup.domain).empty());
  Rig rig = Rig::active();
  rig.domain.offer(1, rig.now);
  CHECK(take(rig.domain) == "advert=0");
  CHECK(rig.hear(0) == "advert=100");
  CHECK(rig.hear(50) == "advert=100 announce=lower lower=50");
}

TEST_CASE("take_over preempts at once, from Backup only") {
  Params p = Rig::params();
  p.preempt = false;
  Rig rig;
  rig.run(p);
  rig.hear(90);
  rig.domain.take_over(1, rig.now);
  CHECK(take(rig.domain) == "advert=100 install announce=became backup>active(command)");
  rig.domain.take_over(1, rig.now);
  CHECK(take(rig.domain).empty());
  rig.domain.set_holds(1, bit(Hold::kPolicy), 0, rig.now);
  take(rig.domain);
  rig.domain.take_over(1, rig.now);
  CHECK(take(rig.domain).empty());
}

TEST_CASE("announce_again is for Active Routers") {
  Rig rig = Rig::active();
  rig.domain.announce_again(1, AnnounceReason::kAddressesChanged, rig.now);
  CHECK(take(rig.domain) == "announce=changed");
  rig.hear(200);
  rig.domain.announce_again(1, AnnounceReason::kRequested, rig.now);
  CHECK(take(rig.domain).empty());
}

TEST_CASE("a node that did not run gives the master's adverts as much time again, once") {
  Rig rig;
  rig.run(Rig::params());
  rig.hear(200);
  rig.sleep_until(seconds(10));  // asleep from 3 s to 10 s
  rig.domain.grant_grace(std::chrono::seconds(7), rig.now);
  rig.domain.advance(rig.now);
  CHECK(take(rig.domain).empty());
  CHECK(rig.left() == seconds(0.609375));
  rig.sleep_until(seconds(12));
  rig.domain.grant_grace(std::chrono::seconds(2), rig.now);
  rig.domain.advance(rig.now);
  CHECK(take(rig.domain) == kBecomesActive);
}

TEST_CASE("grace never exceeds a whole interval, and an advert earns it anew") {
  Rig rig;
  rig.run(Rig::params());
  rig.until(seconds(1));
  rig.domain.grant_grace(std::chrono::seconds(100), rig.now);
  CHECK(rig.left() == seconds(3.609375));
  rig.hear(200);
  rig.until(seconds(2));
  rig.domain.grant_grace(Millis(500), rig.now);
  CHECK(rig.left() == seconds(3.109375));
  Rig master = Rig::active();
  master.domain.grant_grace(std::chrono::seconds(9), master.now);
  CHECK(master.left() == seconds(1));  // an Active Router has none to give
}

TEST_CASE("shutdown says farewell for every Active Router, and a start begins anew") {
  Rig rig = Rig::active();
  rig.domain.shutdown(rig.now);
  CHECK(take(rig.domain) == "advert=0 cancel remove active>initialize(shutdown)");
  CHECK(!rig.domain.next_deadline());
  CHECK(rig.start() == "initialize>backup(released)");
}

TEST_CASE("a removed router leaves in order and is forgotten") {
  Rig rig = Rig::active();
  CHECK(rig.domain.remove(1, rig.now).ok());
  CHECK(take(rig.domain) == "advert=0 cancel remove active>initialize(removed)");
  CHECK(!rig.domain.view(1));
  CHECK(rig.domain.params(1) == nullptr);
  CHECK(!rig.domain.next_deadline());
  CHECK(rig.domain.remove(1, rig.now).error().code == Errc::kNotFound);
  CHECK(rig.domain.update(1, Rig::params(), rig.now).error().code == Errc::kNotFound);
  rig.add(Rig::params());
  CHECK(rig.start() == "initialize>backup(started)");
}

TEST_CASE("parameters that no router can have are refused") {
  Rig rig;
  const auto refused = [&](auto change) {
    Params p = Rig::params();
    change(p);
    const auto result = rig.domain.add(1, p, 0, rig.now);
    return !result.ok() && result.error().code == Errc::kInvalidArgument;
  };
  CHECK(refused([](Params& p) { p.vrid = 0; }));
  CHECK(refused([](Params& p) { p.priority = 0; }));
  CHECK(refused([](Params& p) { p.advert_interval = Micros(0); }));
  CHECK(refused([](Params& p) { p.down_timer_adverts = 0; }));
  CHECK(rig.domain.add(1, Rig::params(), 0, rig.now).ok());
  CHECK(rig.domain.add(1, Rig::params(), 0, rig.now).error().code == Errc::kExists);
  Params p = Rig::params();
  p.priority = 0;
  CHECK(rig.domain.update(1, p, rig.now).error().code == Errc::kInvalidArgument);
}

TEST_CASE("many routers share one clock in order of their deadlines") {
  Rig rig;
  for (RouterId id = 1; id <= 200; ++id) rig.add(Rig::params(static_cast<Priority>(id)), id);
  for (RouterId id = 1; id <= 200; ++id) rig.start(id);
  CHECK(rig.left() == seconds(3) + Nanos(218'750'000));  // priority 200
  const std::string all = rig.until(seconds(4));
  CHECK(all.substr(0, 14) == "200:advert=200");
  std::size_t became = 0;
  for (RouterId id = 1; id <= 200; ++id) became += rig.state(id) == "active" ? 1u : 0u;
  CHECK(became == 200);
  for (RouterId id = 1; id <= 200; id += 2) CHECK(rig.domain.remove(id, rig.now).ok());
  take(rig.domain);
  CHECK(rig.until(seconds(5.2)).find("199:") == std::string::npos);
}
