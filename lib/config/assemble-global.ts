/**
 * global_defs as written to global_defs as meant: what depends on other settings is filled in.
 */
import { micros } from '../units.js';
import type { GlobalDefs } from './model.js';
import { globalDefs } from './schema/global.js';
import type { Decoded } from './schema/dsl.js';
import type { Section } from './schema/lists.js';

type Raw = Decoded<typeof globalDefs.rows>;

export function assembleGlobals(section: Section<typeof globalDefs.rows> | undefined): GlobalDefs {
  // Without a block every field has the initial value of its row.
  const raw = section?.fields ?? globalDefs.template;
  const { includeCheck: _, ...rest } = raw;
  const garp = withMinGarp(raw);
  return {
    ...rest,
    ...garp,
    at: section?.at,
    vrrpMcastGroup4: raw.vrrpMcastGroup4?.value.text ?? '224.0.0.18',
    vrrpMcastGroup4At: raw.vrrpMcastGroup4?.at,
    vrrpMcastGroup6: raw.vrrpMcastGroup6?.value.text ?? 'ff02::12',
    vrrpMcastGroup6At: raw.vrrpMcastGroup6?.at,
    vrrpGarpLowerPrioDelay: raw.vrrpGarpLowerPrioDelay ?? garp.vrrpGarpMasterDelay,
    vrrpGarpLowerPrioRepeat: raw.vrrpGarpLowerPrioRepeat ?? garp.vrrpGarpMasterRepeat,
    snmpRsStatsUpdateInterval: raw.snmpRsStatsUpdateInterval ?? raw.snmpVsStatsUpdateInterval,
    vmacPrefix: raw.vmacPrefix ?? 'vrrp',
    vmacAddrPrefix: raw.vmacAddrPrefix ?? raw.vmacPrefix ?? 'vrrp',
  };
}

type Garp = Pick<
  GlobalDefs,
  'vrrpGarpMasterDelay' | 'vrrpGarpMasterRepeat' | 'vrrpGarpMasterRefresh' | 'vrrpGarpMasterRefreshRepeat'
>;

/** vrrp_min_garp changes what still has its built-in value. */
function withMinGarp(raw: Raw): Garp {
  const initial = globalDefs.rows;
  const { vrrpGarpMasterDelay, vrrpGarpMasterRepeat, vrrpGarpMasterRefresh, vrrpGarpMasterRefreshRepeat } =
    raw;
  if (!raw.vrrpMinGarp) {
    return { vrrpGarpMasterDelay, vrrpGarpMasterRepeat, vrrpGarpMasterRefresh, vrrpGarpMasterRefreshRepeat };
  }
  return {
    vrrpGarpMasterDelay:
      vrrpGarpMasterDelay === initial.vrrp_garp_master_delay.initial ? micros(0) : vrrpGarpMasterDelay,
    vrrpGarpMasterRepeat:
      vrrpGarpMasterRepeat === initial.vrrp_garp_master_repeat.initial ? 1 : vrrpGarpMasterRepeat,
    vrrpGarpMasterRefresh,
    vrrpGarpMasterRefreshRepeat:
      vrrpGarpMasterRefreshRepeat === initial.vrrp_garp_master_refresh_repeat.initial
        ? 0
        : vrrpGarpMasterRefreshRepeat,
  };
}
