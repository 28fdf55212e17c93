// A node that did not run: whoever was Active listens before it speaks.
#include <doctest/doctest.h>

#include "test/native/vrrp/rig.h"

using namespace ka;
using namespace ka::vrrp;
using namespace ka::test;

namespace {

/// Active since 3.609375 s with priority 100; asleep from 5 s on.
Rig absent(Params params, Nanos until) {
  Rig rig;
  rig.run(params);
  rig.until(seconds(5));
  static_cast<void>(take(rig.domain));
  rig.sleep_until(until);
  return rig;
}

}  // namespace

TEST_CASE(
    "an Active Router that was absent for as long as others wait listens for an interval, then speaks") {
  Rig rig = absent(Rig::params(), seconds(10));
  CHECK(rig.domain.listen_if_absent(Nanos{0}, rig.now));
  rig.domain.advance(rig.now);
  CHECK(take(rig.domain).empty());
  CHECK(rig.left() == seconds(1));
  CHECK(rig.until(seconds(11)) == "advert=100 announce=requested");
  CHECK(rig.until(seconds(12)) == "advert=100");
}

TEST_CASE("a starving node speaks when it has listened once, however late it wakes again") {
  Params quick = Rig::params();
  quick.advert_interval = std::chrono::milliseconds(10);
  Rig rig = absent(quick, seconds(10));
  CHECK(rig.domain.listen_if_absent(Nanos{0}, rig.now));
  rig.domain.advance(rig.now);
  CHECK(take(rig.domain).empty());
  rig.sleep_until(seconds(10.2));
  CHECK_FALSE(rig.domain.listen_if_absent(Nanos{0}, rig.now));
  rig.domain.advance(rig.now);
  CHECK(take(rig.domain) == "advert=100 announce=requested");
  // Late again: it listens once more, and goes on doing so when it slept for long or the machine was
  // suspended.
  rig.sleep_until(seconds(10.4));
  CHECK(rig.domain.listen_if_absent(Nanos{0}, rig.now));
  rig.sleep_until(seconds(11.5));
  CHECK(rig.domain.listen_if_absent(Nanos{0}, rig.now));
  rig.sleep_until(seconds(11.6));
  CHECK(rig.domain.listen_if_absent(seconds(60), rig.now));
}

TEST_CASE("a shorter absence changes nothing") {
  Rig rig = absent(Rig::params(), seconds(7.5));
  CHECK_FALSE(rig.domain.listen_if_absent(Nanos{0}, rig.now));
  rig.domain.advance(rig.now);
  CHECK(take(rig.domain) == "advert=100");
}

TEST_CASE("time that the clock did not count is absence too (a suspended machine)") {
  Rig rig;
  rig.run(Rig::params());
  rig.until(seconds(5));
  static_cast<void>(take(rig.domain));
  CHECK(rig.domain.listen_if_absent(seconds(60), rig.now));
  CHECK(rig.left() == seconds(1));
  CHECK(rig.until(seconds(6)) == "advert=100 announce=requested");
}

TEST_CASE("back from absence it gives way to a better master, and claims what preemption gives it") {
  Rig better = absent(Rig::params(), seconds(10));
  CHECK(better.domain.listen_if_absent(Nanos{0}, better.now));
  CHECK(better.hear(101) == "cancel remove active>backup(higher-priority)");
  Rig lower = absent(Rig::params(), seconds(10));
  CHECK(lower.domain.listen_if_absent(Nanos{0}, lower.now));
  CHECK(lower.hear(90) == "advert=100 announce=lower lower=90");
}

TEST_CASE("back from absence it leaves the master where a router that starts would not preempt") {
  Params nopreempt = Rig::params();
  nopreempt.preempt = false;
  Rig rig = absent(nopreempt, seconds(10));
  CHECK(rig.domain.listen_if_absent(Nanos{0}, rig.now));
  CHECK(rig.hear(90) == "cancel remove active>backup(absent)");
  CHECK(rig.hear(90).empty());
  Params patient = Rig::params();
  patient.preempt_delay = std::chrono::seconds(30);
  Rig delayed = absent(patient, seconds(10));
  CHECK(delayed.domain.listen_if_absent(Nanos{0}, delayed.now));
  CHECK(delayed.hear(90) == "cancel remove active>backup(absent)");
}

TEST_CASE("what was said early in the absence is no news: whoever said it may be gone") {
  Params nopreempt = Rig::params();
  nopreempt.preempt = false;
  Rig rig = absent(nopreempt, seconds(20));
  CHECK(rig.domain.listen_if_absent(Nanos{0}, rig.now));
  HeardAdvert old;
  old.priority = 90;
  old.advert_interval = std::chrono::seconds(1);
  old.source = ip("10.0.0.28");
  old.received_at = at(seconds(9));
  rig.domain.advert(1, old, rig.now);
  CHECK(take(rig.domain).empty());
  CHECK(rig.until(seconds(21)) == "advert=100 announce=requested");
}

TEST_CASE("who gives way to the master that had fallen silent says one last advert") {
  Rig rig;
  rig.run(Rig::params());
  rig.hear(200, "10.0.0.28");
  rig.until(seconds(10));
  static_cast<void>(take(rig.domain));
  CHECK(rig.hear(200, "10.0.0.28") == "advert=100 cancel remove active>backup(higher-priority)");
  Rig other;
  other.run(Rig::params());
  other.hear(200, "10.0.0.28");
  other.until(seconds(10));
  static_cast<void>(take(other.domain));
  CHECK(other.hear(200, "10.0.0.38") == "cancel remove active>backup(higher-priority)");
}
