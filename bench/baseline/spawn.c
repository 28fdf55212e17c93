// Runs /bin/true again and again, 200 times a second, by posix_spawn: what a script costs without a daemon.
// Prints nothing; ends with SIGTERM.
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include "vrrp.h"

extern char** environ;

int main(void) {
  char* const argv[] = {"/bin/true", NULL};
  int64_t next = clock_ns(CLOCK_MONOTONIC);
  for (;;) {
    pid_t child;
    if (posix_spawn(&child, argv[0], NULL, NULL, argv, environ) != 0) die("posix_spawn");
    waitpid(child, NULL, 0);
    next += kNsPerS / 200;
    const struct timespec until = to_timespec(next);
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
  }
}
