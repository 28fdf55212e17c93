/** What hurts in VRRP, one function a rule. */
import { networkOf } from './networks.js';
import type { AddressEntry } from '../model-routes.js';
import type { TrackReference, VrrpInstance } from '../model-vrrp.js';
import type { Config } from '../model.js';
import type { LintContext } from './lint.js';
import { lintMessages } from './messages.js';

export function vipUsedTwice({ vrrpInstance }: Config, { diagnostics }: LintContext): void {
  const seen = new Map<string, { readonly entry: AddressEntry; readonly name: string }>();
  for (const { name, virtualIpaddress, virtualIpaddressExcluded } of vrrpInstance) {
    for (const entry of [...virtualIpaddress, ...virtualIpaddressExcluded]) {
      const before = seen.get(entry.address);
      if (before === undefined) seen.set(entry.address, { entry, name });
      else {
        diagnostics.report(lintMessages.vipTwice, entry.at, entry.address, name, before.name);
        diagnostics.relate(`${before.name} has it here`, before.entry.at);
      }
    }
  }
}

export function ownerAsBackup({ vrrpInstance }: Config, { diagnostics }: LintContext): void {
  for (const { name, priority, state, priorityAt, at } of vrrpInstance)
    if (priority === 255 && state === 'BACKUP')
      diagnostics.report(lintMessages.ownerIsBackup, priorityAt ?? at, name);
}

export function masterWithoutPriority({ vrrpInstance }: Config, { diagnostics }: LintContext): void {
  for (const { name, state, priority, priorityAt, strictMode, at } of vrrpInstance)
    if (state === 'MASTER' && priority === 255 && priorityAt === undefined && !strictMode)
      diagnostics.report(lintMessages.masterUnset, at, name);
}

/** Entries of all tracking lists that change the priority. */
function weighted(instance: VrrpInstance): readonly TrackReference[] {
  const { trackScript, trackFile, trackProcess, trackBfd, trackInterface } = instance;
  const links = trackInterface.map((link) => ({ ...link, name: link.interface }));
  return [...trackScript, ...trackFile, ...trackProcess, ...trackBfd, ...links].filter(
    ({ weight }) => weight !== 0,
  );
}

/** Weights that go below the lowest priority. The number in a file is a factor that nobody knows beforehand. */
export function weightsBelowOne({ vrrpInstance }: Config, { diagnostics }: LintContext): void {
  for (const instance of vrrpInstance) {
    const { name, priority, trackFile } = instance;
    for (const entry of weighted(instance)) {
      const loss = entry.weight * (entry.reverse ? -1 : 1);
      if (loss > 0 || trackFile.some((file) => file.at === entry.at)) continue;
      const amount = String(Math.abs(entry.weight));
      if (priority === 1) diagnostics.report(lintMessages.weightAtBottom, entry.at, name, entry.name, amount);
      else if (priority + loss < 1)
        diagnostics.report(lintMessages.weightSinks, entry.at, name, entry.name, amount, String(priority));
    }
  }
}

export function strictUnicast({ vrrpInstance }: Config, { diagnostics }: LintContext): void {
  for (const { name, strictMode, isUnicast, unicastPeer, at } of vrrpInstance)
    if (strictMode && isUnicast)
      diagnostics.report(lintMessages.strictUnicast, unicastPeer[0]?.at ?? at, name);
}

export function weightsWithoutRoom({ vrrpInstance }: Config, { diagnostics }: LintContext): void {
  for (const instance of vrrpInstance) {
    if (instance.priority !== 254) continue;
    for (const { name, weight, reverse, at } of weighted(instance))
      if (weight > 0 && !reverse)
        diagnostics.report(lintMessages.weightWithoutRoom, at, instance.name, name, String(weight));
  }
}

export function openUnicast({ vrrpInstance }: Config, { diagnostics }: LintContext): void {
  for (const { name, unicastPeer, isUnicast, authentication, authHmac, at } of vrrpInstance) {
    const isGuarded = authentication !== undefined || authHmac !== undefined;
    if (isUnicast && !isGuarded && unicastPeer.some(({ minTtl }) => minTtl === 0))
      diagnostics.report(lintMessages.unicastOpen, unicastPeer[0]?.at ?? at, name);
  }
}

export function unusedGroup({ vrrpInstance, globalDefs }: Config, { diagnostics }: LintContext): void {
  const [first] = vrrpInstance;
  const group = globalDefs.vrrpMcastGroup4;
  if (group !== '224.0.0.18' && first !== undefined && vrrpInstance.every(({ isUnicast }) => isUnicast))
    diagnostics.report(lintMessages.groupUnused, globalDefs.at ?? first.at, group);
}

export function silentStrict({ vrrpInstance }: Config, { diagnostics }: LintContext): void {
  for (const { name, strictMode, accept, priority, at } of vrrpInstance)
    if (strictMode && !accept && priority !== 255) diagnostics.report(lintMessages.strictSilent, at, name);
}

export function vipOffSubnet({ vrrpInstance }: Config, { diagnostics, networks }: LintContext): void {
  for (const instance of vrrpInstance) {
    for (const entry of instance.virtualIpaddress) {
      const device = entry.dev ?? instance.interface?.text;
      if (device === undefined) continue;
      const subnets = networks(device).filter(({ family }) => family === entry.family);
      const isInside = subnets.some(
        (subnet) => networkOf(entry.address, subnet.prefixLength) === subnet.network,
      );
      if (subnets.length > 0 && !isInside)
        diagnostics.report(
          lintMessages.vipOffSubnet,
          entry.at,
          entry.address,
          device,
          subnets.map(({ text }) => text).join(', '),
        );
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

export interface PriorityRange {
  readonly worst: number;
  /** With everything in order. */
  readonly best: number;
  /** False: the number in a tracked file decides. */
  readonly isKnown: boolean;
}

/** What the weights of an instance make of its priority: with everything failed, and with everything in order. */
export function priorityRange(instance: VrrpInstance): PriorityRange {
  const { priority, trackScript, trackProcess, trackInterface, trackFile, trackBfd } = instance;
  let [worst, best] = [Number(priority), Number(priority)];
  // The number in a file is a factor that nobody knows beforehand.
  if (trackFile.some(({ weight }) => weight !== 0)) return { worst: 1, best: 254, isKnown: false };
  for (const { weight, reverse } of [...trackScript, ...trackProcess, ...trackInterface, ...trackBfd]) {
    // A positive weight counts while the object is up, a negative one while it is down; reverse swaps that.
    if (weight * (reverse ? -1 : 1) > 0) best += Math.abs(weight);
    else worst -= Math.abs(weight);
  }
  return priority === 255
    ? { worst: 255, best: 255, isKnown: true }
    : { worst: Math.max(1, worst), best: Math.min(254, best), isKnown: true };
}
