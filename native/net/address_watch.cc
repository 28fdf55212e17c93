#include "native/net/address_watch.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <future>
#include <map>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "native/net/monitor.h"

namespace ka::net {
namespace {

constexpr int kDatagramsAtOnce = 64;
/// A list that could not be read is tried again.
constexpr int kListAgainMs = 1000;

/// Keeps count of the links that have an address, and of what changed since it was last asked.
class Ledger final : public MonitorSink {
 public:
  void list_begin() override { listed_.emplace(); }
  void list_end() override {
    if (!listed_) return;
    for (const auto& [address, links] : present_)
      if (!listed_->contains(address)) changes_.push_back({.address = address, .is_present = false});
    for (const auto& [address, links] : *listed_)
      if (!present_.contains(address)) changes_.push_back({.address = address, .is_present = true});
    present_ = std::move(*listed_);
    listed_.reset();
    is_complete_ = true;
  }
  void link_present(const Link& /*link*/) override {}
  void link_gone(IfIndex index) override {
    // The kernel deletes the addresses of a link one by one; of one that leaves the namespace it may not.
    for (auto it = present_.begin(); it != present_.end();) {
      it->second.erase(index);
      if (!it->second.empty()) {
        ++it;
        continue;
      }
      changes_.push_back({.address = it->first, .is_present = false});
      it = present_.erase(it);
    }
  }
  void address_present(const KernelAddress& address, Origin /*origin*/) override {
    auto& book = listed_ ? *listed_ : present_;
    auto& links = book[address.prefix.address];
    if (links.empty() && !listed_)
      changes_.push_back({.address = address.prefix.address, .is_present = true});
    links.insert(address.link);
  }
  void address_gone(const KernelAddress& address, Origin /*origin*/) override {
    auto& book = listed_ ? *listed_ : present_;
    const auto found = book.find(address.prefix.address);
    if (found == book.end() || found->second.erase(address.link) == 0 || !found->second.empty()) return;
    book.erase(found);
    if (!listed_) changes_.push_back({.address = address.prefix.address, .is_present = false});
  }

  [[nodiscard]] bool is_complete() const { return is_complete_; }
  std::vector<AddressChange> take() { return std::exchange(changes_, {}); }

 private:
  using Book = std::map<IpAddr, std::set<IfIndex>>;
  Book present_;
  std::optional<Book> listed_;
  std::vector<AddressChange> changes_;
  bool is_complete_ = false;
};

}  // namespace

struct AddressWatch::Impl {
  Sink sink;
  int wake_fd = -1;
  std::thread thread;  // last: it uses the others

  ~Impl() {
    if (wake_fd >= 0) ::close(wake_fd);
  }

  void loop(Monitor& monitor, Lister& lister) {
    Ledger ledger;
    bool was_told = false;
    std::array<pollfd, 2> fds{{{.fd = monitor.fd(), .events = POLLIN, .revents = 0},
                               {.fd = wake_fd, .events = POLLIN, .revents = 0}}};
    for (;;) {
      const bool is_drained = monitor.drain(ledger, kDatagramsAtOnce);
      if (is_drained && monitor.wants_list()) {
        if (auto list = lister.read(); list.ok()) {
          monitor.take_list(*list, ledger);
          continue;
        }
      }
      if (ledger.is_complete()) {
        auto changes = ledger.take();
        if (!changes.empty() || !was_told) sink(std::move(changes));
        was_told = true;
      }
      if (!is_drained) continue;
      if (::poll(fds.data(), fds.size(), monitor.wants_list() ? kListAgainMs : -1) < 0 && errno != EINTR)
        return;
      if (fds[1].revents != 0) return;
    }
  }
};

AddressWatch::AddressWatch(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<AddressWatch>> AddressWatch::start(const std::string& netns_path, Sink sink) {
  auto impl = std::make_unique<Impl>();
  impl->sink = std::move(sink);
  impl->wake_fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (impl->wake_fd < 0)
    return Error{.code = Errc::kKernel, .op = "eventfd", .err_no = errno, .detail = "address watch"};
  std::promise<std::optional<Error>> opened;
  auto answer = opened.get_future();
  // The promise is the thread's: it may still be at work on it when the answer is here.
  impl->thread = std::thread([raw = impl.get(), netns_path, opened = std::move(opened)]() mutable {
    const int fd = netns_path.empty() ? -1 : ::open(netns_path.c_str(), O_RDONLY | O_CLOEXEC);
    const bool is_there = netns_path.empty() || (fd >= 0 && ::setns(fd, CLONE_NEWNET) == 0);
    const int err_no = errno;
    if (fd >= 0) ::close(fd);
    if (!is_there) {
      opened.set_value(Error{.code = Errc::kNotFound,
                             .op = "setns",
                             .err_no = err_no,
                             .detail = "network namespace " + netns_path});
      return;
    }
    auto monitor = Monitor::open();
    auto lister = Lister::open();
    if (!monitor || !lister) {
      opened.set_value(monitor ? lister.error() : monitor.error());
      return;
    }
    opened.set_value(std::nullopt);
    raw->loop(*monitor, *lister);
  });
  if (const auto error = answer.get()) {
    impl->thread.join();
    return *error;
  }
  return std::unique_ptr<AddressWatch>(new AddressWatch(std::move(impl)));
}

AddressWatch::~AddressWatch() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = ::write(impl_->wake_fd, &one, sizeof one);
  impl_->thread.join();
}

}  // namespace ka::net
