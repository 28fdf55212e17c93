#include "native/launch/child.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#ifdef __SANITIZE_THREAD__
// ThreadSanitizer takes clone() for a fork() into memory of its own: it stops minding the calling thread, for
// good where that memory is shared. This is the same function of glibc by another name.
extern "C" int __clone(int (*function)(void*), void* stack, int flags, void* argument, ...) noexcept;
#define KA_CLONE __clone
#else
#define KA_CLONE ::clone
#endif

namespace ka::launch {
namespace {

constexpr std::size_t kStackBytes = 64 * 1024;
/// CLONE_PIDFD is Linux 5.2 and missing in older headers.
constexpr int kClonePidfd = 0x1000;
/// close_range(2), the same number everywhere, with CLOSE_RANGE_CLOEXEC.
constexpr long kCloseRange = 436;
constexpr unsigned kCloseRangeCloexec = 4;
constexpr const char* kShell = "/bin/sh";

// glibc's own setuid() and its kin change all threads of the process, by way of signals. The process between
// clone and exec shares the memory of its parent but is none of its threads: only the bare calls are right.
#ifdef SYS_setuid32
constexpr long kSetuid = SYS_setuid32;
constexpr long kSetgid = SYS_setgid32;
constexpr long kSetgroups = SYS_setgroups32;
#else
constexpr long kSetuid = SYS_setuid;
constexpr long kSetgid = SYS_setgid;
constexpr long kSetgroups = SYS_setgroups;
#endif

/// Everything the new process needs, made beforehand and plain: it must not allocate, nor call a function
/// that a sanitizer has an eye on.
struct Launch {
  char* const* files = nullptr;
  char* const* argv = nullptr;
  /// For a text without #!: `/bin/sh FILE ARGUMENTS`; the file is put in when it is known.
  char** shell_argv = nullptr;
  char* const* envp = nullptr;
  const char* directory = nullptr;
  bool changes_account = false;
  uid_t uid = 0;
  gid_t gid = 0;
  const gid_t* groups = nullptr;
  std::size_t group_count = 0;
  int file_fd = -1;
  int null_fd = -1;
  int input_fd = -1;
  int output_fd = -1;
  pid_t parent = 0;
  Refusal refusal;
};

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> all;
  all.reserve(texts.size() + 1);
  for (const std::string& text : texts) all.push_back(const_cast<char*>(text.c_str()));
  all.push_back(nullptr);
  return all;
}

#if defined(__has_attribute) && __has_attribute(no_sanitize)
#define KA_BETWEEN_CLONE_AND_EXEC __attribute__((no_sanitize("address", "thread", "undefined")))
#else
#define KA_BETWEEN_CLONE_AND_EXEC
#endif

KA_BETWEEN_CLONE_AND_EXEC int fail(Launch& launch, const char* op) {
  launch.refusal = {errno, op};
  return 127;
}

/// Handlers are addresses in a program that will be gone, and what Node.js ignores (SIGPIPE) a script wants
/// back. Before the mask is lifted: a handler of the parent must not run here.
KA_BETWEEN_CLONE_AND_EXEC void default_signals() {
  struct sigaction plain {};
  plain.sa_handler = SIG_DFL;
  for (int number = 1; number <= 64; ++number) ::syscall(SYS_rt_sigaction, number, &plain, nullptr, 8);
  std::uint64_t none = 0;
  ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, nullptr, 8);
}

KA_BETWEEN_CLONE_AND_EXEC bool take(int from, int to) {
  return (from == to ? ::syscall(SYS_fcntl, from, F_SETFD, 0) : ::syscall(SYS_dup3, from, to, 0)) >= 0;
}

KA_BETWEEN_CLONE_AND_EXEC int execute(Launch& launch) {
  if (launch.file_fd >= 0) {
    ::syscall(SYS_execveat, launch.file_fd, "", launch.argv, launch.envp, AT_EMPTY_PATH);
    return fail(launch, "execveat");
  }
  int remembered = ENOENT;
  for (char* const* file = launch.files; *file != nullptr; ++file) {
    ::syscall(SYS_execve, *file, launch.argv, launch.envp);
    if (errno == ENOEXEC) {  // as execvp(3)
      launch.shell_argv[1] = *file;
      ::syscall(SYS_execve, kShell, launch.shell_argv, launch.envp);
    }
    // As execvp(3): another directory of PATH may have it; "may not be run" is worth telling above "not
    // there".
    if (errno == EACCES) remembered = EACCES;
    if (errno != EACCES && errno != ENOENT && errno != ENOTDIR) {
      remembered = errno;
      break;
    }
  }
  errno = remembered;
  return fail(launch, "execve");
}

