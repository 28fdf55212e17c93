// What the engine's thread does not do: allocate while it sends and hears adverts, or lose its addresses when
// the kernel drops what it had to say.
#include <dirent.h>
#include <doctest/doctest.h>
#include <linux/netlink.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <new>
#include <string>
#include <vector>

#include "test/native/engine/driver.h"
#include "test/native/engine/namespaces.h"

namespace {

/// Threads whose allocations are counted; 0: a free place.
std::array<std::atomic<pid_t>, 4> watched{};
std::atomic<bool> is_watching{false};
std::atomic<std::size_t> allocations{0};

void* counted(std::size_t size, std::size_t alignment = 0) {
  if (is_watching.load(std::memory_order_relaxed)) {
    const pid_t self = ::gettid();
    for (const auto& thread : watched) {
      if (thread.load(std::memory_order_relaxed) == self) allocations.fetch_add(1);
    }
  }
  const std::size_t wanted = size == 0 ? 1 : size;
  void* memory = alignment == 0
                     ? std::malloc(wanted)
                     : std::aligned_alloc(alignment, (wanted + alignment - 1) / alignment * alignment);
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
void* operator new(std::size_t size, std::align_val_t alignment) {
  return counted(size, static_cast<std::size_t>(alignment));
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
void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}

namespace ka::engine {
namespace {

using test::Driver;
using vrrp::State;

/// Entries of a folder of /proc.
std::vector<std::string> entries(const char* path) {
  std::vector<std::string> names;
  DIR* folder = ::opendir(path);
  if (folder == nullptr) return names;
  while (const dirent* entry = ::readdir(folder)) {
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  }
  ::closedir(folder);
  return names;
}

std::vector<pid_t> engine_threads() {
  std::vector<pid_t> found;
  for (const std::string& tid : entries("/proc/self/task")) {
    std::ifstream file("/proc/self/task/" + tid + "/comm");
    std::string name;
    if (std::getline(file, name) && name == "ka-engine") found.push_back(std::stoi(tid));
  }
  return found;
}

/// The rtnetlink sockets of this process that listen to groups (`monitors`), or those that do not.
std::vector<int> route_sockets(bool monitors) {
  std::vector<int> found;
  for (const std::string& name : entries("/proc/self/fd")) {
    const int fd = std::stoi(name);
    sockaddr_nl local{};
    socklen_t size = sizeof local;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&local), &size) != 0) continue;
    if (local.nl_family == AF_NETLINK && (local.nl_groups != 0) == monitors) found.push_back(fd);
  }
  return found;
}

void set_receive_buffer(int fd, int bytes) {
  REQUIRE(::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) == 0);
}

