#include "native/napi/engine_read.h"

#include <linux/if_addr.h>

#include <algorithm>
#include <string>
#include <utility>

#include "native/napi/fields.h"
#include "native/napi/names.h"
#include "native/napi/routing_read.h"

namespace ka::addon {
namespace {

using namespace ka::engine;

constexpr std::int64_t kMaxId = 0xfffffffe;
constexpr std::int64_t kMaxUs = std::int64_t{1} << 50;
constexpr std::size_t kInterfaceName = 15;

Error invalid(std::string mistake) {
  return {Errc::kInvalidArgument, "arguments", 0, std::move(mistake)};
}

vrrp::RouterId read_id(Fields& from, const char* name = "id") {
  return static_cast<vrrp::RouterId>(from.integer(name, 0, kMaxId));
}

Micros read_us(Fields& from, const char* name) {
  return Micros{from.integer(name, 0, kMaxUs)};
}

vrrp::Holds read_holds(Fields& from, const char* name) {
  vrrp::Holds holds = 0;
  from.each_value(name, [&](const Napi::Value& item, const std::string& at) {
    const std::string word = item.IsString() ? item.As<Napi::String>().Utf8Value() : std::string();
    const vrrp::Holds hold = hold_named(word);
    if ((hold & kPolicyHolds) == 0) from.fail(at, "policy, waiting or standby", item);
    holds |= hold;
  });
  return holds;
}

VirtualAddress read_address(Fields& from) {
  VirtualAddress address;
  const auto prefix = parse_prefix(from.text("address", 64));
  if (!prefix) from.fail("address", "an address with its prefix length", from.raw("address"));
  address.prefix = prefix.value_or(Prefix{});
  const bool is_v4 = address.prefix.address.family() == Family::kIpv4;
  address.dev = from.text("dev", kInterfaceName);
  address.scope = static_cast<std::uint8_t>(from.maybe_integer("scope", 0, 255).value_or(0));
  address.label = is_v4 ? from.maybe_text("label", kInterfaceName) : std::string();
  address.broadcast = from.maybe_address("broadcast");
  address.peer = from.maybe_address("peer");
  const auto add = [&](const char* name, std::uint32_t bit) {
    if (from.flag(name)) address.flags |= bit;
  };
  add("home", IFA_F_HOMEADDRESS);
  add("noprefixroute", IFA_F_NOPREFIXROUTE);
  add("mngtmpaddr", IFA_F_MANAGETEMPADDR);
  add("autojoin", IFA_F_MCAUTOJOIN);
  if (!is_v4 && !from.flag("dad")) address.flags |= IFA_F_NODAD;
  if (const auto lifetime = from.maybe_integer("preferredLifetimeS", 0, 0xffffffff)) {
    address.preferred_s = static_cast<std::uint32_t>(*lifetime);
  }
  address.no_track = from.flag("noTrack");
  return address;
}

vrrp::AnnounceParams read_announce(Fields& from) {
  vrrp::AnnounceParams announce;
  if (!from.raw("announce").IsObject()) {
    from.fail("announce", "an object", from.raw("announce"));
    return announce;
  }
  std::string mistake;
  Fields plan(from.raw("announce").As<Napi::Object>(), from.where() + ".announce", mistake);
  announce.delay = read_us(plan, "delayUs");
  announce.repeat = static_cast<std::uint16_t>(plan.integer("repeat", 0, 65535));
  announce.refresh = read_us(plan, "refreshUs");
  announce.refresh_repeat = static_cast<std::uint16_t>(plan.integer("refreshRepeat", 0, 65535));
  announce.lower_prio_delay = read_us(plan, "lowerPrioDelayUs");
  announce.lower_prio_repeat = static_cast<std::uint16_t>(plan.integer("lowerPrioRepeat", 0, 65535));
  from.adopt(mistake);
  return announce;
}

vrrp::Params read_params(Fields& from) {
  vrrp::Params params;
  params.vrid = static_cast<Vrid>(from.integer("vrid", 1, 255));
  params.version = from.integer("version", 2, 3) == 2 ? vrrp::Version::kV2 : vrrp::Version::kV3;
  const auto family = from.integer("family", 4, 6);
  if (family == 5) from.fail("family", "4 or 6", from.raw("family"));
  params.family = family == 6 ? Family::kIpv6 : Family::kIpv4;
  if (params.family == Family::kIpv6 && params.version == vrrp::Version::kV2) {
    from.fail("version", "3, because version 2 knows no IPv6", from.raw("version"));
  }
  params.advert_interval = Micros{from.integer("advertIntervalUs", 10'000, 255'000'000)};
  params.down_timer_adverts = static_cast<std::uint8_t>(from.integer("downTimerAdverts", 1, 255));
  params.preempt = from.flag("preempt");
  params.preempt_delay = read_us(from, "preemptDelayUs");
  params.start_active = from.flag("startActive");
  params.lower_prio_no_advert = from.flag("lowerPrioNoAdvert");
  params.higher_prio_send_advert = from.flag("higherPrioSendAdvert");
  params.announce = read_announce(from);
  return params;
}

std::optional<wire::AuthData> read_password(Fields& from) {
  if (!from.has("authPass")) return std::nullopt;
  const Napi::Value value = from.raw("authPass");
  wire::AuthData data{};
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array ||
      value.As<Napi::Uint8Array>().ElementLength() > data.size()) {
    from.fail("authPass", "at most 8 bytes", value);
    return data;
  }
  const auto bytes = value.As<Napi::Uint8Array>();
  std::copy_n(bytes.Data(), bytes.ElementLength(), data.begin());
  return data;
}

void check_families(Fields& from, const RouterConfig& router) {
  const Family family = router.params.family;
  const auto differs = [&](const IpAddr& address) { return address.family() != family; };
  if (router.source && differs(*router.source))
    from.fail("source", "an address of the router's family", from.raw("source"));
  if (differs(router.multicast_group)) {
    from.fail("multicastGroup", "a group of the router's family", from.raw("multicastGroup"));
  }
  for (const auto& peer : router.peers) {
    if (differs(peer.address))
      from.fail("unicastPeers", "peers of the router's family", from.raw("unicastPeers"));
  }
  for (const auto& address : router.addresses) {
    if (differs(address.prefix.address)) {
      from.fail("addresses", "addresses of the router's family", from.raw("addresses"));
    }
  }
  if (router.addresses.size() > 255) from.fail("addresses", "at most 255", from.raw("addresses"));
  if (router.interface.empty() && !router.is_unicast()) {
    from.fail("interface", "an interface, because multicast needs one", from.raw("interface"));
  }
}

wire::OldChecksum read_old_checksum(Fields& from) {
  if (!from.has("oldUnicastChecksum")) return wire::OldChecksum::kAuto;
  const std::string word = from.text("oldUnicastChecksum", 16);
  if (word != "always" && word != "never")
    from.fail("oldUnicastChecksum", "always or never", from.raw("oldUnicastChecksum"));
  return word == "never" ? wire::OldChecksum::kNever : wire::OldChecksum::kAlways;
}

RouterConfig read_router(Fields& from) {
  RouterConfig router;
  router.id = read_id(from);
  router.name = from.text("name", 255);
  from.rename(from.where() + " (" + router.name + ")");
  router.interface = from.text("interface", kInterfaceName);
  router.priority_sum = static_cast<int>(from.integer("prioritySum", -1'000'000, 1'000'000));
  router.owner = from.flag("owner");
  router.params = read_params(from);
  router.owner_ignore_adverts = from.flag("ownerIgnoreAdverts");
  router.holds = read_holds(from, "holds");
  router.source = from.maybe_address("source");
  router.track_source = from.flag("trackSource");
  from.each("unicastPeers", [&](Fields& peer) {
    router.peers.push_back({peer.address("address"),
                            static_cast<std::uint8_t>(peer.integer("minTtl", 0, 255)),
                            static_cast<std::uint8_t>(peer.integer("maxTtl", 0, 255))});
  });
  router.check_unicast_source = from.flag("checkUnicastSource");
  router.unicast_ttl = static_cast<std::uint8_t>(from.integer("unicastTtl", 0, 255));
  router.multicast_group = from.address("multicastGroup");
  router.skip_check_adv_addr = from.flag("skipCheckAdvAddr");
  router.v3_checksum_as_v2 = from.flag("v3ChecksumAsV2");
  router.old_checksum = read_old_checksum(from);
  router.auth_pass = read_password(from);
  from.each("addresses", [&](Fields& address) { router.addresses.push_back(read_address(address)); });
  from.each("excludedAddresses", [&](Fields& address) { router.excluded.push_back(read_address(address)); });
  router.routing = read_routing(from);
  router.promote_secondaries = from.flag("promoteSecondaries");
  from.each("trackedLinks", [&](Fields& link) {
    router.tracked.push_back({link.text("name", kInterfaceName),
                              static_cast<int>(link.integer("weight", -254, 254)), link.flag("reverse")});
  });
  router.dont_track_primary = from.flag("dontTrackPrimary");
  router.receive_buffer = static_cast<int>(from.integer("rxBufferBytes", 0, 0x3fffffff));
  router.receive_mtus = static_cast<int>(from.maybe_integer("rxBufferMtus", 0, 0xffff).value_or(0));
  router.extra_announce_period = Micros{from.maybe_integer("extraAnnounceUs", 0, kMaxUs).value_or(0)};
  router.watchdog = from.flag("watchdog");
  check_families(from, router);
  return router;
}

Pace read_pace(Fields& from) {
  Pace pace;
  from.each_value("interfaces", [&](const Napi::Value& item, const std::string& at) {
    if (!item.IsString()) return from.fail(at, "a name", item);
    pace.interfaces.push_back(item.As<Napi::String>().Utf8Value());
  });
  pace.garp = read_us(from, "garpIntervalUs");
  pace.gna = read_us(from, "gnaIntervalUs");
  return pace;
}

LinkDelay read_link_delay(Fields& from) {
  return {from.text("name", kInterfaceName), read_us(from, "downUs"), read_us(from, "upUs")};
}

net::BufferSize read_buffer(Fields& from, const char* size, const char* forced) {
  return {static_cast<int>(from.maybe_integer(size, 0, INT32_MAX).value_or(0)), from.flag(forced)};
}

Command read_command(Fields& from) {
  Command command;
  command.id = read_id(from);
  const std::string word = from.text("command", 16);
  if (word == "release") {
    command.kind = CommandKind::kRelease;
  } else if (word == "offer") {
    command.kind = CommandKind::kOffer;
  } else if (word == "take-over") {
    command.kind = CommandKind::kTakeOver;
  } else if (word != "announce") {
    from.fail("command", "release, offer, take-over or announce", from.raw("command"));
  }
  return command;
}

std::vector<std::uint32_t> read_ids(Fields& from, const char* name) {
  std::vector<std::uint32_t> ids;
  from.each_value(name, [&](const Napi::Value& item, const std::string& at) {
    const double number = item.IsNumber() ? item.As<Napi::Number>().DoubleValue() : -1;
    if (number < 0 || number > static_cast<double>(kMaxId)) return from.fail(at, "an id", item);
    ids.push_back(static_cast<std::uint32_t>(number));
  });
  return ids;
}

}  // namespace

Result<Options> read_options(const Napi::Object& object) {
  std::string mistake;
  Fields from(object, "options", mistake);
  Options options;
  options.netns = from.maybe_text("netns", 4095);
  if (const auto value = from.maybe_integer("realtimePriority", 1, 99))
    options.realtime_priority = static_cast<int>(*value);
  if (const auto value = from.maybe_integer("niceness", -20, 19)) options.niceness = static_cast<int>(*value);
  from.each_value("cpuAffinity", [&](const Napi::Value& item, const std::string& at) {
    const double cpu = item.IsNumber() ? item.As<Napi::Number>().DoubleValue() : -1;
    if (cpu < 0 || cpu > 1023) return from.fail(at, "a CPU number 0..1023", item);
    options.cpus.push_back(static_cast<int>(cpu));
  });
  options.lock_memory = from.flag("lockMemory");
  if (const auto value = from.maybe_integer("rlimitRttimeUs", 1, kMaxUs))
    options.rlimit_rttime = Micros{*value};
  options.max_auto_priority = static_cast<int>(from.maybe_integer("maxAutoPriority", 1, 99).value_or(0));
  if (const auto value = from.maybe_integer("autoPriorityDelayUs", 1, kMaxUs))
    options.auto_priority_delay = Micros{*value};
  options.startup_delay = Micros{from.maybe_integer("startupDelayUs", 0, kMaxUs).value_or(0)};
  options.event_loop_timeout = Millis{from.maybe_integer("eventLoopTimeoutMs", 0, 1'000'000'000).value_or(0)};
  options.keep_addresses = from.flag("keepAddresses");
  if (const auto value = from.maybe_integer("leaveWith", 1, INT32_MAX))
    options.leave_with = static_cast<pid_t>(*value);
  if (const auto value = from.maybe_integer("lifeSignFd", 0, INT32_MAX))
    options.life_sign_fd = static_cast<int>(*value);
  options.split_brain_probe = !from.flag("noSplitBrainProbe");
  options.monitor_buffer = read_buffer(from, "monitorBufferBytes", "monitorBufferForced");
  options.request_buffer = read_buffer(from, "requestBufferBytes", "requestBufferForced");
  if (!mistake.empty()) return invalid(mistake);
  return options;
}

Result<Transaction> read_transaction(const Napi::Object& object) {
  std::string mistake;
  Fields from(object, "", mistake);
  Transaction transaction;
  transaction.remove = read_ids(from, "remove");
  from.each("routers", [&](Fields& router) { transaction.routers.push_back(read_router(router)); });
  from.each("groups", [&](Fields& group) {
    transaction.groups.push_back({read_id(group), group.text("name", 255), read_ids(group, "members")});
  });
  transaction.remove_groups = read_ids(from, "removeGroups");
  if (from.has("paces")) {
    transaction.paces.emplace();
    from.each("paces", [&](Fields& pace) { transaction.paces->push_back(read_pace(pace)); });
  }
  if (from.has("linkDelays")) {
    transaction.link_delays.emplace();
    from.each("linkDelays",
              [&](Fields& delay) { transaction.link_delays->push_back(read_link_delay(delay)); });
  }
  if (from.has("statics")) {
    from.each("statics", [&](Fields& given) {
      Statics statics;
      given.each("addresses", [&](Fields& address) { statics.addresses.push_back(read_address(address)); });
      statics.routing = read_routing(given);
      transaction.statics = std::move(statics);
    });
  }
  from.each("priorities", [&](Fields& change) {
    transaction.priorities.push_back(
        {read_id(change), static_cast<int>(change.integer("prioritySum", -1'000'000, 1'000'000))});
  });
  from.each("holds", [&](Fields& change) {
    transaction.holds.push_back({read_id(change), read_holds(change, "set"), read_holds(change, "clear")});
  });
  from.each("commands", [&](Fields& command) { transaction.commands.push_back(read_command(command)); });
  if (from.has("tellUnknownVrids")) transaction.tells_unknown_vrids = from.flag("tellUnknownVrids");
  if (!mistake.empty()) return invalid(mistake);
  return transaction;
}

}  // namespace ka::addon
