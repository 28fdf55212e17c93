#include "native/net/monitor.h"

#include <linux/rtnetlink.h>

namespace ka::net {

namespace {

/// Room for the notifications of some ten thousand address changes.
constexpr int kReceiveBuffer = 16 * 1024 * 1024;

}  // namespace

Result<Monitor> Monitor::open(const BufferSize& receive_buffer) {
  auto socket = NlSocket::open(NETLINK_ROUTE, kReceiveBuffer, receive_buffer);
  if (!socket.ok()) return socket.error();
  for (const int group : {RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR}) {
    if (auto joined = socket->join(group); !joined.ok()) return joined.error();
  }
  return Monitor(std::move(*socket));
}

void Monitor::handle(nlmsghdr& header, MonitorSink& sink) {
  const Origin origin{header.nlmsg_pid, header.nlmsg_seq};
  switch (header.nlmsg_type) {
    case RTM_NEWLINK:
      if (const auto link = read_link(header)) sink.link_present(*link);
      break;
    case RTM_DELLINK:
      if (const auto link = read_link(header)) sink.link_gone(link->index);
      break;
    case RTM_NEWADDR:
      if (const auto address = read_address(header)) sink.address_present(*address, origin);
      break;
    case RTM_DELADDR:
      if (const auto address = read_address(header)) sink.address_gone(*address, origin);
      break;
    default:
      break;
  }
}

bool Monitor::drain(MonitorSink& sink, int budget) {
  for (int i = 0; i < budget; ++i) {
    switch (socket_.receive()) {
      case Received::kData:
        for_each_message(socket_.data(), [&](nlmsghdr& header) { handle(header, sink); });
        break;
      case Received::kNothing:
        return true;
      case Received::kOverrun:
        ++overruns_;
        // What is left is older than the list will be; the kernel drops more until it has been read.
        wants_list_ = true;
        break;
      case Received::kFailed:
        return true;
    }
  }
  return false;
}

void Monitor::take_list(Listing& list, MonitorSink& sink) {
  wants_list_ = false;
  sink.list_begin();
  for_each_message(list, [&](nlmsghdr& header) { handle(header, sink); });
  sink.list_end();
}

}  // namespace ka::net
