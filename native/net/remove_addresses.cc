#include "native/net/remove_addresses.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "native/net/address.h"
#include "native/net/fd.h"
#include "native/net/listing.h"
#include "native/net/nl.h"

namespace ka::net {
namespace {

constexpr int kReceiveBuffer = 1 << 20;
/// Requests of one system call.
constexpr std::size_t kAtOnce = 128;

/// The addresses of this namespace that bear our mark. Errors: those of Lister.
Result<std::vector<KernelAddress>> marked_addresses() {
  auto lister = Lister::open();
  if (!lister) return lister.error();
  auto listing = lister->read();
  if (!listing) return listing.error();
  std::vector<KernelAddress> marked;
  for_each_message(*listing, [&](const nlmsghdr& header) {
    if (header.nlmsg_type != RTM_NEWADDR) return;
    const auto address = read_address(header);
    if (address && address->protocol == kProtocolKeepalived) marked.push_back(*address);
  });
  return marked;
}

/// In the namespace of the calling thread.
Result<std::size_t> remove_here(std::span<const NamedAddress> addresses) {
  auto socket = NlSocket::open(NETLINK_ROUTE, kReceiveBuffer);
  if (!socket) return socket.error();
  NlPipeline pipeline(std::move(*socket));
  std::vector<Completion> done;
  std::size_t asked = 0;
  std::vector<KernelAddress> marked;
  if (std::ranges::any_of(addresses, &NamedAddress::only_marked)) {
    auto found = marked_addresses();
    if (!found) return found.error();
    marked = std::move(*found);
  }
  for (const NamedAddress& each : addresses) {
    const unsigned index = ::if_nametoindex(each.dev.c_str());
    if (index == 0) continue;
    const auto is_it = [&](const KernelAddress& address) {
      return address.link == static_cast<IfIndex>(index) && address.prefix == each.prefix;
    };
    if (each.only_marked && std::ranges::none_of(marked, is_it)) continue;
    Address address;
    address.link = static_cast<IfIndex>(index);
    address.prefix = each.prefix;
    address.peer = each.peer;
    pipeline.queue(delete_address(address), asked);
    if (++asked % kAtOnce != 0) continue;
    pipeline.flush(done);
    pipeline.collect(done);
  }
  // The kernel has carried everything out when the call returns, and the answers are there.
  pipeline.flush(done);
  pipeline.collect(done);
  std::size_t removed = 0;
  for (const Completion& completion : done) {
    if (completion.err_no == 0) ++removed;
    if (completion.err_no != 0 && completion.err_no != EADDRNOTAVAIL)
      return kernel_error("RTM_DELADDR", completion.err_no, "addresses of a process that died");
  }
  return removed;
}

}  // namespace

Result<std::size_t> remove_addresses(const std::string& netns_path, std::span<const NamedAddress> addresses) {
  std::optional<Result<std::size_t>> result;
  // setns is for the whole rest of a thread's life.
  std::thread([&] {
    if (!netns_path.empty()) {
      const Fd netns(::open(netns_path.c_str(), O_RDONLY | O_CLOEXEC));
      if (!netns.valid() || ::setns(netns.get(), CLONE_NEWNET) != 0) {
        result = Error{.code = Errc::kNotFound,
                       .op = "setns",
                       .err_no = errno,
                       .detail = "network namespace " + netns_path};
        return;
      }
    }
    result = remove_here(addresses);
  }).join();
  return std::move(*result);
}

}  // namespace ka::net
