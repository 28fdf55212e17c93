// The engine without JavaScript: two of them on real links, driven and read from another thread as JavaScript
// would do it. Under ThreadSanitizer this is the proof that both sides share nothing that they must not.
#include "native/engine/engine.h"

#include <doctest/doctest.h>
#include <semaphore.h>

#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "test/native/engine/namespaces.h"

namespace ka::engine {
namespace {

/// Owner of an engine, woken as the JavaScript thread is.
class Driver {
 public:
  explicit Driver(const std::string& netns) : engine_(options(netns), [this] { ::sem_post(&wakes_); }) {
    ::sem_init(&wakes_, 0, 0);
  }
  ~Driver() {
    engine_.stop();
    ::sem_destroy(&wakes_);
  }
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  Engine& engine() { return engine_; }
  [[nodiscard]] const std::vector<Event>& events() const { return events_; }

  /// Waits until an answer with `ticket` has come.
  Result<void> answer(std::uint64_t ticket) {
    while (true) {
      for (auto& answer : answers_) {
        if (answer.ticket == ticket) return answer.result;
      }
      if (!wait()) return Error{Errc::kClosed, "wait", 0, "no answer came"};
    }
  }
  bool wait_for(vrrp::RouterId id, vrrp::State to) {
    while (true) {
      for (const Event& event : events_) {
        if (event.kind == EventKind::kTransition && event.router == id && event.to == to) return true;
      }
      if (!wait()) return false;
    }
  }

 private:
  static Options options(const std::string& netns) {
    Options options;
    options.netns = netns;
    return options;
  }
  bool wait() {
    timespec until{};
    ::clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 20;
    if (::sem_timedwait(&wakes_, &until) != 0) return false;
    engine_.woken();
    for (auto& answer : engine_.take_answers()) answers_.push_back(std::move(answer));
    Event event;
    while (engine_.next_event(event)) events_.push_back(event);
    return true;
  }

  sem_t wakes_{};
  std::vector<Event> events_;
  std::vector<Answer> answers_;
  Engine engine_;  // last: it calls back until it is gone
};

RouterConfig router(vrrp::RouterId id, int priority) {
  RouterConfig config;
  config.id = id;
  config.name = "VR" + std::to_string(id);
  config.interface = "eth0";
  config.priority_sum = priority;
  config.params.vrid = static_cast<Vrid>(id);
  config.params.version = vrrp::Version::kV3;
  config.params.advert_interval = Micros{20'000};
  config.params.announce.repeat = 1;
  config.multicast_group = IpAddr::v4({224, 0, 0, 18});
  VirtualAddress address;
  address.prefix = {IpAddr::v4({10, 0, 9, static_cast<std::uint8_t>(id)}), 32};
  address.dev = "eth0";
  config.addresses.push_back(address);
  config.shared = std::make_shared<RouterShared>();
  config.installed = std::make_shared<InstalledFlags>(1);
  return config;
}

Transaction routers(int count, int priority) {
  Transaction transaction;
  for (int id = 1; id <= count; ++id) {
    transaction.routers.push_back(router(static_cast<vrrp::RouterId>(id), priority));
  }
  return transaction;
}

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

TEST_CASE("an engine that was stopped answers nothing more") {
  Engine engine({}, [] {});
  engine.stop();
  CHECK(engine.start().error().code == Errc::kClosed);
  CHECK(engine.apply(1, {}).error().code == Errc::kClosed);
}

}  // namespace
}  // namespace ka::engine
