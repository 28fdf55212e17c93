/** Single facts of a record, as sentences: who was heard until when, how late this node was, what its link did. Nothing is concluded here. */
import type { NativeAdvertRun, NativeRecord } from '../../bindings/native.js';
import type { EngineEntry, OtherEntry } from './timeline.js';
import { clockTime, counted, duration, refusal, sendError } from './words.js';

/** What there is to go by for one instance. */
export interface Case {
  readonly router: string;
  /** Interface that it advertises on; empty: none. */
  readonly interface: string;
  readonly advertIntervalMs: number;
  readonly nowMs: number;
  /** Everything but transitions, oldest first. */
  readonly others: readonly OtherEntry[];
  /** Adverts and lateness as they are now. */
  readonly record: NativeRecord | undefined;
}

export function engineEntries(given: Case): readonly EngineEntry[] {
  return given.others.filter(
    (entry): entry is EngineEntry =>
      entry.kind === 'engine' && (entry.router === undefined || entry.router === given.router),
  );
}

/** Runs of a fate, oldest last advert first. */
export function runs(
  record: NativeRecord | undefined,
  fate: NativeAdvertRun['fate'],
  peer?: string,
): readonly NativeAdvertRun[] {
  return (record?.adverts ?? []).filter(
    (run) => run.fate === fate && (peer === undefined || run.peer === peer),
  );
}

/** The last accepted adverts of `peer` before `untilMs`. */
export function lastHeard(
  record: NativeRecord | undefined,
  peer: string | undefined,
  untilMs: number,
): NativeAdvertRun | undefined {
  return runs(record, 'received', peer).findLast((run) => run.firstMs <= untilMs);
}

export function describeRun(run: NativeAdvertRun, nowMs: number): string {
  const span =
    run.count === 1
      ? `at ${clockTime(run.lastMs, nowMs)}`
      : `${clockTime(run.firstMs, nowMs)} to ${clockTime(run.lastMs, nowMs)}`;
  const many = counted(run.count, 'advert');
  switch (run.fate) {
    case 'received':
      return `${many} from ${run.peer} with priority ${run.priority ?? '?'}, ${span}`;
    case 'sent':
      return run.code === undefined
        ? `${many} sent with priority ${run.priority ?? '?'}, ${span}`
        : `${many} did not leave (${sendError(run.code)}), ${span}`;
    case 'refused':
      return `${many} from ${run.peer} refused, ${span}: ${run.reason === undefined ? 'for an unknown reason' : refusal(run.reason)}`;
  }
}

/** The latest wake-up of this node between two moments, in milliseconds; undefined when none was recorded. */
export function worstLateness(
  record: NativeRecord | undefined,
  fromMs: number,
  toMs: number,
): number | undefined {
  const within = (record?.late ?? []).filter(({ atMs }) => atMs >= fromMs && atMs <= toMs + 100);
  return within.length === 0 ? undefined : Math.max(...within.map(({ lateUs }) => lateUs)) / 1000;
}

/** How this node itself did between two moments. */
export function ownHealth(
  given: Case,
  record: NativeRecord | undefined,
  fromMs: number,
  toMs: number,
): readonly string[] {
  const facts: string[] = [];
  const late = worstLateness(record, fromMs, toMs);
  if (late !== undefined) facts.push(`this node woke at most ${duration(late)} late meanwhile`);
  if (given.interface === '') return facts;
  const changes = linkChanges(given, fromMs, toMs);
  if (changes.length === 0) facts.push(`our interface ${given.interface} did not change meanwhile`);
  for (const { atMs, event } of changes)
    facts.push(`our interface ${event.name} was ${linkState(event)} at ${clockTime(atMs, given.nowMs)}`);
  return facts;
}

type LinkEntry = EngineEntry & {
  readonly event: Extract<EngineEntry['event'], { readonly kind: 'link' }>;
};

/** News of links between two moments; of the instance's own when `name` is absent. */
export function linkChanges(
  given: Case,
  fromMs: number,
  toMs: number,
  names: readonly string[] = [given.interface],
): readonly LinkEntry[] {
  return engineEntries(given).filter(
    (entry): entry is LinkEntry =>
      entry.event.kind === 'link' &&
      names.includes(entry.event.name) &&
      entry.atMs >= fromMs &&
      entry.atMs <= toMs,
  );
}

export function linkState(event: LinkEntry['event']): string {
  if (event.up) return 'up';
  if (!event.present) return 'deleted';
  return event.enabled
    ? 'without carrier (cable, switch port or its other end)'
    : 'set down by someone (ip link set down)';
}

/** Who answers for our addresses besides us, as the last sign since `fromMs` tells. */
export function foreignAnswer(
  given: Case,
  fromMs: number,
): { readonly address: string; readonly mac: string } | undefined {
  for (const { event, atMs } of engineEntries(given).toReversed()) {
    if (atMs < fromMs || event.kind !== 'split-brain' || event.sign !== 'neighbour') continue;
    if (event.active && event.address !== undefined && event.mac !== undefined)
      return { address: event.address, mac: event.mac };
  }
  return undefined;
}
