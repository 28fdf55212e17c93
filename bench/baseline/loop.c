// The least that a VRRP router can be: absolute deadlines, one thread, adverts and the master-down timer,
// nothing else. It shows what the machine itself costs, and plays the master that is killed and the backup
// that listens.
//
//   loop master|backup INTERFACE[,INTERFACE...] INTERVAL_US PRIORITY FIRST_VRID COUNT [stagger] [rt PRIORITY]
//
// `stagger` spreads the routers' first adverts over one interval. The backup follows RFC 9568: three
// intervals and the skew after the last advert heard it becomes master, and returns to backup when a higher
// priority speaks.
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "vrrp.h"

enum { kMaxInterfaces = 32, kMaxRouters = 32 * 255 };

struct interface {
  int fd;
  uint32_t source;
};

struct router {
  unsigned interface;
  unsigned vrid;
  bool is_master;
  int64_t deadline;
};

static struct interface interfaces[kMaxInterfaces];
static unsigned interface_count;
static struct router routers[kMaxRouters];
static unsigned router_count;
static unsigned priority;
static int64_t interval_ns;

static void open_interface(const char* name) {
  struct interface* out = &interfaces[interface_count++];
  out->fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, kVrrpProtocol);
  if (out->fd < 0) die("socket");
  struct ifreq request = {0};
  strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  if (ioctl(out->fd, SIOCGIFADDR, &request) < 0) die(name);
  out->source = ((struct sockaddr_in*)&request.ifr_addr)->sin_addr.s_addr;
  if (setsockopt(out->fd, SOL_SOCKET, SO_BINDTODEVICE, name, (socklen_t)strlen(name)) < 0)
    die("bind to device");
  struct ip_mreqn group = {.imr_ifindex = (int)if_nametoindex(name)};
  group.imr_multiaddr.s_addr = inet_addr("224.0.0.18");
  const int ttl = 255, off = 0;
  setsockopt(out->fd, IPPROTO_IP, IP_MULTICAST_TTL, &ttl, sizeof ttl);
  setsockopt(out->fd, IPPROTO_IP, IP_MULTICAST_LOOP, &off, sizeof off);
  if (setsockopt(out->fd, IPPROTO_IP, IP_MULTICAST_IF, &group, sizeof group) < 0) die("multicast interface");
  if (setsockopt(out->fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group) < 0) die("join");
}

static void send_advert(const struct router* router) {
  const struct interface* via = &interfaces[router->interface];
  uint8_t bytes[kAdvertSize];
  write_advert(bytes, router->vrid, priority, (unsigned)(interval_ns / 10000000),
               virtual_address(router->interface, router->vrid), via->source);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = inet_addr("224.0.0.18")};
  if (sendto(via->fd, bytes, sizeof bytes, 0, (struct sockaddr*)&to, sizeof to) < 0) die("send");
}

static int64_t master_down_ns(void) {
  return 3 * interval_ns + (256 - priority) * interval_ns / 256;
}

static void heard(unsigned interface, unsigned vrid, unsigned peer_priority) {
  for (unsigned i = 0; i < router_count; ++i) {
    struct router* router = &routers[i];
    if (router->interface != interface || router->vrid != vrid || peer_priority < priority) continue;
    router->is_master = false;
    router->deadline = clock_ns(CLOCK_MONOTONIC) + master_down_ns();
  }
}

static void drain(void) {
  for (unsigned i = 0; i < interface_count; ++i) {
    uint8_t packet[256];
    ssize_t size;
    while ((size = recv(interfaces[i].fd, packet, sizeof packet, 0)) > 0) {
      const unsigned header = (packet[0] & 15u) * 4u;
      if (size >= header + 8) heard(i, packet[header + 1], packet[header + 2]);
    }
  }
}

static int64_t earliest(void) {
  int64_t least = INT64_MAX;
  for (unsigned i = 0; i < router_count; ++i)
    if (routers[i].deadline < least) least = routers[i].deadline;
  return least;
}

static void fire(void) {
  const int64_t now = clock_ns(CLOCK_MONOTONIC);
  for (unsigned i = 0; i < router_count; ++i) {
    struct router* router = &routers[i];
    if (router->deadline > now) continue;
    send_advert(router);
    router->deadline = (router->is_master ? router->deadline : now) + interval_ns;
    router->is_master = true;
  }
}

static void run_master(void) {
  for (;;) {
    const struct timespec until = to_timespec(earliest());
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR) continue;
    fire();
  }
}

static void run_backup(void) {
  struct pollfd fds[kMaxInterfaces + 1];
  for (unsigned i = 0; i < interface_count; ++i)
    fds[i] = (struct pollfd){.fd = interfaces[i].fd, .events = POLLIN};
  const int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  fds[interface_count] = (struct pollfd){.fd = timer, .events = POLLIN};
  for (;;) {
    const struct itimerspec at = {.it_value = to_timespec(earliest())};
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL);
    poll(fds, interface_count + 1, -1);
    drain();
    fire();
  }
}

int main(int argc, char** argv) {
  if (argc < 7) {
    fprintf(stderr,
            "loop master|backup INTERFACES INTERVAL_US PRIORITY FIRST_VRID COUNT [stagger] [rt PRIORITY]\n");
    return 2;
  }
  const bool is_master = strcmp(argv[1], "master") == 0;
  for (char* name = strtok(argv[2], ","); name != NULL && interface_count < kMaxInterfaces;
       name = strtok(NULL, ","))
    open_interface(name);
  interval_ns = atoll(argv[3]) * 1000;
  priority = (unsigned)atoi(argv[4]);
  const unsigned first = (unsigned)atoi(argv[5]), count = (unsigned)atoi(argv[6]);
  bool stagger = false;
  for (int i = 7; i < argc; ++i) {
    if (strcmp(argv[i], "stagger") == 0) stagger = true;
    if (strcmp(argv[i], "rt") == 0 && i + 1 < argc) {
      const struct sched_param rt = {.sched_priority = atoi(argv[++i])};
      if (sched_setscheduler(0, SCHED_RR, &rt) < 0) die("real-time priority");
      mlockall(MCL_CURRENT | MCL_FUTURE);
    }
  }
  router_count = interface_count * count;
  if (count > 255 || router_count > kMaxRouters) return 2;
  const int64_t start = clock_ns(CLOCK_MONOTONIC);
  for (unsigned i = 0; i < router_count; ++i) {
    const int64_t phase = stagger ? interval_ns * i / router_count : 0;
    routers[i] = (struct router){.interface = i / count, .vrid = first + i % count, .is_master = is_master};
    routers[i].deadline = start + (is_master ? phase : master_down_ns());
  }
  if (is_master) run_master();
  run_backup();
}