KA_BETWEEN_CLONE_AND_EXEC int child_main(void* argument) {
  Launch& launch = *static_cast<Launch*>(argument);
  default_signals();
  if (::syscall(SYS_setpgid, 0, 0) != 0) return fail(launch, "setpgid");
  if (!take(launch.input_fd >= 0 ? launch.input_fd : launch.null_fd, 0)) return fail(launch, "dup3");
  const int output = launch.output_fd >= 0 ? launch.output_fd : launch.null_fd;
  if (!take(output, 1) || !take(output, 2)) return fail(launch, "dup3");
  if (launch.changes_account) {
    if (::syscall(kSetgroups, launch.group_count, launch.groups) != 0) return fail(launch, "setgroups");
    if (::syscall(kSetgid, launch.gid) != 0) return fail(launch, "setgid");
    if (::syscall(kSetuid, launch.uid) != 0) return fail(launch, "setuid");
  }
  // After the change of user, which clears it. A parent that died before this line sends nothing.
  ::syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
  if (::syscall(SYS_getppid) != launch.parent) return fail(launch, "getppid");
  // What this process was itself given is not for scripts. Before Linux 5.11 there is no such call, and only
  // our own descriptors are closed.
  ::syscall(kCloseRange, 3U, ~0U, kCloseRangeCloexec);
  if (launch.directory != nullptr && ::syscall(SYS_chdir, launch.directory) != 0)
    return fail(launch, "chdir");
  return execute(launch);
}

/// Opens what `spec` names and looks whether it still is the file that was found fit.
std::optional<Refusal> open_same(const Spec& spec, Fd& file) {
  const FileIdentity& wanted = *spec.identity;
  file = Fd(::open(spec.files.front().c_str(), O_PATH | O_CLOEXEC));
  struct stat now {};
  if (!file.valid() || ::fstat(file.get(), &now) != 0) return Refusal{errno, "open"};
  const std::int64_t changed_ns = now.st_ctim.tv_sec * 1'000'000'000LL + now.st_ctim.tv_nsec;
  if (now.st_dev != wanted.device || now.st_ino != wanted.inode || changed_ns != wanted.changed_ns)
    return Refusal{ESTALE, "open"};
  return std::nullopt;
}

/// A file without a name that holds `text`, to be read from its start: nobody has to feed a pipe meanwhile.
std::optional<Refusal> hold(const std::string& text, Fd& file) {
  file = Fd(::memfd_create("input", MFD_CLOEXEC));
  if (!file.valid()) return Refusal{errno, "memfd_create"};
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t count =
        ::pwrite(file.get(), text.data() + done, text.size() - done, static_cast<off_t>(done));
    if (count > 0)
      done += static_cast<std::size_t>(count);
    else if (count == 0 || errno != EINTR)
      return Refusal{count == 0 ? ENOSPC : errno, "pwrite"};
  }
  return std::nullopt;
}

/// Blocks all signals of this thread for as long as it lives.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace

Stack::Stack()
    : base_(::mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1,
                   0)) {}

Stack::~Stack() {
  if (base_ != MAP_FAILED) ::munmap(base_, kStackBytes);
}

void* Stack::top() const {
  return base_ == MAP_FAILED ? nullptr : static_cast<char*>(base_) + kStackBytes;
}

std::optional<Refusal> start(const Spec& spec, int null_fd, const Stack& stack, Child& child) {
  if (spec.argv.empty() || spec.files.empty()) return Refusal{ENOENT, "execve"};
  if (stack.top() == nullptr) return Refusal{ENOMEM, "mmap"};
  Launch launch;
  Fd file;
  if (spec.identity) {
    if (auto refusal = open_same(spec, file)) return refusal;
    if (spec.by_descriptor) launch.file_fd = file.get();
  }
  Fd input;
  if (!spec.input.empty()) {
    if (auto refusal = hold(spec.input, input)) return refusal;
  }
  Fd output_write;
  if (spec.capture_bytes > 0) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return Refusal{errno, "pipe2"};
    child.output = Fd(ends[0]);
    output_write = Fd(ends[1]);
    if (::fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) return Refusal{errno, "fcntl"};
  }
  const auto files = pointers(spec.files);
  const auto argv = pointers(spec.argv);
  std::vector<char*> shell_argv{const_cast<char*>(kShell), nullptr};
  shell_argv.insert(shell_argv.end(), argv.begin() + 1, argv.end());
  const auto envp = pointers(spec.env);
  launch.files = files.data();
  launch.argv = argv.data();
  launch.shell_argv = shell_argv.data();
  launch.envp = envp.data();
  launch.directory = spec.directory.empty() ? nullptr : spec.directory.c_str();
  if (spec.account) {
    launch.changes_account = true;
    launch.uid = spec.account->uid;
    launch.gid = spec.account->gid;
    launch.groups = spec.account->groups.data();
    launch.group_count = spec.account->groups.size();
  }
  launch.null_fd = null_fd;
  launch.input_fd = input.get();
  launch.output_fd = output_write.get();
  launch.parent = ::getpid();

  int pidfd = -1;
  {
    const SignalsBlocked blocked;
    child.pid =
        KA_CLONE(child_main, stack.top(), CLONE_VM | CLONE_VFORK | kClonePidfd | SIGCHLD, &launch, &pidfd);
  }
  if (child.pid < 0) return Refusal{errno, "clone"};
  child.pidfd = Fd(pidfd);
  if (launch.refusal.err_no == 0) return std::nullopt;
  // It has ended already: only its entry in the process table is left.
  while (::waitpid(child.pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  return launch.refusal;
}

}  // namespace ka::launch
