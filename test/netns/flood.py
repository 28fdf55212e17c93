"""Sends VRRP adverts that are a nuisance as fast as one process can: flood.py SOURCE VRID [lower]. Ends with SIGTERM.

From SOURCE, bad ones of every kind; when SOURCE is the first half of an address (10.0), with a password that nobody asked for, from a new
sender each; `lower`: good ones of version 3, 100 ms, for 10.0.0.100, of the lowest priority.
"""

import socket
import struct
import sys

source, vrid = sys.argv[1], int(sys.argv[2])


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def advert(version=2, auth=b"right\0\0\0", bad_sum=False, cut=0):
    head = struct.pack("!BBBBBB", version << 4 | 1, vrid, 255, 1, 1, 1)
    tail = socket.inet_aton("10.0.0.100") + auth
    total = checksum(head + b"\0\0" + tail) ^ (1 if bad_sum else 0)
    packet = head + struct.pack("!H", total) + tail
    return packet[: len(packet) - cut]


def good_lower():
    head = struct.pack("!BBBB", 3 << 4 | 1, vrid, 1, 1)
    tail = socket.inet_aton("10.0.0.100")
    pseudo = socket.inet_aton(source) + socket.inet_aton(group[0]) + struct.pack("!BBH", 0, 112, 12)
    total = checksum(pseudo + head + struct.pack("!HH", 10, 0) + tail)
    return head + struct.pack("!HH", 10, total) + tail


group = ("224.0.0.18", 0)
ordinary = {
    "version": advert(version=5),
    "checksum": advert(bad_sum=True),
    "password": advert(auth=b"wrong\0\0\0"),
    "length": advert(cut=4),
}


def invented_senders():
    payload = advert()
    head = struct.pack("!BBHHHBBH", 0x45, 0xC0, 20 + len(payload), 0, 0, 255, 112, 0)
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as out:
        print("flooding", flush=True)
        number = 0
        while True:
            number = number % 65000 + 256
            sender = socket.inet_aton("%s.%d.%d" % (source, number >> 8, number & 255))
            out.sendto(head + sender + socket.inet_aton(group[0]) + payload, group)
            number += 1


if source.count(".") == 1:
    invented_senders()

with socket.socket(socket.AF_INET, socket.SOCK_RAW, 112) as out:
    out.bind((source, 0))
    out.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(source))
    out.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
    print("flooding", flush=True)
    if "lower" in sys.argv:
        lower = good_lower()
        while True:
            out.sendto(lower, group)
    while True:
        out.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
        for packet in ordinary.values():
            out.sendto(packet, group)
        out.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
        out.sendto(advert(), group)
