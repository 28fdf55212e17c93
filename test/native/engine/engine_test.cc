// The engine without JavaScript: two of them on real links, driven and read from another thread as JavaScript
// would do it. Under ThreadSanitizer this is the proof that both sides share nothing that they must not.
#include "native/engine/engine.h"

#include <doctest/doctest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <memory>

#include "test/native/engine/driver.h"
#include "test/native/engine/namespaces.h"

namespace ka::engine {
namespace {

using test::Driver;
using test::routers;

TEST_CASE("two engines fail over while their owner reads status and sends transactions" *
          doctest::skip(!test::is_root())) {
  const test::Namespace a;
  const test::Namespace b;
  REQUIRE(a.is_ok());
  REQUIRE(b.is_ok());
  REQUIRE(test::join(a, b));
  constexpr int kRouters = 20;

  Driver backup(b.path());
  REQUIRE(backup.engine().start().ok());
  REQUIRE(backup.answer(0).ok());
  auto master = std::make_unique<Driver>(a.path());
  REQUIRE(master->engine().start().ok());
  REQUIRE(master->answer(0).ok());

  Transaction first = routers(kRouters, 200);
  const auto shared = first.routers.front().shared;
  const auto installed = first.routers.front().installed;
  REQUIRE(master->engine().apply(1, std::move(first)).ok());
  REQUIRE(master->answer(1).ok());
  REQUIRE(master->wait_for(kRouters, vrrp::State::kActive));
  REQUIRE(backup.engine().apply(1, routers(kRouters, 100)).ok());
  REQUIRE(backup.answer(1).ok());

  // Readers and writers at the same time.
  std::uint64_t ticket = 1;
  while (shared->sent.get() < 50) {
    const RouterView view = shared->view.load();
    CHECK(view.view.priority >= 200);
    Transaction change;
    change.priorities.push_back({1, 200 + static_cast<int>(ticket % 50)});
    REQUIRE(master->engine().apply(++ticket, std::move(change)).ok());
    REQUIRE(master->answer(ticket).ok());
    master->engine().heartbeat();
  }
  CHECK(shared->view.load().view.state == vrrp::State::kActive);
  CHECK((*installed)[0].load());

  master.reset();
  CHECK(backup.wait_for(1, vrrp::State::kActive));
  CHECK(backup.wait_for(kRouters, vrrp::State::kActive));
  CHECK_FALSE(a.run("ip -o address show | grep -q 10.0.9."));
  backup.engine().request_stop(99);
  CHECK(backup.answer(99).ok());
  backup.engine().stop();
  CHECK_FALSE(b.run("ip -o address show | grep -q 10.0.9."));
}

TEST_CASE("groups that the kernel refuses are not asked for again and again" *
          doctest::skip(!test::is_root())) {
  const test::Namespace a;
  const test::Namespace b;
  REQUIRE(a.run("echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6"));
  REQUIRE(a.run("echo 1 > /proc/sys/net/ipv4/igmp_max_memberships"));
  REQUIRE(test::join(a, b));
  constexpr int kRouters = 6;
  Driver driver(a.path());
  REQUIRE(driver.engine().start().ok());
  REQUIRE(driver.answer(0).ok());
  Transaction transaction = routers(kRouters, 200);
  for (RouterConfig& config : transaction.routers)
    config.multicast_group = IpAddr::v4({224, 0, 1, static_cast<std::uint8_t>(config.id)});
  const auto first = transaction.routers.front().shared;
  REQUIRE(driver.engine().apply(1, std::move(transaction)).ok());
  REQUIRE(driver.wait_for(1, vrrp::State::kActive));
  for (int i = 0; i < 20'000 && first->sent.get() < 30; ++i) ::usleep(1'000);
  CHECK(first->sent.get() >= 30);
  driver.engine().request_stop(9);
  REQUIRE(driver.answer(9).ok());
  const auto refusals = std::ranges::count(driver.events(), EventKind::kWarning, &Event::kind);
  CHECK(refusals >= kRouters - 1);
  // News of the link may have come meanwhile, and is a reason to ask once more.
  CHECK(refusals <= 5 * (kRouters - 1));
}

TEST_CASE("a transaction with a mistake does nothing and says what is wrong" *
          doctest::skip(!test::is_root())) {
  const test::Namespace a;
  REQUIRE(a.is_ok());
  Driver driver(a.path());
  REQUIRE(driver.engine().start().ok());
  REQUIRE(driver.answer(0).ok());
  Transaction transaction = routers(2, 100);
  transaction.routers[1].params.vrid = 1;
  REQUIRE(driver.engine().apply(1, std::move(transaction)).ok());
  const auto answer = driver.answer(1);
  REQUIRE_FALSE(answer.ok());
  CHECK(answer.error().code == Errc::kExists);
  CHECK(answer.error().detail == "VR2: VRID 1 on eth0 is used by VR1 already");
  Transaction removal;
  removal.remove.push_back(1);
  REQUIRE(driver.engine().apply(2, std::move(removal)).ok());
  CHECK_FALSE(driver.answer(2).ok());
}

TEST_CASE("when the process to leave with ends, every router leaves while its owner does nothing" *
          doctest::skip(!test::is_root())) {
  const test::Namespace a;
  const test::Namespace b;
  REQUIRE(test::join(a, b));
  const pid_t companion = ::fork();
  if (companion == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) ::pause();
  }
  // A busy machine must not make anybody fall silent.
  const auto patient = [](int priority, bool is_active) {
    Transaction transaction = routers(3, priority);
    for (RouterConfig& config : transaction.routers) {
      config.params.advert_interval = Micros{1'000'000};
      config.params.start_active = is_active;
    }
    return transaction;
  };
  Driver master(a.path(), companion);
  REQUIRE(master.engine().start().ok());
  REQUIRE(master.answer(0).ok());
  REQUIRE(master.engine().apply(1, patient(200, true)).ok());
  for (vrrp::RouterId id = 1; id <= 3; ++id) REQUIRE(master.wait_for(id, vrrp::State::kActive));
  Driver backup(b.path());
  REQUIRE(backup.engine().start().ok());
  REQUIRE(backup.answer(0).ok());
  REQUIRE(backup.engine().apply(1, patient(100, false)).ok());
  for (vrrp::RouterId id = 1; id <= 3; ++id) REQUIRE(backup.wait_for(id, vrrp::State::kBackup));

