// What the log, the notification pipes and systemd need and Node.js lacks: datagrams to Unix sockets, sends
// that never wait, and named pipes. It knows nothing of what is sent.
#pragma once

#include <napi.h>

namespace ka::addon {

/// Adds the class `UnixDatagram` and the functions `sendNoWait` and `makeFifo` to the exports.   Thread: js
void init_syslog(Napi::Env env, Napi::Object exports);

}  // namespace ka::addon
