// IPVS generic netlink messages: commands to attributes, attributes to values. No socket.
// Attribute numbers and layouts are those of <linux/ip_vs.h>; byte orders are noted where they surprise.
#pragma once

#include <netlink/msg.h>

#include <optional>

#include "native/base/result.h"
#include "native/ipvs/types.h"

namespace ka::ipvs {

/// Appends the attributes of `command` to `msg`, which already has its generic netlink header.
/// False when the message has no room left.
bool put_command(nl_msg* msg, const Command& command);

/// Appends the nested service attribute that selects `key` (for IPVS_CMD_GET_DEST).
bool put_service_key(nl_msg* msg, const ServiceKey& key);

/// A service of an IPVS_CMD_GET_SERVICE dump; nullopt when it lacks what a service must have.
std::optional<ServiceStatus> read_service(nlmsghdr* header);
/// A destination of an IPVS_CMD_GET_DEST dump. Old kernels leave the address family out: `service_family`
/// then counts.
std::optional<DestinationStatus> read_destination(nlmsghdr* header, Family service_family);
std::optional<SyncDaemon> read_daemon(nlmsghdr* header);
std::optional<Timeouts> read_timeouts(nlmsghdr* header);
std::optional<Info> read_info(nlmsghdr* header);

}  // namespace ka::ipvs
