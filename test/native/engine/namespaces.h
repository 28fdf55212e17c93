// Two network namespaces joined by a veth pair, for tests that need real links. Needs root and iproute2.
#pragma once

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace ka::test {

inline bool is_root() {
  return ::geteuid() == 0;
}

/// The calling thread enters a fresh namespace and comes back at the end; the namespace goes with its last
/// user.
class Namespace {
 public:
  Namespace() : before_(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)) {
    is_ok_ = before_ >= 0 && ::unshare(CLONE_NEWNET) == 0;
    // Inherited by the programs that run() starts, which name it by this descriptor.
    mine_ = ::open("/proc/thread-self/ns/net", O_RDONLY);
    leave();
  }
  ~Namespace() {
    ::close(mine_);
    ::close(before_);
  }
  Namespace(const Namespace&) = delete;
  Namespace& operator=(const Namespace&) = delete;

  [[nodiscard]] bool is_ok() const { return is_ok_ && mine_ >= 0; }
  [[nodiscard]] std::string path() const {
    return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(mine_);
  }
  void enter() const { static_cast<void>(::setns(mine_, CLONE_NEWNET)); }
  void leave() const { static_cast<void>(::setns(before_, CLONE_NEWNET)); }
  /// Runs a shell command inside; true when it succeeds.
  [[nodiscard]] bool run(const std::string& command) const {
    enter();
    const int status = std::system(command.c_str());
    leave();
    return status == 0;
  }

 private:
  int before_;
  int mine_ = -1;
  bool is_ok_ = false;
};

/// Joins two namespaces: eth0 in both, 10.0.0.1/16 and 10.0.0.2/16.
[[nodiscard]] inline bool join(const Namespace& a, const Namespace& b) {
  return a.run("ip link add eth0 type veth peer name eth0 netns " + b.path()) &&
         a.run("ip address add 10.0.0.1/16 dev eth0 && ip link set eth0 up") &&
         b.run("ip address add 10.0.0.2/16 dev eth0 && ip link set eth0 up");
}

}  // namespace ka::test
