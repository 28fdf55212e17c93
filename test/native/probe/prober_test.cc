// Probes against sockets of this process on the loopback: what ends how, and that nothing is left behind.
#include "native/probe/prober.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <string>
#include <thread>

#include "test/native/reports.h"

namespace ka::probe {
namespace {

using Reports = test::Reports<Report>;

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) { REQUIRE(fd_ >= 0); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() { ::close(fd_); }
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
};

/// A socket bound to a free port of 127.0.0.1.
class Bound : public Socket {
 public:
  explicit Bound(int type) : Socket(::socket(AF_INET, type | SOCK_CLOEXEC, 0)) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::bind(fd(), reinterpret_cast<sockaddr*>(&in), sizeof in) == 0);
    socklen_t length = sizeof in;
    REQUIRE(::getsockname(fd(), reinterpret_cast<sockaddr*>(&in), &length) == 0);
    port_ = ntohs(in.sin_port);
    if (type == SOCK_STREAM) REQUIRE(::listen(fd(), 16) == 0);
  }
  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  std::uint16_t port_ = 0;
};

Spec spec_of(std::uint32_t id, Kind kind, std::uint16_t port) {
  Spec spec;
  spec.id = id;
  spec.kind = kind;
  spec.address = IpAddr::v4({127, 0, 0, 1});
  spec.port = port;
  spec.timeout_ms = 30'000;
  return spec;
}

std::vector<std::uint8_t> bytes_of(const std::string& text) {
  return {text.begin(), text.end()};
}

std::unique_ptr<Prober> start(Reports& reports) {
  auto prober = Prober::start("", reports.sink());
  REQUIRE(prober.ok());
  return std::move(prober.value());
}

void submit(Prober& prober, Spec&& spec) {
  std::vector<Spec> specs;
  specs.push_back(std::move(spec));
  prober.submit(std::move(specs));
}

std::size_t open_descriptors() {
  std::size_t count = 0;
  DIR* dir = ::opendir("/proc/self/fd");
  REQUIRE(dir != nullptr);
  while (::readdir(dir) != nullptr) ++count;
  ::closedir(dir);
  return count;
}

/// Takes one connection, reads the request, and says `reply` as often as the other side takes it, `times` at
/// most.
void serve(const Bound& listener, const std::string& reply, int times) {
  const Socket peer(::accept(listener.fd(), nullptr, nullptr));
  std::array<char, 1024> request{};
  REQUIRE(::recv(peer.fd(), request.data(), request.size(), 0) > 0);
  for (int i = 0; i < times; ++i)
    if (::send(peer.fd(), reply.data(), reply.size(), MSG_NOSIGNAL) < 0) return;
}

Report http(const std::string& reply, int times) {
  Reports reports;
  const Bound listener(SOCK_STREAM);
  std::thread server([&] { serve(listener, reply, times); });
  const auto prober = start(reports);
  Spec spec = spec_of(1, Kind::kHttp, listener.port());
  spec.payload = bytes_of("GET / HTTP/1.0\r\n\r\n");
  spec.total_ms = 60'000;
  submit(*prober, std::move(spec));
  Report report = reports.wait_for(1);
  server.join();
  return report;
}

}  // namespace

TEST_CASE("a TCP probe ends with the connection, or with what the peer said") {
  Reports reports;
  const Bound listener(SOCK_STREAM);
  std::uint16_t dead = 0;
  {
    const Bound gone(SOCK_STREAM);
    dead = gone.port();
  }
  const auto prober = start(reports);
  submit(*prober, spec_of(1, Kind::kTcp, listener.port()));
  CHECK(reports.wait_for(1).outcome == Outcome::kOk);
  submit(*prober, spec_of(2, Kind::kTcp, dead));
  const Report refused = reports.wait_for(2);
  CHECK(refused.outcome == Outcome::kFailed);
  CHECK(refused.err_no == ECONNREFUSED);
  Spec elsewhere = spec_of(3, Kind::kTcp, listener.port());
  elsewhere.has_source = true;
  elsewhere.source = IpAddr::v4({192, 0, 2, 99});
  submit(*prober, std::move(elsewhere));
  const Report unusable = reports.wait_for(3);
  CHECK(unusable.outcome == Outcome::kUnusable);
  CHECK(std::string(unusable.op) == "bind");
}

TEST_CASE("a connection is handed over when asked for, and is the receiver's") {
  Reports reports;
  const Bound listener(SOCK_STREAM);
  const auto prober = start(reports);
  Spec spec = spec_of(1, Kind::kTcp, listener.port());
  spec.keep_fd = true;
  submit(*prober, std::move(spec));
  const Socket ours(reports.wait_for(1).fd);
  const Socket theirs(::accept(listener.fd(), nullptr, nullptr));
  REQUIRE(::send(ours.fd(), "x", 1, 0) == 1);
  char byte = 0;
  CHECK(::recv(theirs.fd(), &byte, 1, 0) == 1);
  CHECK(byte == 'x');
}