  REQUIRE(::kill(companion, SIGKILL) == 0);
  for (vrrp::RouterId id = 1; id <= 3; ++id) CHECK(backup.wait_for(id, vrrp::State::kActive));
  const auto took_over = [](const Event& event) {
    return event.kind == EventKind::kTransition && event.to == vrrp::State::kActive &&
           event.cause.kind == vrrp::CauseKind::kPeerLeft;
  };
  CHECK(std::ranges::count_if(backup.events(), took_over) == 3);
  bool is_clean = false;
  for (int i = 0; i < 1000 && !is_clean; ++i) {
    is_clean = a.run("! ip -o address show | grep -q ' 10.0.9.'");
    if (!is_clean) ::usleep(10'000);
  }
  CHECK(is_clean);
  CHECK(master.wait_for(1, vrrp::State::kInitialize));
  master.engine().request_stop(9);
  CHECK(master.answer(9).ok());
  REQUIRE(::waitpid(companion, nullptr, 0) == companion);
}

TEST_CASE("an engine does not start when the process to leave with is gone" *
          doctest::skip(!test::is_root())) {
  const test::Namespace a;
  const pid_t companion = ::fork();
  if (companion == 0) ::_exit(0);
  REQUIRE(::waitpid(companion, nullptr, 0) == companion);
  Driver driver(a.path(), companion);
  REQUIRE(driver.engine().start().ok());
  const auto answer = driver.answer(0);
  REQUIRE_FALSE(answer.ok());
  CHECK(answer.error().code == Errc::kNotFound);
}

TEST_CASE("an engine that was stopped answers nothing more") {
  Engine engine({}, [] {});
  engine.stop();
  CHECK(engine.start().error().code == Errc::kClosed);
  CHECK(engine.apply(1, {}).error().code == Errc::kClosed);
}

}  // namespace
}  // namespace ka::engine
