// Runs a program again and again, 200 times a second, by posix_spawn: what a script costs without a daemon.
// spawn PROGRAM ARGUMENT...; prints nothing; ends with SIGTERM.
#include <spawn.h>
#include <sys/wait.h>

#include "vrrp.h"

extern char** environ;

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  int64_t next = clock_ns(CLOCK_MONOTONIC);
  for (;;) {
    pid_t child;
    if (posix_spawn(&child, argv[1], NULL, NULL, argv + 1, environ) != 0) die("posix_spawn");
    waitpid(child, NULL, 0);
    next += kNsPerS / 200;
    const struct timespec until = to_timespec(next);
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
  }
}
