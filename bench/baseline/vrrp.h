// What the bare programs share: one VRRPv3 advert over IPv4, the addresses of the bench, the monotonic clock.
// Written for the bench alone, with no code of the product, so that a mistake there does not hide here.
#pragma once

#include <arpa/inet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { kVrrpProtocol = 112, kAdvertSize = 12, kNsPerS = 1000000000 };

static inline int64_t clock_ns(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec * (int64_t)kNsPerS + now.tv_nsec;
}

static inline struct timespec to_timespec(int64_t ns) {
  struct timespec t = {.tv_sec = ns / kNsPerS, .tv_nsec = ns % kNsPerS};
  return t;
}

/// Virtual address of a VRID on the n-th interface: 10.(100+n).VRID.1, network byte order.
static inline uint32_t virtual_address(unsigned interface_index, unsigned vrid) {
  return htonl(10u << 24 | (100u + interface_index) << 16 | vrid << 8 | 1u);
}

static inline uint32_t sum16(const uint8_t* bytes, size_t size) {
  uint32_t sum = 0;
  for (size_t i = 0; i < size; i += 2) sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
  return sum;
}

/// Writes a VRRPv3 advert with one address; the checksum covers the pseudo-header of `source` to 224.0.0.18.
static inline void write_advert(uint8_t out[kAdvertSize], unsigned vrid, unsigned priority,
                                unsigned centiseconds, uint32_t address, uint32_t source) {
  const uint8_t head[8] = {
      0x31, (uint8_t)vrid, (uint8_t)priority, 1, (uint8_t)(centiseconds >> 8), (uint8_t)centiseconds};
  memcpy(out, head, sizeof head);
  memcpy(out + 8, &address, 4);
  uint8_t pseudo[12] = {0, 0, 0, 0, 224, 0, 0, 18, 0, kVrrpProtocol, 0, kAdvertSize};
  memcpy(pseudo, &source, 4);
  uint32_t sum = sum16(pseudo, sizeof pseudo) + sum16(out, kAdvertSize);
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  const uint16_t checksum = htons((uint16_t)~sum);
  memcpy(out + 6, &checksum, 2);
}

static inline void die(const char* what) {
  perror(what);
  exit(1);
}
