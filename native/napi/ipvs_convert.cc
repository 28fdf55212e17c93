#include "native/napi/ipvs_convert.h"

#include <cstdint>
#include <string>

namespace ka::addon {
namespace {

using namespace ka::ipvs;

std::uint32_t number(const Napi::Object& o, const char* name) {
  const Napi::Value v = o.Get(name);
  return v.IsNumber() ? v.As<Napi::Number>().Uint32Value() : 0;
}

std::string text(const Napi::Object& o, const char* name) {
  const Napi::Value v = o.Get(name);
  return v.IsString() ? v.As<Napi::String>().Utf8Value() : std::string();
}

bool read_key(const Napi::Object& o, ServiceKey& key) {
  key.family = number(o, "family") == 6 ? Family::kIpv6 : Family::kIpv4;
  key.fwmark = number(o, "fwmark");
  if (key.fwmark != 0) return true;
  key.protocol = static_cast<Protocol>(number(o, "protocol"));
  key.port = static_cast<std::uint16_t>(number(o, "port"));
  const auto address = IpAddr::parse(text(o, "address"));
  if (!address || address->family() != key.family) return false;
  key.address = *address;
  return true;
}

bool read_service(const Napi::Object& o, Service& s) {
  if (!read_key(o, s.key)) return false;
  s.scheduler = text(o, "scheduler");
  s.flags = number(o, "flags");
  s.persistence_timeout_s = number(o, "persistenceTimeoutS");
  s.netmask = number(o, "netmask");
  s.persistence_engine = text(o, "persistenceEngine");
  return true;
}

bool read_destination(const Napi::Object& o, Destination& d) {
  const auto address = IpAddr::parse(text(o, "address"));
  if (!address) return false;
  d.address = *address;
  d.port = static_cast<std::uint16_t>(number(o, "port"));
  d.forward = static_cast<Forward>(number(o, "forward"));
  d.tunnel_type = static_cast<TunnelType>(number(o, "tunnelType"));
  d.tunnel_port = static_cast<std::uint16_t>(number(o, "tunnelPort"));
  d.tunnel_flags = static_cast<std::uint16_t>(number(o, "tunnelFlags"));
  d.weight = static_cast<std::int32_t>(number(o, "weight"));
  d.upper_threshold = number(o, "upperThreshold");
  d.lower_threshold = number(o, "lowerThreshold");
  return true;
}

bool read_daemon(const Napi::Object& o, SyncDaemon& d) {
  d.role = static_cast<SyncRole>(number(o, "role"));
  d.interface = text(o, "interface");
  d.sync_id = number(o, "syncId");
  if (o.Has("maxLength")) d.max_length = static_cast<std::uint16_t>(number(o, "maxLength"));
  if (o.Has("port")) d.port = static_cast<std::uint16_t>(number(o, "port"));
  if (o.Has("ttl")) d.ttl = static_cast<std::uint8_t>(number(o, "ttl"));
  if (o.Has("group")) {
    const auto group = IpAddr::parse(text(o, "group"));
    if (!group) return false;
    d.group = *group;
  }
  return true;
}

Napi::Number js(Napi::Env env, std::uint32_t v) {
  return Napi::Number::New(env, v);
}

void append(std::vector<std::uint64_t>& counters, const Stats& s) {
  counters.insert(counters.end(),
                  {s.connections, s.packets_in, s.packets_out, s.bytes_in, s.bytes_out, s.connections_per_s,
                   s.packets_in_per_s, s.packets_out_per_s, s.bytes_in_per_s, s.bytes_out_per_s});
}

Napi::Object to_js(Napi::Env env, const DestinationStatus& status) {
  const Destination& d = status.destination;
  Napi::Object o = Napi::Object::New(env);
  o.Set("address", Napi::String::New(env, d.address.format()));
  o.Set("port", js(env, d.port));
  o.Set("forward", js(env, static_cast<std::uint32_t>(d.forward)));
  o.Set("tunnelType", js(env, static_cast<std::uint32_t>(d.tunnel_type)));
  o.Set("tunnelPort", js(env, d.tunnel_port));
  o.Set("tunnelFlags", js(env, d.tunnel_flags));
  o.Set("weight", Napi::Number::New(env, d.weight));
  o.Set("upperThreshold", js(env, d.upper_threshold));
  o.Set("lowerThreshold", js(env, d.lower_threshold));
  o.Set("activeConnections", js(env, status.active_connections));
  o.Set("inactiveConnections", js(env, status.inactive_connections));
  o.Set("persistentConnections", js(env, status.persistent_connections));
  return o;
}

Napi::Object to_js(Napi::Env env, const ServiceStatus& status) {
  const Service& s = status.service;
  Napi::Object o = Napi::Object::New(env);
  o.Set("family", js(env, static_cast<std::uint32_t>(s.key.family)));
  o.Set("fwmark", js(env, s.key.fwmark));
  o.Set("protocol", js(env, static_cast<std::uint32_t>(s.key.protocol)));
  o.Set("address", Napi::String::New(env, s.key.fwmark != 0 ? std::string() : s.key.address.format()));
  o.Set("port", js(env, s.key.port));
  o.Set("scheduler", Napi::String::New(env, s.scheduler));
  o.Set("flags", js(env, s.flags));
  o.Set("persistenceTimeoutS", js(env, s.persistence_timeout_s));
  o.Set("netmask", js(env, s.netmask));
  o.Set("persistenceEngine", Napi::String::New(env, s.persistence_engine));
  Napi::Array destinations = Napi::Array::New(env, status.destinations.size());
  for (std::uint32_t i = 0; i < status.destinations.size(); ++i) {
    Napi::HandleScope scope(env);
    destinations.Set(i, to_js(env, status.destinations[i]));
  }
  o.Set("destinations", destinations);
  return o;
}

}  // namespace

bool read_command(const Napi::Object& from, Command& to) {
  to.op = static_cast<Op>(number(from, "op"));
  const Napi::Value service = from.Get("service");
  to.has_service = service.IsObject();
  if (to.has_service && !read_service(service.As<Napi::Object>(), to.service)) return false;
  const Napi::Value destination = from.Get("destination");
  if (destination.IsObject() && !read_destination(destination.As<Napi::Object>(), to.destination))
    return false;
  const Napi::Value daemon = from.Get("daemon");
  if (daemon.IsObject() && !read_daemon(daemon.As<Napi::Object>(), to.daemon)) return false;
  const Napi::Value timeouts = from.Get("timeouts");
  if (timeouts.IsObject()) {
    const auto t = timeouts.As<Napi::Object>();
    to.timeouts = {.tcp_s = number(t, "tcpS"), .tcp_fin_s = number(t, "tcpFinS"), .udp_s = number(t, "udpS")};
  }
  return true;
}

Napi::Value commands_errors_to_js(Napi::Env env, const std::vector<CommandError>& errors) {
  Napi::Array all = Napi::Array::New(env, errors.size());
  for (std::uint32_t i = 0; i < errors.size(); ++i) {
    Napi::Object o = Napi::Object::New(env);
    o.Set("index", Napi::Number::New(env, static_cast<double>(errors[i].index)));
    o.Set("errno", Napi::Number::New(env, errors[i].err_no));
    o.Set("message", Napi::String::New(env, errors[i].message));
    all.Set(i, o);
  }
  return all;
}

Napi::Value table_to_js(Napi::Env env, const Table& table) {
  std::vector<std::uint64_t> counters;
  Napi::Array services = Napi::Array::New(env, table.services.size());
  for (std::uint32_t i = 0; i < table.services.size(); ++i) {
    Napi::HandleScope scope(env);
    services.Set(i, to_js(env, table.services[i]));
    append(counters, table.services[i].stats);
    for (const DestinationStatus& d : table.services[i].destinations) append(counters, d.stats);
  }
  Napi::BigUint64Array numbers = Napi::BigUint64Array::New(env, counters.size());
  for (std::size_t i = 0; i < counters.size(); ++i) numbers[i] = counters[i];
  Napi::Object result = Napi::Object::New(env);
  result.Set("services", services);
  result.Set("counters", numbers);
  return result;
}

Napi::Value daemons_to_js(Napi::Env env, const std::vector<SyncDaemon>& daemons) {
  Napi::Array all = Napi::Array::New(env, daemons.size());
  for (std::uint32_t i = 0; i < daemons.size(); ++i) {
    const SyncDaemon& d = daemons[i];
    Napi::Object o = Napi::Object::New(env);
    o.Set("role", js(env, static_cast<std::uint32_t>(d.role)));
    o.Set("interface", Napi::String::New(env, d.interface));
    o.Set("syncId", js(env, d.sync_id));
    if (d.max_length) o.Set("maxLength", js(env, *d.max_length));
    if (d.group) o.Set("group", Napi::String::New(env, d.group->format()));
    if (d.port) o.Set("port", js(env, *d.port));
    if (d.ttl) o.Set("ttl", js(env, *d.ttl));
    all.Set(i, o);
  }
  return all;
}

Napi::Value timeouts_to_js(Napi::Env env, const Timeouts& timeouts) {
  Napi::Object o = Napi::Object::New(env);
  o.Set("tcpS", js(env, timeouts.tcp_s));
  o.Set("tcpFinS", js(env, timeouts.tcp_fin_s));
  o.Set("udpS", js(env, timeouts.udp_s));
  return o;
}

Napi::Value info_to_js(Napi::Env env, const Info& info) {
  Napi::Object o = Napi::Object::New(env);
  o.Set("version", js(env, info.version));
  o.Set("connectionTableSize", js(env, info.connection_table_size));
  return o;
}

}  // namespace ka::addon
