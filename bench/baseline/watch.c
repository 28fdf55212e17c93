// Watches one network namespace with the kernel's own timestamps: adverts and gratuitous ARP on every
// interface, in and out, and addresses as the kernel tells of them. An outgoing packet is dated when the
// sender hands it to the device.
//
//   watch [adverts]      ('adverts': neither ARP nor addresses)
//
// Lines, times in CLOCK_MONOTONIC nanoseconds:
//   ready
//   A TIME INTERFACE out|in VRID PRIORITY      an advert
//   G TIME INTERFACE out|in ADDRESS            a gratuitous ARP
//   N TIME INTERFACE add|del ADDRESS           an IPv4 address came or went (dated when read)
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vrrp.h"

enum { kBuffer = 64 << 20, kNapMs = 20 };

static const char* interface_name(unsigned index) {
  static char names[256][IFNAMSIZ];
  if (index >= 256) return "?";
  if (names[index][0] == 0 && if_indextoname(index, names[index]) == NULL) return "?";
  return names[index];
}

static int open_packets(int with_arp) {
  const int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_ALL));
  if (fd < 0) die("packet socket");
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PROTOCOL)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(with_arp ? ETH_P_ARP : 0xffff), 3, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 0, 3),
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 9),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kVrrpProtocol, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0xffff),
      BPF_STMT(BPF_RET | BPF_K, 0),
  };
  const struct sock_fprog program = {.len = sizeof code / sizeof code[0], .filter = code};
  if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) < 0) die("filter");
  const int on = 1, size = kBuffer;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
  if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) < 0) die("timestamps");
  return fd;
}

static int open_addresses(void) {
  const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  const struct sockaddr_nl groups = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_IPV4_IFADDR};
  if (fd < 0 || bind(fd, (const struct sockaddr*)&groups, sizeof groups) < 0) die("netlink");
  const int size = kBuffer;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
  return fd;
}

static void print_packet(const uint8_t* bytes, size_t size, const struct sockaddr_ll* from, int64_t at) {
  const char* direction = from->sll_pkttype == PACKET_OUTGOING ? "out" : "in";
  const char* name = interface_name((unsigned)from->sll_ifindex);
  if (ntohs(from->sll_protocol) == ETH_P_ARP) {
    if (size < 28 || memcmp(bytes + 14, bytes + 24, 4) != 0) return;
    printf("G %lld %s %s %s\n", (long long)at, name, direction,
           inet_ntoa(*(const struct in_addr*)(bytes + 14)));
    return;
  }
  const size_t header = (bytes[0] & 15u) * 4u;
  if (size < header + 8) return;
  printf("A %lld %s %s %u %u\n", (long long)at, name, direction, bytes[header + 1], bytes[header + 2]);
}

static void drain_packets(int fd) {
  for (;;) {
    uint8_t bytes[512];
    char control[128];
    struct sockaddr_ll from;
    struct iovec vector = {.iov_base = bytes, .iov_len = sizeof bytes};
    struct msghdr message = {.msg_name = &from,
                             .msg_namelen = sizeof from,
                             .msg_iov = &vector,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof control};
    const ssize_t size = recvmsg(fd, &message, MSG_DONTWAIT);
    if (size < 0) return;
    // Packets are dated in wall-clock time; both clocks run at one rate, a step between them is undone here.
    const int64_t offset = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC);
    for (struct cmsghdr* c = CMSG_FIRSTHDR(&message); c != NULL; c = CMSG_NXTHDR(&message, c)) {
      if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS) continue;
      struct timespec t;
      memcpy(&t, CMSG_DATA(c), sizeof t);
      print_packet(bytes, (size_t)size, &from, t.tv_sec * (int64_t)kNsPerS + t.tv_nsec - offset);
    }
  }
}

static void drain_addresses(int fd) {
  static char buffer[1 << 16];
  ssize_t size;
  while ((size = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT)) > 0) {
    const int64_t at = clock_ns(CLOCK_MONOTONIC);
    int left = (int)size;
    for (struct nlmsghdr* m = (struct nlmsghdr*)buffer; NLMSG_OK(m, left); m = NLMSG_NEXT(m, left)) {
      if (m->nlmsg_type != RTM_NEWADDR && m->nlmsg_type != RTM_DELADDR) continue;
      struct ifaddrmsg* address = NLMSG_DATA(m);
      int rest = (int)IFA_PAYLOAD(m);
      for (struct rtattr* a = IFA_RTA(address); RTA_OK(a, rest); a = RTA_NEXT(a, rest)) {
        if (a->rta_type != IFA_LOCAL) continue;
        printf("N %lld %s %s %s\n", (long long)at, interface_name(address->ifa_index),
               m->nlmsg_type == RTM_NEWADDR ? "add" : "del", inet_ntoa(*(struct in_addr*)RTA_DATA(a)));
      }
    }
  }
}

int main(int argc, char** argv) {
  const int adverts_only = argc > 1 && strcmp(argv[1], "adverts") == 0;
  const int packets = open_packets(!adverts_only);
  // Packets carry their own time, so they are fetched now and then: waking for each would disturb what is
  // measured.
  struct pollfd addresses = {.fd = adverts_only ? -1 : open_addresses(), .events = POLLIN};
  const pid_t parent = getppid();
  puts("ready");
  while (getppid() == parent) {
    fflush(stdout);
    if (poll(&addresses, 1, kNapMs) > 0) drain_addresses(addresses.fd);
    drain_packets(packets);
  }
}
