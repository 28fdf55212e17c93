// Thousands of addresses through the real kernel, in few system calls, each error tied to its request.
#include "native/net/address.h"

#include <doctest/doctest.h>
#include <poll.h>

#include <cerrno>
#include <map>
#include <vector>

#include "native/net/monitor.h"
#include "test/native/engine/namespaces.h"

namespace ka::net {
namespace {

struct Recorder final : MonitorSink {
  void list_begin() override { ++lists; }
  void list_end() override {}
  void link_present(const Link& link) override { links[link.name] = link; }
  void link_gone(IfIndex) override {}
  void address_present(const KernelAddress&, Origin origin) override { ++present[origin.port]; }
  void address_gone(const KernelAddress&, Origin origin) override { ++gone[origin.port]; }

  std::map<std::string, Link> links;
  std::map<std::uint32_t, int> present;
  std::map<std::uint32_t, int> gone;
  int lists = 0;
};

/// Reads and takes the list that a monitor wants.
void list(Monitor& monitor, Lister& lister, Recorder& recorder) {
  REQUIRE(monitor.drain(recorder, 64));
  REQUIRE(monitor.wants_list());
  auto found = lister.read();
  REQUIRE(found.ok());
  monitor.take_list(*found, recorder);
  CHECK_FALSE(monitor.wants_list());
}

void drain_until(Monitor& monitor, Recorder& recorder, const std::function<bool()>& done) {
  while (!done()) {
    monitor.drain(recorder, 64);
    if (done()) return;
    pollfd waiting{monitor.fd(), POLLIN, 0};
    REQUIRE(::poll(&waiting, 1, 10'000) == 1);
  }
}

Address numbered(IfIndex link, int i) {
  Address address;
  address.link = link;
  address.prefix = {IpAddr::v4({10, 7, static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)}), 32};
  return address;
}

TEST_CASE("4,000 addresses go in and out, and the monitor knows who moved them" *
          doctest::skip(!test::is_root())) {
  const test::Namespace space;
  REQUIRE(space.is_ok());
  REQUIRE(space.run("ip link set lo up"));
  space.enter();
  auto monitor = Monitor::open();
  auto lister = Lister::open();
  auto socket = NlSocket::open(NETLINK_ROUTE, 4 << 20);
  space.leave();
  REQUIRE(monitor.ok());
  REQUIRE(lister.ok());
  REQUIRE(socket.ok());
  Recorder recorder;
  list(*monitor, *lister, recorder);
  REQUIRE(recorder.links.contains("lo"));
  const IfIndex lo = recorder.links["lo"].index;

  constexpr int kCount = 4000;
  NlPipeline pipeline(std::move(*socket));
  std::vector<Completion> done;
  for (int i = 0; i < kCount; ++i) {
    pipeline.queue(add_address(numbered(lo, i)), static_cast<std::uint64_t>(i));
    if (i % 64 == 63 || i + 1 == kCount) {
      pipeline.flush(done);
      pipeline.collect(done);
    }
  }
  REQUIRE(done.size() == kCount);
  for (int i = 0; i < kCount; ++i) {
    CHECK(done[static_cast<std::size_t>(i)].cookie == static_cast<std::uint64_t>(i));
    CHECK(done[static_cast<std::size_t>(i)].err_no == 0);
  }
  drain_until(*monitor, recorder, [&] { return recorder.present[pipeline.port()] == kCount; });

  done.clear();
  pipeline.queue(add_address(numbered(lo, 7)), 1);
  pipeline.queue(delete_address(numbered(lo, 8)), 2);
  pipeline.queue(delete_address(numbered(lo, 8)), 3);
  pipeline.queue(add_address(numbered(0x7ffffff, 9)), 4);
  pipeline.flush(done);
  pipeline.collect(done);
  REQUIRE(done.size() == 4);
  CHECK(done[0].err_no == EEXIST);
  CHECK(done[1].err_no == 0);
  CHECK(done[2].err_no == EADDRNOTAVAIL);
  CHECK(done[3].err_no == ENODEV);
  CHECK(pipeline.idle());
  drain_until(*monitor, recorder, [&] { return recorder.gone[pipeline.port()] == 1; });
  CHECK(recorder.lists == 1);
  // 3,999 of them are in a list.
  auto all = lister->read();
  REQUIRE(all.ok());
  const int before = recorder.present[0] + recorder.present[pipeline.port()];
  monitor->take_list(*all, recorder);
  int after = 0;
  for (const auto& [port, count] : recorder.present) after += count;
  CHECK(after - before >= kCount - 1);
}

TEST_CASE("a lost change leads to a new list" * doctest::skip(!test::is_root())) {
  const test::Namespace space;
  REQUIRE(space.is_ok());
  space.enter();
  auto monitor = Monitor::open();
  auto lister = Lister::open();
  space.leave();
  REQUIRE(monitor.ok());
  REQUIRE(lister.ok());
  Recorder recorder;
  list(*monitor, *lister, recorder);
  REQUIRE(recorder.lists == 1);
  // Less room than one notification needs.
  const int tiny = 1;
  REQUIRE(::setsockopt(monitor->fd(), SOL_SOCKET, SO_RCVBUF, &tiny, sizeof tiny) == 0);
  REQUIRE(space.run(
      "ip link set lo up && for i in 1 2 3 4 5 6 7 8 9; do ip address add 10.8.0.$i/32 dev lo; done"));
  drain_until(*monitor, recorder, [&] { return monitor->overruns() > 0; });
  const int large = 1 << 20;
  REQUIRE(::setsockopt(monitor->fd(), SOL_SOCKET, SO_RCVBUF, &large, sizeof large) == 0);
  list(*monitor, *lister, recorder);
  CHECK(recorder.lists == 2);
  CHECK(recorder.links["lo"].is_up());
}

}  // namespace
}  // namespace ka::net
