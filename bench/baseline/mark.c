// The script of the bench: mark FILE appends one byte, so that the runs can be counted.
#include <fcntl.h>
#include <unistd.h>

#include "vrrp.h"

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const int file = open(argv[1], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0 || write(file, ".", 1) != 1) die(argv[1]);
  return 0;
}
