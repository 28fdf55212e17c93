// Real programs, started and reaped beside children of somebody else.
#include "native/launch/launcher.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <optional>
#include <thread>

#include "test/native/reports.h"

namespace ka::launch {
namespace {

using Reports = test::Reports<Report>;

Spec shell(std::uint32_t id, const std::string& script) {
  Spec spec;
  spec.id = id;
  spec.files = {"/bin/sh"};
  spec.argv = {"sh", "-c", script};
  spec.env = {"PATH=/usr/bin:/bin"};
  spec.capture_bytes = 1000;
  return spec;
}

FileIdentity identity_of(const char* path) {
  struct stat found {};
  REQUIRE(::stat(path, &found) == 0);
  return {found.st_dev, found.st_ino, found.st_ctim.tv_sec * 1'000'000'000LL + found.st_ctim.tv_nsec};
}

TEST_CASE("programs end with a status, by a signal, or never start") {
  Reports reports;
  auto launcher = Launcher::start(reports.sink());
  REQUIRE(launcher.ok());
  (*launcher)->launch(shell(1, "echo out; echo err >&2; exit 3"));
  (*launcher)->launch(shell(2, "kill -USR1 $$"));
  Spec missing = shell(3, "");
  missing.files = {"/nowhere/at/all", "/etc/passwd"};
  (*launcher)->launch(missing);

  const Report exited = reports.wait_for(1);
  CHECK(exited.end == End::kExited);
  CHECK(exited.status == 3);
  CHECK(exited.output == "out\nerr\n");
  CHECK(exited.output_bytes == 8);
  const Report killed = reports.wait_for(2);
  CHECK(killed.end == End::kSignalled);
  CHECK(killed.status == SIGUSR1);
  const Report refused = reports.wait_for(3);
  CHECK(refused.end == End::kNotStarted);
  CHECK(refused.err_no == EACCES);
}

TEST_CASE("signals, groups and descriptors are as a program expects them") {
  Reports reports;
  auto launcher = Launcher::start(reports.sink());
  REQUIRE(launcher.ok());
  // What the daemon ignores or blocks is nothing to a script; it leads its own process group; of the daemon's
  // descriptors it has none. (Behind a pipe, ls might see the shell's end of that.)
  const auto before = ::signal(SIGPIPE, SIG_IGN);
  Spec spec = shell(1,
                    "grep -E '^Sig(Blk|Ign)' /proc/self/status | tr -d '\\n\\t'; ls /proc/$$/fd;"
                    " readlink /proc/$$/fd/0; [ $(ps -o pgid= -p $$) = $$ ] && echo leads");
  (*launcher)->launch(spec);
  const Report report = reports.wait_for(1);
  static_cast<void>(::signal(SIGPIPE, before));
  CHECK(report.output == "SigBlk:0000000000000000SigIgn:00000000000000000\n1\n2\n/dev/null\nleads\n");
}

TEST_CASE("a program reads its input from stdin, however long, and then finds the end") {
  Reports reports;
  auto launcher = Launcher::start(reports.sink());
  REQUIRE(launcher.ok());
  Spec spec = shell(1, "wc -c | tr -d ' \\n'; read -r more || echo , the end");
  spec.input.assign(300'000, 'x');
  (*launcher)->launch(spec);
  CHECK(reports.wait_for(1).output == "300000, the end\n");
}

TEST_CASE("the children of others are left to them") {
  Reports reports;
  auto launcher = Launcher::start(reports.sink());
  REQUIRE(launcher.ok());
  const pid_t mine = ::fork();
  if (mine == 0) ::_exit(42);
  for (std::uint32_t id = 1; id <= 20; ++id) (*launcher)->launch(shell(id, "exit 0"));
  for (std::uint32_t id = 1; id <= 20; ++id) CHECK(reports.wait_for(id).status == 0);
  int status = 0;
  REQUIRE(::waitpid(mine, &status, 0) == mine);
  CHECK(WEXITSTATUS(status) == 42);
}

TEST_CASE("only the file that was looked at is run, and from its descriptor") {
  Reports reports;
  auto launcher = Launcher::start(reports.sink());
  REQUIRE(launcher.ok());
  Spec good = shell(1, "readlink /proc/$$/exe >/dev/null && echo ran");
  good.identity = identity_of("/bin/sh");
  good.by_descriptor = true;
  (*launcher)->launch(good);
  CHECK(reports.wait_for(1).output == "ran\n");

  Spec other = shell(2, "echo ran");
  other.identity = identity_of("/bin/true");
  (*launcher)->launch(other);
  const Report report = reports.wait_for(2);
  CHECK(report.end == End::kNotStarted);
  CHECK(report.err_no == ESTALE);
  CHECK(report.output.empty());
}

TEST_CASE("a signal reaches the whole group, and the group dies with its leader") {
  Reports reports;
  auto launcher = Launcher::start(reports.sink());
  REQUIRE(launcher.ok());
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  // The inner process ignores SIGTERM and holds the pipe that tells of its end.
  const std::string path = "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(ends[1]);
  (*launcher)->launch(shell(
      1, "(trap '' TERM; echo up >&3; while :; do sleep 1; done) 3>" + path + " >/dev/null 2>&1 & wait"));
  char up[3];
  REQUIRE(::read(ends[0], up, 3) == 3);
  ::close(ends[1]);
  (*launcher)->signal(1, SIGTERM);
  CHECK(reports.wait_for(1).end == End::kSignalled);
  char none = 0;
  CHECK(::read(ends[0], &none, 1) == 0);  // the inner process and its sleep are gone
  ::close(ends[0]);
}

TEST_CASE("who writes without end is read away, and keeps nobody else waiting") {
  Reports reports;
  auto launcher = Launcher::start(reports.sink());
  REQUIRE(launcher.ok());
  (*launcher)->launch(shell(1, "exec cat /dev/zero"));
  (*launcher)->launch(shell(2, "cat /dev/zero & exit 2"));
  const Report left_behind = reports.wait_for(2);
  CHECK(left_behind.status == 2);
  CHECK(left_behind.output.size() <= 1000);
  (*launcher)->launch(shell(3, "exit 3"));
  CHECK(reports.wait_for(3).status == 3);
  (*launcher)->signal(1, SIGTERM);
  const Report ended = reports.wait_for(1);
  CHECK(ended.end == End::kSignalled);
  CHECK(ended.output.size() <= 1000);
}

/// What waitid(2) says to a pidfd before Linux 5.4, for the calling thread and its children for good.
bool forget_pidfds() {
  std::array<sock_filter, 4> code{{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_waitid, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

TEST_CASE("a kernel without pidfds is named, instead of waiting for ever") {
  bool is_old = false;
  std::optional<Error> error;
  std::thread([&] {
    is_old = forget_pidfds();
    const auto launcher = Launcher::start([](std::vector<Report>&&) {});
    if (!launcher.ok()) error = launcher.error();
  }).join();
  REQUIRE(is_old);
  REQUIRE(error);
  CHECK(error->code == Errc::kUnsupported);
  CHECK(error->detail == "running programs needs Linux 5.4 or later");
}

TEST_CASE("programs get SIGTERM when the launcher goes") {
  Reports reports;
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  {
    auto launcher = Launcher::start(reports.sink());
    REQUIRE(launcher.ok());
    const std::string path = "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(ends[1]);
    (*launcher)->launch(shell(1, "exec 3>" + path + "; echo up >&3; exec sleep 600"));
    char up[3];
    REQUIRE(::read(ends[0], up, 3) == 3);
  }
  ::close(ends[1]);
  char none = 0;
  CHECK(::read(ends[0], &none, 1) == 0);
  ::close(ends[0]);
}

}  // namespace
}  // namespace ka::launch
