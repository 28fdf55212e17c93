// An engine's owner without JavaScript, for the native tests.
#pragma once

#include <semaphore.h>

#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "native/engine/engine.h"

namespace ka::test {

/// Owner of an engine, woken as the JavaScript thread is.
class Driver {
 public:
  explicit Driver(const std::string& netns, std::optional<pid_t> leave_with = {})
      : Driver(options(netns, leave_with)) {}
  explicit Driver(engine::Options options) : engine_(std::move(options), [this] { ::sem_post(&wakes_); }) {
    ::sem_init(&wakes_, 0, 0);
  }
  ~Driver() {
    engine_.stop();
    ::sem_destroy(&wakes_);
  }
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  engine::Engine& engine() { return engine_; }
  [[nodiscard]] const std::vector<engine::Event>& events() const { return events_; }

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
      for (const engine::Event& event : events_) {
        if (event.kind == engine::EventKind::kTransition && event.router == id && event.to == to) return true;
      }
      if (!wait()) return false;
    }
  }

 private:
  static engine::Options options(const std::string& netns, std::optional<pid_t> leave_with) {
    engine::Options options;
    options.netns = netns;
    options.leave_with = leave_with;
    return options;
  }
  bool wait() {
    timespec until{};
    ::clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 20;
    if (::sem_timedwait(&wakes_, &until) != 0) return false;
    engine_.woken();
    for (auto& answer : engine_.take_answers()) answers_.push_back(std::move(answer));
    engine::Event event;
    while (engine_.next_event(event)) events_.push_back(event);
    return true;
  }

  sem_t wakes_{};
  std::vector<engine::Event> events_;
  std::vector<engine::Answer> answers_;
  engine::Engine engine_;  // last: it calls back until it is gone
};

/// A version 3 router of 20 ms with one address, VRID and 10.0.9.ID by its number, on eth0.
inline engine::RouterConfig router(vrrp::RouterId id, int priority) {
  engine::RouterConfig config;
  config.id = id;
  config.name = "VR" + std::to_string(id);
  config.interface = "eth0";
  config.priority_sum = priority;
  config.params.vrid = static_cast<Vrid>(id);
  config.params.version = vrrp::Version::kV3;
  config.params.advert_interval = Micros{20'000};
  config.params.announce.repeat = 1;
  config.multicast_group = IpAddr::v4({224, 0, 0, 18});
  engine::VirtualAddress address;
  address.prefix = {IpAddr::v4({10, 0, 9, static_cast<std::uint8_t>(id)}), 32};
  address.dev = "eth0";
  config.addresses.push_back(address);
  config.shared = std::make_shared<engine::RouterShared>();
  config.installed = std::make_shared<engine::InstalledFlags>(1);
  return config;
}

inline engine::Transaction routers(int count, int priority) {
  engine::Transaction transaction;
  for (int id = 1; id <= count; ++id) {
    transaction.routers.push_back(router(static_cast<vrrp::RouterId>(id), priority));
  }
  return transaction;
}

}  // namespace ka::test
