#include "native/engine/memory_lock.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <memory>
#include <string>
#include <string_view>

#include "native/net/fd.h"
#include "native/net/nl.h"

namespace ka::engine {

namespace {

/// A line of /proc/self/maps: "start-end perms offset device inode   name".
struct Mapping {
  std::uintptr_t start = 0;
  std::uintptr_t end = 0;
  bool is_readable = false;
  std::string_view name;
};

Mapping parse(std::string_view line) {
  Mapping mapping;
  const char* const last = line.data() + line.size();
  const auto start = std::from_chars(line.data(), last, mapping.start, 16);
  if (start.ptr == last) return {};
  const auto end = std::from_chars(start.ptr + 1, last, mapping.end, 16);
  const std::string_view rest(end.ptr, static_cast<std::size_t>(last - end.ptr));
  mapping.is_readable = rest.size() > 1 && rest[1] == 'r';
  if (const auto name = rest.find_first_of("/["); name != std::string_view::npos)
    mapping.name = rest.substr(name);
  return mapping;
}

Result<std::string> read_maps() {
  const Fd file(::open("/proc/self/maps", O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return net::kernel_error("open", errno, "/proc/self/maps");
  std::string text;
  std::array<char, 16'384> chunk;
  for (;;) {
    const ssize_t got = ::read(file.get(), chunk.data(), chunk.size());
    if (got < 0) return net::kernel_error("read", errno, "/proc/self/maps");
    if (got == 0) return text;
    text.append(chunk.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace

MemoryLock MemoryLock::of_this_thread() {
  const int on_stack = 0;
  // Each thread has a part of the heap to itself.
  const auto on_heap = std::make_unique<int>(0);
  MemoryLock lock;
  lock.places_ = {reinterpret_cast<std::uintptr_t>(&on_stack),
                  reinterpret_cast<std::uintptr_t>(on_heap.get())};
  return lock;
}

Result<void> MemoryLock::apply() const {
  const auto maps = read_maps();
  if (!maps.ok()) return maps.error();
  std::string_view rest = *maps;
  Result<void> first;
  while (!rest.empty()) {
    const auto length = std::min(rest.find('\n'), rest.size());
    const Mapping mapping = parse(rest.substr(0, length));
    rest.remove_prefix(std::min(length + 1, rest.size()));
    const bool is_named =
        mapping.name.starts_with('/') || mapping.name == "[heap]" || mapping.name == "[stack]";
    const bool is_of_thread = std::ranges::any_of(
        places_, [&](std::uintptr_t place) { return place >= mapping.start && place < mapping.end; });
    if (!mapping.is_readable || !(is_named || is_of_thread)) continue;
    // NOLINTNEXTLINE(performance-no-int-to-ptr): that is what the kernel's list holds.
    void* const start = reinterpret_cast<void*>(mapping.start);
    // One that is gone by now, or that the limit refuses, keeps none of the others from being locked.
    if (::mlock2(start, mapping.end - mapping.start, MLOCK_ONFAULT) != 0 && first.ok())
      first = net::kernel_error("mlock2", errno, "memory not locked");
  }
  return first;
}

}  // namespace ka::engine
