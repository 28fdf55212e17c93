// Runs a program with its output thrown away, and tells what it cost: usage PROGRAM ARGUMENT...
// One line: exit status, processor time and time in microseconds, largest resident memory in kilobytes.
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vrrp.h"

static long long microseconds(struct timeval time) {
  return time.tv_sec * 1000000LL + time.tv_usec;
}

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const long long from = clock_ns(CLOCK_MONOTONIC);
  const pid_t child = fork();
  if (child < 0) die("fork");
  if (child == 0) {
    const int nowhere = open("/dev/null", O_WRONLY);
    dup2(nowhere, 1);
    dup2(nowhere, 2);
    execvp(argv[1], argv + 1);
    _exit(127);
  }
  int status = 0;
  struct rusage used;
  if (wait4(child, &status, 0, &used) != child) die("wait4");
  const long long cpu = microseconds(used.ru_utime) + microseconds(used.ru_stime);
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  printf("%d %lld %lld %ld\n", code, cpu, (clock_ns(CLOCK_MONOTONIC) - from) / 1000, used.ru_maxrss);
  return 0;
}
