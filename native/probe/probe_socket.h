// The system calls of one probe: open, begin, look at what came. Non-blocking throughout.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "native/probe/http_exchange.h"
#include "native/probe/prober.h"

namespace ka::probe {

/// What a step of a probe led to: nothing yet (nullopt), or its end.
struct End {
  Outcome outcome = Outcome::kOk;
  int err_no = 0;
  const char* op = "";
};

struct Started {
  int fd = -1;
  /// kPing over a raw socket: replies must be told apart by identifier.
  bool is_raw = false;
  std::uint16_t identifier = 0;
  std::optional<End> end;
  /// kHttp: the conversation, once the connection stands.
  std::unique_ptr<HttpExchange> http;
};

/// Opens and binds the socket and connects or sends. `fd` is -1 when that failed. A TCP socket is set to end
/// with RST when it is closed, by whomever, so that no state of a check stays behind on either side.
Started begin_probe(const Spec& spec);

/// kTcp: the connection is made or refused. kUdp, kPing: reads what is there; fills `report.reply`. kHttp: as
/// far as it goes.
std::optional<End> continue_probe(const Spec& spec, Started& started, std::uint32_t events, Report& report);

/// Whether a vigil goes on after this end.
bool is_expected(const Spec& spec, const End& end, const Report& report);

}  // namespace ka::probe
