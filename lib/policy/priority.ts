/**
 * From the base priority of a virtual router and what is known of the objects it tracks, to the sum that the engine clamps and
 * to the holds that policy puts on the router. Pure. Interfaces are not here: the engine tracks them itself, within a wake-up.
 */

/** What is known of a tracked object. `unknown`: it has given no result yet. */
export type TrackedState =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'up' }
  | { readonly kind: 'down' }
  /** A track_file: the number it holds. */
  | { readonly kind: 'value'; readonly value: number };

/** One entry of a tracking list, with the state of its object. */
export interface TrackedEntry {
  /** For messages: the name of the tracked object. */
  readonly name: string;
  readonly state: TrackedState;
  readonly weight: number;
  readonly reverse: boolean;
}

/** What one entry does to its router. */
export type Effect =
  | { readonly kind: 'weight'; readonly amount: number }
  | { readonly kind: 'fault' }
  | { readonly kind: 'waiting' };

export interface PolicyResult {
  /** Base plus weights, not yet limited to 1..254: link weights are still to be added by the engine. */
  readonly prioritySum: number;
  /** Base priority 255: the priority stays 255 whatever the weights say. */
  readonly isOwner: boolean;
  readonly holds: readonly ('policy' | 'waiting')[];
  /** Names of the objects that hold the router in fault. */
  readonly faults: readonly string[];
}

/** A track_file whose effect is at or below this puts its routers in fault; its effect above the limit counts as the limit. */
const fileFault = -254;
const fileLimit = 253;

/** keepalived, vrrp-syntax A6 to A8 and B8. `standingFaults`: those that no tracked object has to do with. */
export function effectivePolicy(
  base: number,
  entries: readonly TrackedEntry[],
  standingFaults: readonly string[] = [],
): PolicyResult {
  let prioritySum = base;
  let isWaiting = false;
  const faults = [...standingFaults];
  for (const entry of entries) {
    const effect = effectOf(entry);
    if (effect.kind === 'weight') prioritySum += effect.amount;
    else if (effect.kind === 'fault') faults.push(entry.name);
    else isWaiting = true;
  }
  const holds: ('policy' | 'waiting')[] = [];
  if (faults.length > 0) holds.push('policy');
  if (isWaiting) holds.push('waiting');
  return { prioritySum, isOwner: base === 255, holds, faults };
}

/** The effect of one entry by itself. */
export function effectOf({ state, weight, reverse }: TrackedEntry): Effect {
  switch (state.kind) {
    case 'unknown':
      return weight === 0 ? { kind: 'waiting' } : { kind: 'weight', amount: 0 };
    case 'value':
      return fileEffect(state.value, weight, reverse);
    case 'up':
    case 'down':
      return objectEffect(state.kind === 'up', weight, reverse);
  }
}

/** Positive weights count while the object is up, negative ones while it is down; `reverse` changes the sign. */
function objectEffect(isUp: boolean, weight: number, reverse: boolean): Effect {
  if (weight === 0) return isUp === reverse ? { kind: 'fault' } : { kind: 'weight', amount: 0 };
  const counts = isUp ? weight > 0 : weight < 0;
  if (!counts) return { kind: 'weight', amount: 0 };
  return { kind: 'weight', amount: reverse ? -weight : weight };
}

function fileEffect(value: number, weight: number, reverse: boolean): Effect {
  if (weight === 0) return (value !== 0) !== reverse ? { kind: 'fault' } : { kind: 'weight', amount: 0 };
  const product = value * weight;
  const amount = product === 0 ? 0 : reverse ? -product : product;
  if (amount <= fileFault) return { kind: 'fault' };
  return { kind: 'weight', amount: Math.min(amount, fileLimit) };
}
