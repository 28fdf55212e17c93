"""Sends VRRPv3 adverts as another router would: advert.py SOURCE VRID PRIORITY ADDRESS COUNT, one each 20 ms."""

import socket
import struct
import sys
import time

source, vrid, priority, address, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], int(sys.argv[5])
group = "224.0.0.18"


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


head = struct.pack("!BBBBH", 0x31, vrid, priority, 1, 20)
tail = socket.inet_aton(address)
pseudo = socket.inet_aton(source) + socket.inet_aton(group) + struct.pack("!BBH", 0, 112, 12)
packet = head + struct.pack("!H", checksum(pseudo + head + b"\0\0" + tail)) + tail

with socket.socket(socket.AF_INET, socket.SOCK_RAW, 112) as out:
    out.bind((source, 0))
    out.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(source))
    out.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
    for _ in range(count):
        out.sendto(packet, (group, 0))
        time.sleep(0.02)
