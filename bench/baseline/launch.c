// Starts a program with its output in a file, and writes down when: launch STAMP LOG PROGRAM ARGUMENT...
// Each in a session of its own, as a service is: the scheduler's autogroup then treats all of them alike.
// STAMP gets CLOCK_MONOTONIC nanoseconds, taken right before execve.
#include <fcntl.h>
#include <unistd.h>

#include "vrrp.h"

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  const int stamp = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  const int log = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
  if (stamp < 0 || log < 0) die(argv[1]);
  if (getsid(0) != getpid() && setsid() < 0) die("setsid");
  dup2(log, 1);
  dup2(log, 2);
  dprintf(stamp, "%lld\n", (long long)clock_ns(CLOCK_MONOTONIC));
  execvp(argv[3], argv + 3);
  die(argv[3]);
}
