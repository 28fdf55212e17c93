// The VRID filter, run by the kernel: a pair of Unix sockets filters like a raw socket does.
#include "native/engine/filter.h"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <vector>

namespace ka::engine {
namespace {

class FilteredPair {
 public:
  explicit FilteredPair(FilterProgram program) {
    REQUIRE(::socketpair(AF_UNIX, SOCK_DGRAM, 0, fds_) == 0);
    const sock_fprog attach{program.size, program.code.data()};
    REQUIRE(::setsockopt(fds_[1], SOL_SOCKET, SO_ATTACH_FILTER, &attach, sizeof attach) == 0);
  }
  ~FilteredPair() {
    ::close(fds_[0]);
    ::close(fds_[1]);
  }
  FilteredPair(const FilteredPair&) = delete;
  FilteredPair& operator=(const FilteredPair&) = delete;

  [[nodiscard]] bool passes(const std::vector<std::uint8_t>& packet) const {
    // A packet that the filter drops is an error to the sender, or silently gone.
    static_cast<void>(::send(fds_[0], packet.data(), packet.size(), MSG_DONTWAIT));
    std::uint8_t byte = 0;
    return ::recv(fds_[1], &byte, 1, MSG_DONTWAIT) > 0;
  }

 private:
  int fds_[2] = {-1, -1};
};

std::vector<std::uint8_t> packet(std::size_t header_words, std::uint8_t vrid) {
  std::vector<std::uint8_t> bytes(header_words * 4 + 12, 0);
  if (header_words > 0) bytes[0] = static_cast<std::uint8_t>(0x40 | header_words);
  bytes[header_words * 4 + 1] = vrid;
  return bytes;
}

TEST_CASE("exactly the chosen VRIDs pass, whatever options the IPv4 header has") {
  VridSet vrids;
  for (const unsigned vrid : {1U, 31U, 32U, 63U, 64U, 127U, 128U, 200U, 255U}) vrids.set(vrid);
  const FilteredPair v4(vrid_filter(Family::kIpv4, vrids));
  const FilteredPair v6(vrid_filter(Family::kIpv6, vrids));
  for (unsigned vrid = 0; vrid < 256; ++vrid) {
    const auto id = static_cast<std::uint8_t>(vrid);
    CAPTURE(vrid);
    CHECK(v4.passes(packet(5, id)) == vrids.test(vrid));
    CHECK(v4.passes(packet(15, id)) == vrids.test(vrid));
    CHECK(v6.passes(packet(0, id)) == vrids.test(vrid));
  }
}

TEST_CASE("packets too short for a VRID pass, to be counted") {
  const FilteredPair v4(vrid_filter(Family::kIpv4, {}));
  CHECK(v4.passes(std::vector<std::uint8_t>(27, 0x45)));
  CHECK_FALSE(v4.passes(packet(5, 7)));
}

}  // namespace
}  // namespace ka::engine
