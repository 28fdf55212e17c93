#include "native/napi/names.h"

#include <cstring>

namespace ka::addon {

const char* name_of(engine::AddressEvent what) {
  switch (what) {
    case engine::AddressEvent::kRestored:
      return "restored";
    case engine::AddressEvent::kGaveUp:
      return "gave-up";
    case engine::AddressEvent::kFailed:
      return "failed";
    case engine::AddressEvent::kStaleRemoved:
      return "stale-removed";
  }
  return "";
}

const char* code_of(Errc code) {
  switch (code) {
    case Errc::kInvalidArgument:
      return "KA_ENGINE_INVALID";
    case Errc::kNotFound:
      return "KA_ENGINE_NOT_FOUND";
    case Errc::kExists:
      return "KA_ENGINE_EXISTS";
    case Errc::kPermission:
      return "KA_ENGINE_PERMISSION";
    case Errc::kUnsupported:
      return "KA_ENGINE_UNSUPPORTED";
    case Errc::kClosed:
      return "KA_ENGINE_CLOSED";
    case Errc::kKernel:
    case Errc::kTruncated:
    case Errc::kMalformed:
      return "KA_ENGINE_KERNEL";
  }
  return "KA_ENGINE_KERNEL";
}

std::string errno_name(int err_no) {
  if (err_no == 0) return {};
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 32)
  if (const char* name = ::strerrorname_np(err_no)) return name;
#endif
  return "E" + std::to_string(err_no);
}

vrrp::Holds hold_named(std::string_view name) {
  unsigned bit = 0;
  for (const char* known : kHoldNames) {
    if (name == known) return static_cast<vrrp::Holds>(1U << bit);
    ++bit;
  }
  return 0;
}

}  // namespace ka::addon
