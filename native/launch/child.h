// Starts one program: the system calls between "run this" and a running process. It waits for nothing and
// knows nothing of time limits.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "native/net/fd.h"

namespace ka::launch {

/// The file that was found fit to run. Another one behind the same name is not run.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  /// Time of the last change of contents, owner or mode, nanoseconds.
  std::int64_t changed_ns = 0;
};

struct Account {
  uid_t uid = 0;
  gid_t gid = 0;
  /// Supplementary groups; none: all are dropped.
  std::vector<gid_t> groups;
};

/// What to run, and as whom.
struct Spec {
  std::uint32_t id = 0;
  /// Files to try in turn, as execvp(3) does along PATH; with `identity` exactly one.
  std::vector<std::string> files;
  std::vector<std::string> argv;
  /// NAME=VALUE, the whole environment.
  std::vector<std::string> env;
  /// Empty: that of this process.
  std::string directory;
  /// Absent: the user and groups of this process.
  std::optional<Account> account;
  std::optional<FileIdentity> identity;
  /// With `identity`: run the opened file itself (execveat), not what its name stands for a moment later. Not
  /// for scripts: their interpreter opens them again, by a name that is then a descriptor's.
  bool by_descriptor = false;
  /// What it reads from stdin; empty: stdin is /dev/null.
  std::string input;
  /// Bytes of output (stdout and stderr) to keep, from the start; 0: both are /dev/null.
  std::uint32_t capture_bytes = 0;
};

/// A process that was started: a group of its own, whose leader it is.
struct Child {
  pid_t pid = -1;
  /// Readable once the process has ended.
  Fd pidfd;
  /// Reading end of its output, not blocking; not valid when nothing is captured.
  Fd output;
};

/// Why it was not started.
struct Refusal {
  int err_no = 0;
  /// The call that failed, static storage. ESTALE of `open`: another file than the one that was looked at.
  const char* op = "";
};

/// Memory of the process between clone and exec; one at a time.
class Stack {
 public:
  Stack();
  ~Stack();
  Stack(const Stack&) = delete;
  Stack& operator=(const Stack&) = delete;
  /// nullptr when there was no memory.
  [[nodiscard]] void* top() const;

 private:
  void* base_;
};

/// Starts `spec`. stdin without an input is `null_fd`, so is the output that is not captured. The process
/// gets SIGTERM when the calling thread ends. Returns when the program runs or could not be run: the calling
/// thread stands still until then. Thread: any that lives as long as its children may.
std::optional<Refusal> start(const Spec& spec, int null_fd, const Stack& stack, Child& child);

}  // namespace ka::launch
