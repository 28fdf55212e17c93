// IPv4 headers: any bytes. The payload must lie within them.
#include <cstdlib>

#include "native/wire/inet.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto view = ka::wire::strip_ipv4({data, size});
  if (!view) return 0;
  const std::uint8_t* first = view->payload.data();
  const bool inside =
      first >= data + ka::wire::kIpv4HeaderSize && first + view->payload.size() <= data + size;
  if (!inside) std::abort();
  unsigned sum = 0;
  for (const std::uint8_t byte : view->payload) sum += byte;
  return sum == 0xffffffffu ? 1 : 0;  // reads every byte
}
