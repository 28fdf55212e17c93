/** What the weights of tracked objects can do to a priority, and cannot. One function a rule. */
import { groupByMember } from '../by-name.js';
import type { TrackReference, VrrpInstance, VrrpSyncGroup } from '../model-vrrp.js';
import type { Config } from '../model.js';
import type { LintContext } from './lint.js';
import { lintMessages } from './messages.js';

/** An entry of a tracking list, of the instance or of its sync group. */
interface Weighted extends TrackReference {
  /** The number in a file is a factor that nobody knows beforehand. */
  readonly isFactor: boolean;
}

/** A positive weight counts while the object is up, a negative one while it is down; reverse swaps that. */
function gainOf({ weight, reverse }: TrackReference): number {
  return reverse ? -weight : weight;
}

/** Entries that change the priority. */
function weighted(instance: VrrpInstance, group: VrrpSyncGroup | undefined): readonly Weighted[] {
  if (instance.priority === 255) return [];
  return [instance, ...(group === undefined ? [] : [group])]
    .flatMap(({ trackScript, trackFile, trackProcess, trackBfd, trackInterface }): readonly Weighted[] => [
      ...[...trackScript, ...trackProcess, ...trackBfd].map((entry) => ({ ...entry, isFactor: false })),
      ...trackInterface.map((entry) => ({ ...entry, name: entry.interface, isFactor: false })),
      ...trackFile.map((entry) => ({ ...entry, isFactor: true })),
    ])
    .filter(({ weight }) => weight !== 0);
}

/** Weights that reach beyond the highest priority. */
export function weightsWithoutRoom(
  { vrrpInstance, vrrpSyncGroup }: Config,
  { diagnostics }: LintContext,
): void {
  const groupOf = groupByMember(vrrpSyncGroup);
  for (const instance of vrrpInstance) {
    const { name, priority } = instance;
    for (const entry of weighted(instance, groupOf.get(name))) {
      const gain = gainOf(entry);
      if (gain <= 0 || entry.isFactor || priority + gain <= 254) continue;
      const counts = priority === 254 ? 'none' : String(254 - priority);
      const [amount, base] = [String(gain), String(priority)];
      diagnostics.report(lintMessages.weightWithoutRoom, entry.at, name, entry.name, amount, base, counts);
    }
  }
}

/** Weights that reach below the lowest priority. */
export function weightsBelowOne({ vrrpInstance, vrrpSyncGroup }: Config, { diagnostics }: LintContext): void {
  const groupOf = groupByMember(vrrpSyncGroup);
  for (const instance of vrrpInstance) {
    const { name, priority } = instance;
    for (const entry of weighted(instance, groupOf.get(name))) {
      const gain = gainOf(entry);
      if (gain > 0 || entry.isFactor) continue;
      const amount = String(-gain);
      if (priority === 1) diagnostics.report(lintMessages.weightAtBottom, entry.at, name, entry.name, amount);
      else if (priority + gain < 1)
        diagnostics.report(lintMessages.weightSinks, entry.at, name, entry.name, amount, String(priority));
    }
  }
}

/** A backup with nopreempt does not mind that the master's priority sinks below its own. */
export function weightsWithoutPreemption(
  { vrrpInstance, vrrpSyncGroup }: Config,
  { diagnostics }: LintContext,
): void {
  const groupOf = groupByMember(vrrpSyncGroup);
  for (const instance of vrrpInstance) {
    const [first] = weighted(instance, groupOf.get(instance.name));
    if (!instance.preempt && first !== undefined)
      diagnostics.report(lintMessages.weightNopreempt, first.at, instance.name, first.name);
  }
}

export interface PriorityRange {
  readonly worst: number;
  /** With everything in order. */
  readonly best: number;
  /** False: the number in a tracked file decides. */
  readonly isKnown: boolean;
}

/** What the weights, its own and those of its sync group, make of a priority: with everything failed, and with everything in order. */
export function priorityRange(instance: VrrpInstance, group: VrrpSyncGroup | undefined): PriorityRange {
  let [worst, best] = [Number(instance.priority), Number(instance.priority)];
  const entries = weighted(instance, group);
  if (entries.some(({ isFactor }) => isFactor)) return { worst: 1, best: 254, isKnown: false };
  for (const entry of entries) {
    const gain = gainOf(entry);
    if (gain > 0) best += gain;
    else worst += gain;
  }
  return instance.priority === 255
    ? { worst: 255, best: 255, isKnown: true }
    : { worst: Math.max(1, worst), best: Math.min(254, best), isKnown: true };
}
