// Once configured, the core does not allocate: operator new is counted in this program.
#include <doctest/doctest.h>
#include <atomic>
#include <cstdlib>
#include <new>

#include "native/vrrp/announce.h"
#include "native/wire/neighbour.h"
#include "native/wire/vrrp.h"
#include "test/native/vrrp/rig.h"

namespace {
std::atomic<std::size_t> allocations{0};

void* counted(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) std::abort();
  return memory;
}
}  // namespace

void* operator new(std::size_t size) {
  return counted(size);
}
void* operator new[](std::size_t size) {
  return counted(size);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete[](void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  std::free(memory);
}

using namespace ka;
using namespace ka::test;

namespace {
constexpr RouterId kRouters = 500;

/// Carries the effects out as the engine would: announcements to the announcer.
std::size_t carry_out(Domain& domain, Announcer& announcer, Instant now) {
  std::size_t count = 0;
  for (const Effect& effect : domain.effects()) {
    ++count;
    if (effect.kind == EffectKind::kAnnounce) announcer.announce(effect.router, effect.reason, now);
    if (effect.kind == EffectKind::kCancelAnnounce) announcer.cancel(effect.router);
  }
  domain.clear_effects();
  return count;
}
}  // namespace

TEST_CASE("the counter sees an allocation") {
  const std::size_t before = allocations;
  delete new int(1);
  CHECK(allocations == before + 1);
}

TEST_CASE("domain and announcer run without allocating") {
  Domain domain;
  Announcer announcer;
  Instant now = at(Nanos{0});
  for (RouterId id = 0; id < kRouters; ++id) {
    Params p = Rig::params(static_cast<Priority>(1 + id % 254), id % 2 == 0 ? Version::kV2 : Version::kV3);
    p.announce.refresh = std::chrono::seconds(2);
    CHECK(domain.add(id, p, bit(Hold::kNotStarted), now).ok());
    const std::array<AnnounceAddress, 2> addresses{{{0, 2, Family::kIpv4, 2}, {1, 3, Family::kIpv6, 3}}};
    announcer.set_router(id, p.announce, addresses, now);
  }
  for (GroupId group = 0; group < kRouters / 10; ++group) {
    const std::array<RouterId, 2> members{group * 2, group * 2 + 1};
    CHECK(domain.set_group(group, members, now).ok());
  }
  domain.clear_effects();
  const IpAddr better = ip("10.0.0.200");
  std::size_t effects = 0;
  std::size_t announced = 0;
  const std::size_t before = allocations;

  for (int second = 0; second < 40; ++second) {
    now += seconds(1);
    for (RouterId id = 0; id < kRouters; ++id) {
      const Priority heard = second % 7 == 3 ? Priority{0} : static_cast<Priority>(second * 11 + int(id));
      if (second > 5) domain.advert(id, HeardAdvert{heard, Millis(1000), better, now}, now);
      if (second == 1) domain.set_holds(id, 0, bit(Hold::kNotStarted), now);
      if (second == 20) domain.set_holds(id, bit(Hold::kLinkDown), 0, now);
      if (second == 22) domain.set_holds(id, 0, bit(Hold::kLinkDown), now);
      if (second % 9 == 0) domain.set_priority(id, static_cast<Priority>(1 + (int(id) + second) % 254), now);
      if (second == 30) domain.release(id, CauseKind::kCommand, now);
      if (second == 31) domain.take_over(id, now);
      effects += carry_out(domain, announcer, now);
    }
    domain.grant_grace(Millis(5), now);
    domain.advance(now);
    effects += carry_out(domain, announcer, now);
    std::array<AnnounceSend, 64> out;
    while (announcer.next_deadline() && *announcer.next_deadline() <= now)
      announced += announcer.take_due(now, out);
  }
  domain.shutdown(now);
  effects += carry_out(domain, announcer, now);
  const std::size_t after = allocations;

  CHECK(after == before);
  CHECK(effects > 20'000);
  CHECK(announced > 10'000);
}

TEST_CASE("all routers becoming Active at one instant fits the reserve") {
  Domain domain;
  Instant now = at(Nanos{0});
  for (RouterId id = 0; id < 4000; ++id) CHECK(domain.add(id, Rig::params(), 0, now).ok());
  domain.clear_effects();
  const std::size_t before = allocations;
  domain.advance(now + seconds(10));
  const std::size_t count = domain.effects().size();
  domain.clear_effects();
  domain.shutdown(now + seconds(10));
  CHECK(allocations == before);
  CHECK(count == 16'000);
}

TEST_CASE("packets are built and judged without allocating") {
  using namespace ka::wire;
  const std::array<IpAddr, 2> addresses{ip("10.0.0.100"), ip("10.0.0.101")};
  std::array<std::uint8_t, kMaxAdvertSize> buffer;
  AdvertFields fields;
  fields.version = Version::kV3;
  fields.addresses = addresses;
  fields.source = ip("10.0.0.18");
  fields.destination = ip("224.0.0.18");
  Expectation expected;
  expected.version = Version::kV3;
  expected.vrid = 1;
  expected.addresses = addresses;
  expected.group = fields.destination;
  Datagram datagram{fields.source, fields.destination, 255, false, {}};
  std::size_t accepted = 0;
  const std::size_t before = allocations;
  for (int i = 0; i < 1000; ++i) {
    const auto size = encode(buffer, fields);
    datagram.payload = std::span<const std::uint8_t>(buffer).first(*size);
    accepted += std::holds_alternative<Accepted>(check(datagram, expected)) ? 1u : 0u;
    buffer[7] ^= 1;
    accepted += std::holds_alternative<Accepted>(check(datagram, expected)) ? 1u : 0u;
    static_cast<void>(gratuitous_arp({}, addresses[0]));
    static_cast<void>(unsolicited_na({}, ip("fe80::1"), true));
  }
  CHECK(allocations == before);
  CHECK(accepted == 1000);
}
