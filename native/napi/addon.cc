// What the addon exports. Everything else is in the files that define it.
#include <napi.h>

#include "native/napi/address_watch_wrap.h"
#include "native/napi/engine_wrap.h"
#include "native/napi/ipvs_wrap.h"
#include "native/napi/launcher_wrap.h"
#include "native/napi/listener_wrap.h"
#include "native/napi/namespace_wrap.h"
#include "native/napi/prober_wrap.h"
#include "native/napi/remove_addresses_wrap.h"
#include "native/napi/scheduling_wrap.h"
#include "native/napi/signals_wrap.h"
#include "native/napi/syslog_wrap.h"

namespace {

/// bindings/load.ts refuses another number.
constexpr int kAbi = 1;

Napi::Object init(Napi::Env env, Napi::Object exports) {
  ka::addon::init_address_watch(env, exports);
  ka::addon::init_engine(env, exports);
  ka::addon::init_ipvs(env, exports);
  ka::addon::init_launcher(env, exports);
  ka::addon::init_listener(env, exports);
  ka::addon::init_namespace(env, exports);
  ka::addon::init_prober(env, exports);
  ka::addon::init_remove_addresses(env, exports);
  ka::addon::init_scheduling(env, exports);
  ka::addon::init_signals(env, exports);
  ka::addon::init_syslog(env, exports);
  exports.Set("abi", Napi::Number::New(env, kAbi));
  return exports;
}

}  // namespace

NODE_API_MODULE(ka_node, init)