/// Polls: neither side tells when a counter moves.
template <typename Condition>
bool comes_true(Condition condition) {
  for (int i = 0; i < 20'000; ++i) {
    if (condition()) return true;
    ::usleep(1'000);
  }
  return false;
}

TEST_CASE("adverts are sent and heard without allocating" * doctest::skip(!test::is_root())) {
  const test::Namespace a;
  const test::Namespace b;
  // A link-local address that appears meanwhile is news of a link, for which there is no such promise.
  for (const test::Namespace* side : {&a, &b})
    REQUIRE(side->run("echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6"));
  REQUIRE(test::join(a, b));
  Driver backup(b.path());
  Driver master(a.path());
  REQUIRE(backup.engine().start().ok());
  REQUIRE(backup.answer(0).ok());
  REQUIRE(master.engine().start().ok());
  REQUIRE(master.answer(0).ok());
  Transaction better = test::routers(5, 200);
  Transaction worse = test::routers(5, 100);
  std::vector<std::shared_ptr<RouterShared>> shared;
  for (Transaction* side : {&better, &worse}) {
    for (RouterConfig& config : side->routers) {
      config.params.advert_interval = Micros{100'000};
      shared.push_back(config.shared);
    }
  }
  const auto sent = better.routers.back().shared;
  const auto heard = worse.routers.back().shared;
  REQUIRE(master.engine().apply(1, std::move(better)).ok());
  REQUIRE(master.wait_for(5, State::kActive));
  REQUIRE(backup.engine().apply(1, std::move(worse)).ok());
  REQUIRE(backup.wait_for(5, State::kBackup));
  // First uses of libc and of containers are behind both.
  REQUIRE(comes_true([&] { return heard->received.get() > 5 && sent->announced.get() > 0; }));

  const auto threads = engine_threads();
  REQUIRE(threads.size() == 2);
  for (std::size_t i = 0; i < threads.size(); ++i) watched[i].store(threads[i]);
  const auto transitions = [&] {
    std::uint64_t count = 0;
    for (const auto& side : shared) count += side->became_active.get() + side->released_active.get();
    return count;
  };
  // A machine that is too busy for 100 ms makes the backup take over, which may allocate: then once more.
  bool is_steady = false;
  for (int i = 0; i < 50 && !is_steady; ++i) {
    const std::uint64_t before = transitions();
    const std::uint64_t sent_before = sent->sent.get();
    const std::uint64_t heard_before = heard->received.get();
    allocations = 0;
    is_watching = true;
    REQUIRE(comes_true([&] { return sent->sent.get() > sent_before + 10; }));
    REQUIRE(comes_true([&] { return heard->received.get() > heard_before + 10; }));
    is_watching = false;
    is_steady = transitions() == before;
  }
  CHECK(is_steady);
  CHECK(allocations.load() == 0);

  // The counter sees an allocation: a transaction is taken apart on the engine's thread.
  is_watching = true;
  REQUIRE(master.engine().apply(2, test::routers(5, 201)).ok());
  REQUIRE(master.answer(2).ok());
  is_watching = false;
  CHECK(allocations.load() > 0);
  for (auto& thread : watched) thread.store(0);
}

TEST_CASE("changes that the kernel drops are found by a new list, and the address is put back" *
          doctest::skip(!test::is_root())) {
  const test::Namespace a;
  const test::Namespace b;
  REQUIRE(test::join(a, b));
  // The kernel deletes the secondaries of a subnet together with its first address, at one instant.
  REQUIRE(
      a.run("echo 0 > /proc/sys/net/ipv4/conf/all/promote_secondaries && "
            "echo 0 > /proc/sys/net/ipv4/conf/eth0/promote_secondaries && "
            "for i in $(seq 100 200); do echo address add 10.0.9.$i/24 dev eth0; done | ip -batch -"));
  Driver driver(a.path());
  REQUIRE(driver.engine().start().ok());
  REQUIRE(driver.answer(0).ok());
  Transaction transaction = test::routers(1, 200);
  transaction.routers.front().addresses.front().prefix.length = 24;
  const auto installed = transaction.routers.front().installed;
  REQUIRE(driver.engine().apply(1, std::move(transaction)).ok());
  REQUIRE(driver.wait_for(1, State::kActive));
  REQUIRE(comes_true([&] { return (*installed)[0].load(); }));

  const auto monitors = route_sockets(true);
  REQUIRE(monitors.size() == 1);
  // Room for a notification or two.
  set_receive_buffer(monitors[0], 1);
  // The kernel waits for readers that are slow; the engine shall not run until it is done.
  const auto threads = engine_threads();
  REQUIRE(threads.size() == 1);
  cpu_set_t first;
  CPU_ZERO(&first);
  CPU_SET(0, &first);
  REQUIRE(::sched_setaffinity(threads[0], sizeof first, &first) == 0);
  REQUIRE(a.run("taskset -c 0 chrt -f 50 ip address del 10.0.9.100/24 dev eth0"));
  set_receive_buffer(monitors[0], 1 << 20);
  REQUIRE(comes_true([&] { return driver.engine().shared().netlink_overruns.get() > 0; }));
  CHECK(comes_true([&] { return a.run("ip -o address show dev eth0 | grep -q ' 10.0.9.1/24'"); }));
  CHECK(comes_true([&] { return (*installed)[0].load(); }));
  for (const Event& event : driver.events()) {
    if (event.kind == EventKind::kTransition) CHECK(event.from != State::kActive);
  }
}

TEST_CASE("answers that the kernel drops are asked for again: all addresses come, and all go" *
          doctest::skip(!test::is_root())) {
  const test::Namespace a;
  const test::Namespace b;
  REQUIRE(test::join(a, b));
  Driver driver(a.path());
  REQUIRE(driver.engine().start().ok());
  REQUIRE(driver.answer(0).ok());
  // Those that ask for addresses and for routes, the one that reads lists, and the one that would watch
  // routes.
  const auto askers = route_sockets(false);
  REQUIRE(askers.size() == 4);
  for (const int asker : askers) set_receive_buffer(asker, 1);  // room for an answer or two

  constexpr std::uint8_t kAddresses = 100;
  Transaction transaction = test::routers(1, 200);
  RouterConfig& config = transaction.routers.front();
  const VirtualAddress first = config.addresses.front();
  config.addresses.clear();
  for (std::uint8_t i = 1; i <= kAddresses; ++i) {
    VirtualAddress address = first;
    address.prefix = {IpAddr::v4({10, 0, 9, i}), 32};
    config.addresses.push_back(address);
  }
  config.installed = std::make_shared<InstalledFlags>(kAddresses);
  const auto installed = config.installed;
  REQUIRE(driver.engine().apply(1, std::move(transaction)).ok());
  const auto all = [&] {
    for (const auto& flag : *installed) {
      if (!flag.load()) return false;
    }
    return true;
  };
  CHECK(comes_true(all));
  CHECK(a.run("test $(ip -o -4 address show dev eth0 | grep -c ' 10.0.9.') = 100"));
  driver.engine().stop();
  CHECK_FALSE(a.run("ip -o address show | grep -q ' 10.0.9.'"));
}

}  // namespace
}  // namespace ka::engine
