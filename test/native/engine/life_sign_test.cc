// The sign of life that outlasts an engine: moves while it runs, says so when it left in order.
#include "native/engine/life_sign.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>

#include "native/engine/clock.h"
#include "native/net/fd.h"
#include "test/native/engine/driver.h"
#include "test/native/engine/namespaces.h"

namespace ka::engine {
namespace {

/// A file without a name.
Fd file_of(std::size_t size) {
  std::string path = "/tmp/ka-life-XXXXXX";
  Fd fd(::mkstemp(path.data()));
  REQUIRE(fd.valid());
  ::unlink(path.c_str());
  REQUIRE(::ftruncate(fd.get(), static_cast<off_t>(size)) == 0);
  return fd;
}

/// As another process reads it.
std::array<std::int64_t, 2> read_times(const Fd& fd) {
  std::array<std::int64_t, 2> times{};
  REQUIRE(::pread(fd.get(), times.data(), sizeof times, 0) == sizeof times);
  return times;
}

TEST_CASE("an engine's sign of life moves with its adverts, and is gone when it has left" *
          doctest::skip(!test::is_root())) {
  const test::Namespace a;
  const test::Namespace b;
  REQUIRE(test::join(a, b));
  const Fd file = file_of(16);
  Options options;
  options.netns = a.path();
  options.life_sign_fd = file.get();
  test::Driver driver(std::move(options));
  REQUIRE(driver.engine().start().ok());
  REQUIRE(driver.answer(0).ok());
  const std::int64_t began = monotonic_now().time_since_epoch().count();
  Transaction transaction = test::routers(1, 200);
  const auto shared = transaction.routers.front().shared;
  REQUIRE(driver.engine().apply(1, std::move(transaction)).ok());
  REQUIRE(driver.wait_for(1, vrrp::State::kActive));
  const std::uint64_t sent = shared->sent.get();
  for (int i = 0; i < 20'000 && shared->sent.get() < sent + 5; ++i) ::usleep(1'000);
  const auto times = read_times(file);
  CHECK(times[0] > began);
  CHECK(times[0] <= monotonic_now().time_since_epoch().count());
  CHECK(times[1] > 1'600'000'000'000'000'000);
  driver.engine().stop();
  CHECK(read_times(file) == std::array<std::int64_t, 2>{});
}

TEST_CASE("a sign of life wants a file that is large enough") {
  const Fd small = file_of(15);
  const Fd nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
  for (const Fd* fd : {&small, &nothing}) {
    const auto refused = LifeSign::open(fd->get());
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code == Errc::kInvalidArgument);
  }
  LifeSign none;
  none.beat(monotonic_now(), 1);  // no file, no effect
}

}  // namespace
}  // namespace ka::engine
