/** What hurts in VRRP, one function a rule. */
import type { Family } from '../../units.js';
import { subnetOf, Subnets } from './networks.js';
import type { AddressEntry } from '../model-routes.js';
import type { Config } from '../model.js';
import type { Span } from '../source.js';
import type { LintContext } from './lint.js';
import { lintMessages } from './messages.js';

/** The same address in two places. Link-local ones are each for their own interface. */
export function vipUsedTwice({ vrrpInstance, staticIpaddress }: Config, { diagnostics }: LintContext): void {
  const seen = new Map<string, { readonly entry: AddressEntry; readonly name: string }>();
  const holders = [
    { name: 'static_ipaddress', device: undefined, entries: staticIpaddress },
    ...vrrpInstance.map((instance) => ({
      name: instance.name,
      device: instance.interface?.text,
      entries: [...instance.virtualIpaddress, ...instance.virtualIpaddressExcluded],
    })),
  ];
  for (const { name, device, entries } of holders) {
    for (const entry of entries) {
      const key = isLinkLocal(entry) ? `${entry.address}%${entry.dev ?? device ?? ''}` : entry.address;
      const before = seen.get(key);
      if (before === undefined) seen.set(key, { entry, name });
      else {
        const holder = before.name === name ? `${name} already` : `${before.name} too`;
        diagnostics.report(lintMessages.vipTwice, entry.at, entry.address, name, holder);
        diagnostics.relate(`${before.name} has it here`, before.entry.at);
      }
    }
  }
}

function isLinkLocal({ family, address }: AddressEntry): boolean {
  return family === 6 && /^fe[89ab]/.test(address);
}

export function ownerAsBackup({ vrrpInstance }: Config, { diagnostics }: LintContext): void {
  for (const { name, priority, state, priorityAt, at } of vrrpInstance)
    if (priority === 255 && state === 'BACKUP')
      diagnostics.report(lintMessages.ownerIsBackup, priorityAt ?? at, name);
}

export function masterWithoutPriority({ vrrpInstance }: Config, { diagnostics }: LintContext): void {
  for (const { name, state, stateAt, priority, priorityAt, strictMode, at } of vrrpInstance)
    if (state === 'MASTER' && priority === 255 && priorityAt === undefined && !strictMode)
      diagnostics.report(lintMessages.masterUnset, stateAt ?? at, name);
}

export function strictUnicast({ vrrpInstance }: Config, { diagnostics }: LintContext): void {
  for (const { name, strictMode, isUnicast, unicastPeer, at } of vrrpInstance)
    if (strictMode && isUnicast)
      diagnostics.report(lintMessages.strictUnicast, unicastPeer[0]?.at ?? at, name);
}

export function openUnicast({ vrrpInstance }: Config, { diagnostics }: LintContext): void {
  for (const { name, unicastPeer, isUnicast, authentication, authHmac, at } of vrrpInstance) {
    const isGuarded = authentication !== undefined || authHmac !== undefined;
    if (isUnicast && !isGuarded && unicastPeer.some(({ minTtl }) => minTtl <= 1))
      diagnostics.report(lintMessages.unicastOpen, unicastPeer[0]?.at ?? at, name);
  }
}

export function unusedGroup({ vrrpInstance, globalDefs }: Config, { diagnostics }: LintContext): void {
  const { vrrpMcastGroup4, vrrpMcastGroup4At, vrrpMcastGroup6, vrrpMcastGroup6At } = globalDefs;
  const groups = [
    { family: 4, group: vrrpMcastGroup4, at: vrrpMcastGroup4At },
    { family: 6, group: vrrpMcastGroup6, at: vrrpMcastGroup6At },
  ];
  for (const { family, group, at } of groups) {
    const users = vrrpInstance.filter((instance) => instance.family === family);
    if (at !== undefined && users.length > 0 && users.every(({ isUnicast }) => isUnicast))
      diagnostics.report(lintMessages.groupUnused, at, group, String(family));
  }
}

export function silentStrict({ vrrpInstance }: Config, { diagnostics }: LintContext): void {
  for (const { name, strictMode, accept, priority, at } of vrrpInstance)
    if (strictMode && !accept && priority !== 255) diagnostics.report(lintMessages.strictSilent, at, name);
}

export function vipOffSubnet(
  { vrrpInstance, staticIpaddress, globalDefs }: Config,
  { diagnostics, networks }: LintContext,
): void {
  const known = new Map<string, Subnets>();
  const subnetsOf = (device: string, family: Family): Subnets => {
    const key = `${String(family)} ${device}`;
    let found = known.get(key);
    if (found === undefined) {
      const added = staticIpaddress
        .filter(({ dev }) => (dev ?? globalDefs.defaultInterface?.text) === device)
        .flatMap(({ address, prefixLength }) => subnetOf(address, prefixLength) ?? []);
      found = new Subnets([...networks(device), ...added].filter((subnet) => subnet.family === family));
      known.set(key, found);
    }
    return found;
  };
  for (const instance of vrrpInstance) {
    for (const entry of [...instance.virtualIpaddress, ...instance.virtualIpaddressExcluded]) {
      const device = entry.dev ?? instance.interface?.text;
      // An address on lo is for this machine itself; link-local ones are in the one subnet that every link has.
      if (device === undefined || device === 'lo' || isLinkLocal(entry)) continue;
      const subnets = subnetsOf(device, entry.family);
      if (!subnets.isEmpty && !subnets.has(entry.address))
        diagnostics.report(lintMessages.vipOffSubnet, entry.at, entry.address, device, subnets.text);
    }
  }
}

export function namesTwice(
  { vrrpScript, trackFile, vrrpTrackProcess }: Config,
  { diagnostics }: LintContext,
): void {
  const kinds = [
    ['vrrp_script', vrrpScript],
    ['track_file', trackFile],
    ['vrrp_track_process', vrrpTrackProcess],
  ] as const;
  for (const [block, list] of kinds) {
    const seen = new Map<string, Span>();
    for (const { name, at } of list) {
      const before = seen.get(name);
      if (before === undefined) seen.set(name, at);
      else {
        diagnostics.report(lintMessages.nameTwice, at, block, name);
        diagnostics.relate('the first one', before);
      }
    }
  }
}

export function slowScripts({ vrrpScript }: Config, { diagnostics }: LintContext): void {
  for (const { name, timeout, interval, at } of vrrpScript) {
    if (timeout <= interval) continue;
    const [longest, every] = [String(timeout / 1e6), String(interval / 1e6)];
    diagnostics.report(lintMessages.slowChecker, at, `vrrp_script ${name}`, longest, every);
  }
}
