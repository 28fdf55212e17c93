// A generic netlink socket to IPVS: batches of commands with their ACKs, and dumps. Blocking; no JavaScript
// here.
#pragma once

#include <netlink/netlink.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "native/base/result.h"
#include "native/ipvs/types.h"

namespace ka::ipvs {

struct ConnectionOptions {
  /// Path of a network namespace file, e.g. /run/netns/NAME; empty: the caller's namespace.
  std::string netns_path;
  /// Receive buffer in bytes; it must hold the ACKs of one batch.
  int receive_buffer = 1 << 20;
};

/// One socket. It stays in the namespace in which it was opened, whatever thread uses it later.
/// Thread: any, one at a time (the caller serialises). Every call blocks for as long as the kernel works on
/// it.
class Connection {
 public:
  /// Opens the socket and finds the IPVS family; the kernel loads its module for that when it can.
  /// Errors: kUnsupported (no IPVS in this kernel), kPermission, kNotFound (no such namespace), kKernel.
  static Result<std::unique_ptr<Connection>> open(const ConnectionOptions& options);

  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  /// Runs all commands in order, many per send. A refused command does not stop the following ones.
  /// @returns the refused ones; empty when everything was done.
  /// Errors: only what makes the outcome unknown (socket failure, lost ACKs): read the table again then.
  Result<std::vector<CommandError>> run(std::span<const Command> commands);

  /// The whole table: every service with its destinations and counters.   Equivalent: ipvsadm -Ln --stats
  /// One dump of the services, then one of the destinations of each: IPVS_CMD_GET_DEST wants a service, and
  /// the kernel has no command for all of them.
  Result<Table> table();
  Result<std::vector<SyncDaemon>> daemons();
  Result<Timeouts> timeouts();
  Result<Info> info();

 private:
  explicit Connection(nl_sock* socket, int family) : socket_(socket), family_(family) {}
  static Result<std::unique_ptr<Connection>> open_here(const ConnectionOptions& options);
  Result<void> send_batch(std::span<const std::uint8_t> bytes, std::size_t count);
  Result<void> collect_acks(std::uint32_t first_seq, std::size_t count, std::size_t base,
                            std::vector<CommandError>& errors);
  template <typename Visit>
  Result<void> request(int command, int flags, const ServiceKey* service, const char* op, Visit visit);

  nl_sock* socket_;
  int family_;
  std::uint32_t next_seq_ = 1;
};

}  // namespace ka::ipvs
