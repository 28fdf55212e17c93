#include "native/net/monitor.h"

#include <linux/rtnetlink.h>

#include <cerrno>

namespace ka::net {

namespace {

/// Room for the notifications of some ten thousand address changes.
constexpr int kReceiveBuffer = 16 * 1024 * 1024;

}  // namespace

Result<Monitor> Monitor::open() {
  auto socket = NlSocket::open(NETLINK_ROUTE, kReceiveBuffer);
  if (!socket.ok()) return socket.error();
  for (const int group : {RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR}) {
    if (auto joined = socket->join(group); !joined.ok()) return joined.error();
  }
  return Monitor(std::move(*socket));
}

void Monitor::ask(const NlMessage& message) {
  nlmsghdr* header = message.get();
  header->nlmsg_seq = list_sequence_ = socket_.next_sequence();
  header->nlmsg_pid = socket_.port();
  const auto sent = socket_.send({reinterpret_cast<const std::uint8_t*>(header), header->nlmsg_len});
  // A dump cannot start while the last one still runs (EBUSY): begin again later.
  if (!sent.ok()) phase_ = Phase::kAskLinks;
}

void Monitor::start_list(MonitorSink& sink) {
  is_list_broken_ = false;
  phase_ = Phase::kLinks;
  sink.list_begin();
  ask(list_links());
}

void Monitor::list_part_done(const nlmsghdr& header, MonitorSink& sink) {
  if (header.nlmsg_seq != list_sequence_) return;
  if (header.nlmsg_type == NLMSG_ERROR) {  // refused (EBUSY): the next drain begins again
    phase_ = Phase::kAskLinks;
    return;
  }
  // The list changed while it was read (NLM_F_DUMP_INTR), or part of it was lost: read it again.
  if (is_list_broken_ || (header.nlmsg_flags & NLM_F_DUMP_INTR) != 0) {
    start_list(sink);
  } else if (phase_ == Phase::kLinks) {
    phase_ = Phase::kAddresses;
    ask(list_addresses());
  } else if (phase_ == Phase::kAddresses) {
    phase_ = Phase::kCurrent;
    sink.list_end();
  }
}

void Monitor::handle(nlmsghdr& header, MonitorSink& sink) {
  if ((header.nlmsg_flags & NLM_F_DUMP_INTR) != 0) is_list_broken_ = true;
  const Origin origin{header.nlmsg_pid, header.nlmsg_seq};
  switch (header.nlmsg_type) {
    case NLMSG_DONE:
    case NLMSG_ERROR:
      list_part_done(header, sink);
      break;
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
  if (phase_ == Phase::kAskLinks) start_list(sink);
  for (int i = 0; i < budget; ++i) {
    switch (socket_.receive()) {
      case Received::kData:
        for_each_message(socket_.data(), [&](nlmsghdr& header) { handle(header, sink); });
        break;
      case Received::kNothing:
        return true;
      case Received::kOverrun:
        ++overruns_;
        // A running list has lost a part and is read again when its end comes; else read one now.
        if (phase_ == Phase::kCurrent) {
          start_list(sink);
        } else {
          is_list_broken_ = true;
        }
        break;
      case Received::kFailed:
        return true;
    }
  }
  return false;
}

}  // namespace ka::net
