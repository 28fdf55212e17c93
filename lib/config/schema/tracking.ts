/**
 * Entries of the track_* lists, and the `weight` keyword of what they name.
 */
import { messages } from '../messages.js';
import type { Span } from '../source.js';
import type { Line, Reader } from './dsl.js';

/** An entry as written; undefined weight: that of the tracked object. */
export interface TrackEntry {
  readonly name: string;
  readonly weight: number | undefined;
  readonly reverse: boolean | undefined;
  readonly at: Span;
}

export interface Weight {
  readonly weight: number;
  readonly reverse: boolean;
}

interface TrackRules {
  readonly limit: number;
  /** One more is reported and reduced instead of refused. */
  readonly isEdgeReduced: boolean;
  readonly isDroppedByUnknownWord: boolean;
  readonly takesNoreverse: boolean;
  readonly isInterface: boolean;
}

export const trackRules = {
  interface: {
    limit: 253,
    isEdgeReduced: true,
    isDroppedByUnknownWord: false,
    takesNoreverse: false,
    isInterface: true,
  },
  script: {
    limit: 253,
    isEdgeReduced: true,
    isDroppedByUnknownWord: false,
    takesNoreverse: true,
    isInterface: false,
  },
  file: {
    limit: 254,
    isEdgeReduced: false,
    isDroppedByUnknownWord: true,
    takesNoreverse: true,
    isInterface: false,
  },
  process: {
    limit: 254,
    isEdgeReduced: false,
    isDroppedByUnknownWord: false,
    takesNoreverse: true,
    isInterface: false,
  },
  bfd: {
    limit: 253,
    isEdgeReduced: false,
    isDroppedByUnknownWord: true,
    takesNoreverse: true,
    isInterface: false,
  },
} as const satisfies Readonly<Record<string, TrackRules>>;

/** `NAME [weight W [reverse|noreverse]]` */
export function readTrackEntry(line: Line, rules: TrackRules): TrackEntry | undefined {
  const name = line.word(0) ?? '';
  let weight: number | undefined;
  let reverse: boolean | undefined;
  let index = 1;
  const option = line.word(index);
  if (option !== undefined && option !== 'weight' && option !== 'reverse' && option !== 'noreverse') {
    line.report(messages.entryDropped, index, name, `'${option}' is not weight`);
    return undefined;
  }
  if (option === 'weight') {
    const text = line.word(2);
    if (text === undefined || !weightForm.test(text)) {
      line.report(messages.entryDropped, Math.min(2, line.words.length), name, 'weight needs a whole number');
      return undefined;
    }
    if (text === '') emptyWeight(line, 2);
    weight = limited(line, 2, Number(text), rules);
    index = 3;
  }
  const direction = line.word(index);
  if (direction === 'reverse' || (direction === 'noreverse' && rules.takesNoreverse)) {
    reverse = direction === 'reverse';
    index++;
  }
  if (line.word(index) !== undefined) {
    if (rules.isDroppedByUnknownWord) {
      line.report(messages.entryDropped, index, name, `'${line.word(index) ?? ''}' is no option`);
      return undefined;
    }
    line.report(messages.unknownOption, index, line.word(index) ?? '', name);
  }
  if (rules.isInterface && !line.context.hasInterface(name)) {
    line.report(messages.interfaceMissing, 0, name);
    return undefined;
  }
  return { name, weight, reverse, at: line.at(0) };
}

/** keepalived: `""` counts as 0, silently. */
const weightForm = /^(?:[+-]?\d+)?$/;

function emptyWeight(line: Line, index: number): void {
  line.report(messages.silentlyIgnored, index, 'an empty weight counts as 0');
}

function limited(line: Line, index: number, value: number, rules: TrackRules): number | undefined {
  const { limit } = rules;
  if (Math.abs(value) <= limit) return value;
  line.report(messages.outOfRange, index, String(value), String(-limit), String(limit));
  if (rules.isEdgeReduced && Math.abs(value) === limit + 1) return Math.sign(value) * limit;
  return undefined;
}

/** `weight N [reverse]` of a tracked object. */
export function weightReader(limit: number): Reader<Weight> {
  return {
    syntax: '<number> [reverse]',
    expects: `a whole number from ${String(-limit)} to ${String(limit)}`,
    range: `${String(-limit)}..${String(limit)}`,
    minWords: 1,
    read(line) {
      const text = line.word(1) ?? '';
      if (!weightForm.test(text)) {
        line.report(messages.notANumber, 1, text, 'a whole number');
        return undefined;
      }
      if (text === '') emptyWeight(line, 1);
      const weight = Number(text);
      if (Math.abs(weight) > limit) {
        line.report(messages.outOfRange, 1, text, String(-limit), String(limit));
        return undefined;
      }
      const option = line.word(2);
      if (option !== undefined && option !== 'reverse')
        line.report(messages.unknownOption, 2, option, 'weight');
      return { weight, reverse: option === 'reverse' };
    },
  };
}
