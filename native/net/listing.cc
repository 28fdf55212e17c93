#include "native/net/listing.h"

#include <linux/rtnetlink.h>
#include <poll.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "native/net/address.h"
#include "native/net/link.h"

namespace ka::net {

namespace {

constexpr int kReceiveBuffer = 1024 * 1024;
constexpr int kPatienceMs = 10'000;
constexpr int kAttempts = 100;

}  // namespace

Result<Lister> Lister::open() {
  auto socket = NlSocket::open(NETLINK_ROUTE, kReceiveBuffer);
  if (!socket.ok()) return socket.error();
  return Lister(std::move(*socket));
}

Result<Listing> Lister::read() {
  Listing listing;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    listing.clear();
    Result<Part> part = append(list_links(), listing);
    if (part.ok() && *part == Part::kWhole) part = append(list_addresses(), listing);
    if (!part.ok()) return part.error();
    if (*part == Part::kWhole) return listing;
  }
  return kernel_error("RTM_GETLINK", EAGAIN, "the kernel's list of links never stood still");
}

Result<Lister::Part> Lister::append(const NlMessage& request, Listing& listing) {
  nlmsghdr* header = request.get();
  const std::uint32_t sequence = header->nlmsg_seq = socket_.next_sequence();
  header->nlmsg_pid = socket_.port();
  const auto sent = socket_.send({reinterpret_cast<const std::uint8_t*>(header), header->nlmsg_len});
  if (!sent.ok()) return sent.error();
  bool is_torn = false;
  std::optional<int> end;  // errno that the kernel ends the list with
  const auto take = [&](const nlmsghdr& message) {
    if (message.nlmsg_seq != sequence) return;  // of a list that was given up
    if ((message.nlmsg_flags & NLM_F_DUMP_INTR) != 0) is_torn = true;
    if (message.nlmsg_type == NLMSG_DONE) {
      end = 0;
    } else if (message.nlmsg_type == NLMSG_ERROR) {
      end = -reinterpret_cast<const nlmsgerr*>(&message + 1)->error;
    } else {
      const auto* bytes = reinterpret_cast<const std::uint8_t*>(&message);
      listing.insert(listing.end(), bytes, bytes + message.nlmsg_len);
      listing.resize(NLMSG_ALIGN(listing.size()));
    }
  };
  while (!end) {
    switch (socket_.receive()) {
      case Received::kData:
        for_each_message(socket_.data(), take);
        break;
      case Received::kNothing: {
        pollfd waiting{socket_.fd(), POLLIN, 0};
        if (::poll(&waiting, 1, kPatienceMs) == 0)
          return kernel_error("RTM_GETLINK", ETIMEDOUT, "the kernel did not list its links");
        break;
      }
      case Received::kOverrun:
        is_torn = true;
        break;
      case Received::kFailed:
        return kernel_error("RTM_GETLINK", errno, "the kernel's list of links cannot be read");
    }
  }
  // A list before this one has not ended yet.
  if (*end == EBUSY) return Part::kTorn;
  if (*end != 0) return kernel_error("RTM_GETLINK", *end, "the kernel refused to list its links");
  return is_torn ? Part::kTorn : Part::kWhole;
}

}  // namespace ka::net
