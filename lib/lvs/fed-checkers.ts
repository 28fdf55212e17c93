/** FILE_CHECK and BFD_CHECK probe nothing: others tell them what a file holds and how a session stands. */
import type { Checker } from '../checkers/checker.js';
import { BfdChecker, FileChecker } from '../checkers/event-checkers.js';
import type { Checker as CheckerConfig } from '../config/model-lvs.js';
import type { Unit } from './unit.js';

/** True for a checker that is told its results. */
export function isFed(checker: Checker): boolean {
  return checker instanceof FileChecker || checker instanceof BfdChecker;
}

/** @param value what a track_file holds; undefined: nothing is new about it. */
export function feedFiles(units: readonly Unit[], value: (trackFile: string) => number | undefined): void {
  for (const [config, checker] of checkersOf(units)) {
    if (config.kind !== 'FILE_CHECK' || !(checker instanceof FileChecker)) continue;
    const now = value(config.trackFile);
    if (now !== undefined) checker.onValue(now);
  }
}

/** A bfd_instance came up or went down. */
export function feedBfd(units: readonly Unit[], name: string, isUp: boolean): void {
  for (const [config, checker] of checkersOf(units))
    if (config.kind === 'BFD_CHECK' && config.name === name && checker instanceof BfdChecker)
      checker.onSession(isUp);
}

/** Those of servers that have such a checker: of thousands mostly none has. */
function* checkersOf(units: readonly Unit[]): Iterable<readonly [CheckerConfig, Checker | undefined]> {
  for (const { config, checkers } of units)
    for (let i = 0; i < config.realServer.length; i++) {
      const all = config.realServer[i]?.checkers ?? [];
      if (!all.some(({ kind }) => kind === 'FILE_CHECK' || kind === 'BFD_CHECK')) continue;
      for (const [j, checker] of all.entries()) yield [checker, checkers[i]?.[j]];
    }
}
