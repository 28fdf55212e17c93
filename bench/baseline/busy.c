// A process that only computes, for a bounded time: busy SECONDS
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  alarm((unsigned)atoi(argv[1]));
  for (volatile unsigned long i = 0;; ++i) continue;
}
