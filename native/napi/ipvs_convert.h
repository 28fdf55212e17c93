// JavaScript objects <-> IPVS values. The shapes are those of bindings/native-ipvs.ts, which has checked them
// already: a wrong type here reads as 0 or "" and the kernel refuses it.   Thread: js
#pragma once

#include <napi.h>

#include <vector>

#include "native/ipvs/types.h"

namespace ka::addon {

/// Reads one command; false when an address is none.
bool read_command(const Napi::Object& from, ipvs::Command& to);

Napi::Value commands_errors_to_js(Napi::Env env, const std::vector<ipvs::CommandError>& errors);
/// `{services, counters}`: ten 64-bit counters for each service and destination, in the order of the table.
Napi::Value table_to_js(Napi::Env env, const ipvs::Table& table);
Napi::Value daemons_to_js(Napi::Env env, const std::vector<ipvs::SyncDaemon>& daemons);
Napi::Value timeouts_to_js(Napi::Env env, const ipvs::Timeouts& timeouts);
Napi::Value info_to_js(Napi::Env env, const ipvs::Info& info);

}  // namespace ka::addon
