/** What the timeline knows of trackers, reloads and commands at a time, as facts. Nothing is concluded here. */
import type { Case } from './evidence.js';
import type { CommandEntry, ReloadEntry, TrackerEntry, TransitionEntry } from './timeline.js';
import { clockTime, counted } from './words.js';

/** What was known or done last at `untilMs`; a reload that was refused did nothing. */
export function lastBefore<Kind extends 'reload' | 'tracker'>(
  given: Case,
  kind: Kind,
  untilMs: number,
): Extract<ReloadEntry | TrackerEntry, { readonly kind: Kind }> | undefined {
  type Wanted = Extract<ReloadEntry | TrackerEntry, { readonly kind: Kind }>;
  return given.others.findLast(
    (entry): entry is Wanted =>
      entry.kind === kind &&
      !(entry.kind === 'reload' && entry.refusedFor !== undefined) &&
      entry.atMs <= untilMs + 50,
  );
}

/** The last result of a tracked object that was known at `untilMs`. */
export function lastOf(given: Case, what: string, untilMs: number): TrackerEntry | undefined {
  return given.others.findLast(
    (entry): entry is TrackerEntry =>
      entry.kind === 'tracker' && entry.what === what && entry.atMs <= untilMs + 50,
  );
}

export function describeTracker({ what, state, detail }: TrackerEntry): string {
  return detail === '' ? `${what} is ${state}` : `${what} ${detail}`;
}

export function trackerFacts(given: Case, { what, atMs, state, output }: TrackerEntry): readonly string[] {
  const since = `${what}: ${state} since ${clockTime(atMs, given.nowMs)}`;
  const said = output.trim();
  return said === '' ? [since] : [since, `it said: ${firstLine(said)}`];
}

function firstLine(text: string): string {
  const [line = ''] = text.split('\n');
  return JSON.stringify(line.length > 200 ? `${line.slice(0, 200)}...` : line);
}

export function reloadFacts(given: Case, untilMs: number): readonly string[] {
  const reload = lastBefore(given, 'reload', untilMs);
  if (reload === undefined) return [];
  const own = reload.changed.find(({ router }) => router === given.router);
  const others = reload.changed.length - (own === undefined ? 0 : 1);
  return [
    `reload at ${clockTime(reload.atMs, given.nowMs)}: ${own === undefined ? 'nothing of this instance' : own.what.join(', ')}`,
    ...(others > 0 ? [`${counted(others, 'other instance')} changed with it`] : []),
  ];
}

export function commandFacts(given: Case, change: TransitionEntry): readonly string[] {
  const command = lastCommand(given, change);
  return command === undefined ? [] : [`${clockTime(command.atMs, given.nowMs)}: ${command.text}`];
}

/** What somebody asked of this router last. */
export function lastCommand(given: Case, change: TransitionEntry): CommandEntry | undefined {
  return given.others.findLast(
    (entry): entry is CommandEntry =>
      entry.kind === 'command' &&
      (entry.router === undefined || entry.router === given.router) &&
      entry.atMs <= change.atMs + 50,
  );
}