TEST_CASE("a UDP probe takes the reply that passes its filter, cut at the limit, and times out without one") {
  Reports reports;
  const Bound peer(SOCK_DGRAM);
  const auto prober = start(reports);
  Spec spec = spec_of(1, Kind::kUdp, peer.port());
  spec.payload = bytes_of("ask");
  spec.match = {0x5a};
  spec.match_mask = {0xff};
  submit(*prober, std::move(spec));
  std::array<char, 16> question{};
  sockaddr_in from{};
  socklen_t length = sizeof from;
  REQUIRE(::recvfrom(peer.fd(), question.data(), question.size(), 0, reinterpret_cast<sockaddr*>(&from),
                     &length) == 3);
  const auto answer = [&](const std::vector<std::uint8_t>& bytes) {
    REQUIRE(::sendto(peer.fd(), bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&from), length) >=
            0);
  };
  answer({});
  answer({0x00, 0x01});
  std::vector<std::uint8_t> huge(60'000, 0x5a);
  answer(huge);
  const Report report = reports.wait_for(1);
  CHECK(report.outcome == Outcome::kOk);
  CHECK(report.reply.size() == kMaxReply);
  CHECK(report.reply_length == 60'000);
  Spec silent = spec_of(2, Kind::kUdp, peer.port());
  silent.payload = bytes_of("ask");
  silent.timeout_ms = 20;
  submit(*prober, std::move(silent));
  CHECK(reports.wait_for(2).outcome == Outcome::kTimeout);
}

TEST_CASE("the loopback answers echoes in both families") {
  Reports reports;
  const auto prober = start(reports);
  Spec v4 = spec_of(1, Kind::kPing, 0);
  v4.payload = bytes_of("hello");
  submit(*prober, std::move(v4));
  CHECK(reports.wait_for(1).outcome == Outcome::kOk);
  Spec v6 = spec_of(2, Kind::kPing, 0);
  std::array<std::uint8_t, 16> loopback{};
  loopback[15] = 1;
  v6.address = IpAddr::v6(loopback);
  v6.payload = bytes_of("hello");
  submit(*prober, std::move(v6));
  CHECK(reports.wait_for(2).outcome == Outcome::kOk);
}

TEST_CASE("an HTTP reply is told by its head and the length of its body") {
  const Report report = http("HTTP/1.0 200 OK\r\nX: y\r\n\r\nhello", 1);
  CHECK(report.outcome == Outcome::kOk);
  CHECK(std::string(report.reply.begin(), report.reply.end()) == "HTTP/1.0 200 OK\r\nX: y\r\n\r\n");
  CHECK(report.reply_length == 5);
}

TEST_CASE("headers and bodies without end are cut off") {
  for (const std::string& reply : {std::string(100'000, 'h'), "\r\n\r\n" + std::string(100'000, 'b')}) {
    const Report report = http(reply, 100'000);
    CHECK(report.outcome == Outcome::kFailed);
    CHECK(report.err_no == EMSGSIZE);
  }
}

TEST_CASE("a vigil repeats itself until another end comes, and can be asked meanwhile") {
  Reports reports;
  const auto prober = start(reports);
  {
    const Bound listener(SOCK_STREAM);
    Spec spec = spec_of(1, Kind::kTcp, listener.port());
    spec.interval_ms = 5;
    submit(*prober, std::move(spec));
    for (int i = 0; i < 5; ++i) const Socket peer(::accept(listener.fd(), nullptr, nullptr));
    CHECK(prober->pulse(1).has_value());
    CHECK_FALSE(reports.has(1));
  }
  // One may have been on its way when the listener went.
  const int err_no = reports.wait_for(1).err_no;
  CHECK((err_no == ECONNREFUSED || err_no == ECONNRESET));
  CHECK_FALSE(prober->pulse(1).has_value());
}

TEST_CASE("cancelled probes and those of a prober that ends report nothing and leave no descriptor") {
  const std::size_t before = open_descriptors();
  {
    Reports reports;
    const Bound silent(SOCK_DGRAM);
    const auto prober = start(reports);
    std::vector<Spec> specs;
    for (std::uint32_t id = 1; id <= 200; ++id) {
      specs.push_back(spec_of(id, Kind::kUdp, silent.port()));
      specs.back().payload = bytes_of("x");
      if (id % 2 == 0) specs.back().interval_ms = 1;
    }
    prober->submit(std::move(specs));
    for (std::uint32_t id = 1; id <= 100; ++id) prober->cancel(id);
    // Whatever was submitted before has been taken when this one ends.
    const Bound listener(SOCK_STREAM);
    submit(*prober, spec_of(1'000, Kind::kTcp, listener.port()));
    CHECK(reports.wait_for(1'000).outcome == Outcome::kOk);
    for (std::uint32_t id = 1; id <= 200; ++id) CHECK_FALSE(reports.has(id));
  }
  CHECK(open_descriptors() == before);
}

}  // namespace ka::probe
