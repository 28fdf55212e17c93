/**
 * Quantities that must not be mixed up, as branded numbers. A value of these types exists only because a reader checked it.
 */

declare const unit: unique symbol;

/** Whole microseconds. Every duration of the configuration model has this type. */
export type Micros = number & { readonly [unit]: 'us' };

/** VRRP router id, 1 to 255. */
export type Vrid = number & { readonly [unit]: 'vrid' };

/** VRRP priority, 1 to 255; 255 is the address owner. */
export type Priority = number & { readonly [unit]: 'priority' };

/** Address family as the number that people write. */
export type Family = 4 | 6;

/** The longest duration that is kept exactly; longer ones are shortened to it (285 years). */
const maxMicros = Number.MAX_SAFE_INTEGER;

/** Rounds to whole microseconds and limits to what is kept exactly. Negative and NaN become 0. */
export function micros(value: number): Micros {
  const whole = Math.round(value);
  if (!(whole > 0)) return brand<Micros>(0);
  return brand<Micros>(whole < maxMicros ? whole : maxMicros);
}

/** Seconds to microseconds. */
export function seconds(value: number): Micros {
  return micros(value * 1_000_000);
}

/** Milliseconds to microseconds. */
export function milliseconds(value: number): Micros {
  return micros(value * 1000);
}

/** The VRID, or undefined when `value` is not an integer from 1 to 255. */
export function vrid(value: number): Vrid | undefined {
  return Number.isInteger(value) && value >= 1 && value <= 255 ? brand<Vrid>(value) : undefined;
}

/** The priority, or undefined when `value` is not an integer from 1 to 255. */
export function priority(value: number): Priority | undefined {
  return Number.isInteger(value) && value >= 1 && value <= 255 ? brand<Priority>(value) : undefined;
}

// The one place where a number gets its brand.
function brand<T extends number>(value: number): T {
  return value as T;
}
