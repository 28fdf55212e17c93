// An accepted advert, ready to be encoded again.
#pragma once

#include <span>

#include "native/wire/vrrp.h"

namespace ka::test {

/// The fields that would make `advert` as `datagram` brought it, with `addresses`.
inline wire::AdvertFields fields_of(const wire::Advert& advert, const wire::Datagram& datagram,
                                    std::span<const IpAddr> addresses) {
  wire::AdvertFields fields;
  fields.version = advert.version;
  fields.family = advert.family;
  fields.vrid = advert.vrid;
  fields.priority = advert.priority;
  fields.advert_interval = advert.advert_interval;
  fields.auth_type = advert.auth_type;
  fields.auth_data = advert.auth_data;
  fields.addresses = addresses;
  fields.source = datagram.source;
  fields.destination = datagram.destination;
  return fields;
}

}  // namespace ka::test
