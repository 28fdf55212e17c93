// A flood that has not been read to its end: adverts of our own go on, and nobody's silence is concluded from
// what has not been read.
#include <doctest/doctest.h>

#include "native/vrrp/domain.h"
#include "test/native/vrrp/rig.h"

using namespace ka;
using namespace ka::test;

namespace {

std::size_t adverts_of(const Domain& domain, RouterId id) {
  std::size_t count = 0;
  for (const Effect& effect : domain.effects()) {
    if (effect.kind == EffectKind::kSendAdvert && effect.router == id) ++count;
  }
  return count;
}

}  // namespace

TEST_CASE("while a flood is read, an Active Router advertises and a Backup Router waits") {
  Domain domain;
  const Instant start = at(Nanos{0});
  REQUIRE(domain.add(1, Rig::params(Priority{200}, Version::kV3), 0, start).ok());
  domain.advance(start + seconds(5));
  REQUIRE(domain.view(1)->state == State::kActive);
  REQUIRE(domain.add(2, Rig::params(Priority{100}, Version::kV3), 0, start + seconds(5)).ok());
  domain.clear_effects();

  // Both timers of the first second and of the silence (3.6 s) have run out.
  const Instant now = start + seconds(9);
  domain.advance(now, Instant::min());
  CHECK(adverts_of(domain, 1) == 1);
  CHECK(domain.view(2)->state == State::kBackup);

  // What was read came before the silence was complete: a master's advert may still be among the rest.
  domain.advance(now, start + seconds(8.5));
  CHECK(domain.view(2)->state == State::kBackup);
  REQUIRE(domain.next_deadline());
  CHECK(*domain.next_deadline() <= now);  // to be looked at again, at once

  const IpAddr master = ip("10.0.0.9");
  domain.advert(2, HeardAdvert{Priority{150}, Millis(1000), master, start + seconds(8.55)}, now);
  domain.advance(now, now);
  CHECK(domain.view(2)->state == State::kBackup);
  CHECK(domain.view(2)->master == master);

  domain.advance(start + seconds(13), start + seconds(12));
  CHECK(domain.view(2)->state == State::kBackup);
  domain.advance(start + seconds(13), start + seconds(12.5));
  CHECK(domain.view(2)->state == State::kActive);
}

TEST_CASE("while a flood is read, an offer is not over: who takes it may be among the rest") {
  Domain domain;
  const Instant start = at(Nanos{0});
  REQUIRE(domain.add(1, Rig::params(Priority{200}, Version::kV3), 0, start).ok());
  domain.advance(start + seconds(5));
  REQUIRE(domain.view(1)->state == State::kActive);
  domain.offer(1, start + seconds(5));
  domain.clear_effects();

  // It waits for less than two seconds.
  const Instant now = start + seconds(8);
  domain.advance(now, Instant::min());
  domain.advance(now, start + seconds(6));
  CHECK(adverts_of(domain, 1) == 0);
  domain.advert(1, HeardAdvert{Priority{50}, Millis(1000), ip("10.0.0.9"), start + seconds(6.2)}, now);
  CHECK(domain.view(1)->state == State::kBackup);
  CHECK(domain.view(1)->master == ip("10.0.0.9"));
}

TEST_CASE("when the flood has been read and nobody took the offer, adverts go on as they were") {
  Domain domain;
  const Instant start = at(Nanos{0});
  REQUIRE(domain.add(1, Rig::params(Priority{200}, Version::kV3), 0, start).ok());
  domain.advance(start + seconds(5));
  domain.offer(1, start + seconds(5));
  domain.clear_effects();
  const Instant now = start + seconds(8);
  domain.advance(now, now);
  CHECK(take(domain) == "advert=200");
  domain.advance(start + seconds(10), Instant::min());
  CHECK(take(domain) == "advert=200");
}

TEST_CASE("while a flood is read, an Active Router that was absent goes on listening") {
  Domain domain;
  const Instant start = at(Nanos{0});
  REQUIRE(domain.add(1, Rig::params(Priority{100}, Version::kV3), 0, start).ok());
  domain.advance(start + seconds(5));
  REQUIRE(domain.view(1)->state == State::kActive);
  domain.clear_effects();
  domain.listen_if_absent(Nanos{0}, start + seconds(20));
  const Instant now = start + seconds(22);
  domain.advance(now, start + seconds(19));
  CHECK(take(domain).empty());
  domain.advert(1, HeardAdvert{Priority{150}, Millis(1000), ip("10.0.0.9"), start + seconds(19.5)}, now);
  CHECK(domain.view(1)->state == State::kBackup);
}

TEST_CASE("of many that are due some fire at a time, and each keeps the time at which it did") {
  Domain domain;
  const Instant start = at(Nanos{0});
  for (RouterId id = 1; id <= 5; ++id) REQUIRE(domain.add(id, Rig::params(), 0, start).ok());
  domain.clear_effects();

  const Instant due = start + seconds(3.609375);
  CHECK(domain.advance(due, due, 2));
  CHECK(adverts_of(domain, 2) == 1);
  CHECK(adverts_of(domain, 3) == 0);
  CHECK(domain.advance(due + ms(1), due, 2));
  CHECK_FALSE(domain.advance(due + ms(2), due, 2));
  CHECK(adverts_of(domain, 5) == 1);
  CHECK(domain.view(5)->since == due + ms(2));
  domain.clear_effects();

  // A second later they are not due together any more.
  CHECK_FALSE(domain.advance(due + seconds(1), due, 64));
  CHECK(take(domain) == "advert=100 2:advert=100");
  CHECK(*domain.next_deadline() == due + seconds(1) + ms(1));
}
