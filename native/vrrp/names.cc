#include "native/vrrp/names.h"

namespace ka::vrrp {

const char* name_of(State state) {
  switch (state) {
    case State::kInitialize:
      return "initialize";
    case State::kBackup:
      return "backup";
    case State::kActive:
      return "active";
  }
  return "";
}

const char* name_of(CauseKind kind) {
  switch (kind) {
    case CauseKind::kNone:
      return "none";
    case CauseKind::kStarted:
      return "started";
    case CauseKind::kOwner:
      return "owner";
    case CauseKind::kSilence:
      return "silence";
    case CauseKind::kPreempted:
      return "preempted";
    case CauseKind::kPeerLeft:
      return "peer-left";
    case CauseKind::kHigherPriority:
      return "higher-priority";
    case CauseKind::kHeld:
      return "held";
    case CauseKind::kReleased:
      return "released";
    case CauseKind::kGroup:
      return "group";
    case CauseKind::kCommand:
      return "command";
    case CauseKind::kParams:
      return "params";
    case CauseKind::kRemoved:
      return "removed";
    case CauseKind::kShutdown:
      return "shutdown";
    case CauseKind::kAddressLost:
      return "address-lost";
    case CauseKind::kAbsent:
      return "absent";
  }
  return "";
}

}  // namespace ka::vrrp
