/** One side that the configuration needs, as the supervisor knows it. */
import type { Side } from '../control/messages.js';
import type { Timer } from '../host.js';
import type { ChildLink } from './child-link.js';
import { PastHalves } from './past-halves.js';
import { Respawns } from './respawns.js';

export interface Post {
  readonly side: Side;
  /** Its hand-over file, with the last good configuration; undefined while the first child has not written it. */
  half: number | undefined;
  link: ChildLink | undefined;
  restart: Timer | undefined;
  /** A process was started with `half`, or has taken it over. */
  hasRun: boolean;
  readonly past: PastHalves;
  readonly respawns: Respawns;
  summary: string;
  isReady: boolean;
  /** It has been ready once: what ends it later is not permanent. */
  wasReady: boolean;
}

export function newPost(side: Side): Post {
  return {
    side,
    half: undefined,
    link: undefined,
    restart: undefined,
    hasRun: false,
    past: new PastHalves(),
    respawns: new Respawns(),
    summary: '',
    isReady: false,
    wasReady: false,
  };
}

/** VRRP first, wherever the order matters. */
export const sideNames: readonly Side[] = ['vrrp', 'checkers'];

/** keepalived's names of the children. */
export const sideWords: Readonly<Record<Side, { readonly child: string; readonly process: string }>> = {
  vrrp: { child: 'VRRP', process: 'vrrp' },
  checkers: { child: 'Healthcheck', process: 'checker' },
};
