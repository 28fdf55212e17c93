#include "native/engine/life_sign.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <atomic>
#include <cerrno>
#include <utility>

#include "native/net/nl.h"

namespace ka::engine {

namespace {

constexpr std::size_t kSize = 2 * sizeof(std::int64_t);

/// Another process may read at any time; each number by itself is whole.
void store(std::int64_t& place, std::int64_t value) {
  std::atomic_ref(place).store(value, std::memory_order_release);
}

}  // namespace

LifeSign::~LifeSign() {
  if (times_ != nullptr) ::munmap(times_, kSize);
}

LifeSign::LifeSign(LifeSign&& other) noexcept : times_(std::exchange(other.times_, nullptr)) {}

LifeSign& LifeSign::operator=(LifeSign&& other) noexcept {
  std::swap(times_, other.times_);
  return *this;
}

Result<LifeSign> LifeSign::open(int fd) {
  struct stat facts {};
  if (::fstat(fd, &facts) != 0) return net::kernel_error("fstat", errno, "file for the sign of life");
  // Beyond the end of its file, memory cannot be touched.
  if (!S_ISREG(facts.st_mode) || facts.st_size < static_cast<off_t>(kSize))
    return Error{Errc::kInvalidArgument, "mmap", 0, "the file for the sign of life has not 16 bytes"};
  void* memory = ::mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) return net::kernel_error("mmap", errno, "file for the sign of life");
  LifeSign sign;
  sign.times_ = static_cast<std::int64_t*>(memory);
  sign.beat({}, 0);
  return sign;
}

void LifeSign::beat(Instant now, std::int64_t wall_ns) {
  if (times_ == nullptr) return;
  store(times_[0], now.time_since_epoch().count());
  store(times_[1], wall_ns);
}

void LifeSign::leave() {
  beat({}, 0);
  *this = LifeSign();
}

}  // namespace ka::engine
