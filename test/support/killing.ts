/** For tests that kill processes at random moments: where an address was, and numbers that can be repeated. */
import type { LabHost } from './net-lab.js';
import type { Program } from './program.js';

/** A time during which a host had an address; `performance.now()` milliseconds. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The times of an address (with its prefix length), as a host's `ip monitor` saw them; one that stands ends at `endMs`. */
export function addressSpans(monitor: Program, address: string, endMs: number): readonly Span[] {
  const spans: Span[] = [];
  let fromMs: number | undefined;
  for (const { text, atMs } of monitor.lines) {
    if (!text.includes(address)) continue;
    if (text.includes('Deleted')) {
      if (fromMs !== undefined) spans.push({ fromMs, toMs: atMs });
      fromMs = undefined;
    } else {
      fromMs ??= atMs;
    }
  }
  return fromMs === undefined ? spans : [...spans, { fromMs, toMs: endMs }];
}

/** The times at which an address was in both lists. */
export function overlaps(first: readonly Span[], second: readonly Span[]): readonly Span[] {
  return first
    .flatMap((a) =>
      second.map((b) => ({ fromMs: Math.max(a.fromMs, b.fromMs), toMs: Math.min(a.toMs, b.toMs) })),
    )
    .filter(({ fromMs, toMs }) => toMs > fromMs);
}

/** The hosts that have an address now. */
export async function owners(hosts: readonly LabHost[], address: string): Promise<readonly LabHost[]> {
  const has = await Promise.all(hosts.map((host) => host.hasAddress(address)));
  return hosts.filter((_, index) => has[index] === true);
}

/** Uniform numbers in [0, 1), the same for the same start: mulberry32. */
export function randomNumbers(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
