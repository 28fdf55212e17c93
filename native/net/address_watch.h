// Which addresses are on this host, followed on a thread of its own: for whoever lives outside of the engine.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "native/base/ip.h"
#include "native/base/result.h"

namespace ka::net {

/// An address came to the first link that has it, or left the last one.
struct AddressChange {
  IpAddr address;
  bool is_present = false;
};

/// Owner of the thread.
class AddressWatch {
 public:
  /// Called on the watch's thread. The first call names everything that there is and may be empty.
  using Sink = std::function<void(std::vector<AddressChange>&&)>;

  /// Starts the thread, in the namespace of `netns_path` when that is not empty.
  static Result<std::unique_ptr<AddressWatch>> start(const std::string& netns_path, Sink sink);
  AddressWatch(const AddressWatch&) = delete;
  AddressWatch& operator=(const AddressWatch&) = delete;
  /// Ends the thread.
  ~AddressWatch();

 private:
  struct Impl;
  explicit AddressWatch(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ka::net
