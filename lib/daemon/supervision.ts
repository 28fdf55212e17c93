/**
 * What the parts of the supervisor share, and nothing else keeps: which configuration runs, in which processes, what the VRRP process
 * held last, and whether the daemon is ending. It does nothing by itself.
 */
import type { IpvsTimeouts } from '../../bindings/ipvs-types.js';
import type { AskOptions, Side } from '../control/messages.js';
import { KaError } from '../errors.js';
import type { ChildLink } from './child-link.js';
import { exitStatus } from './exit-status.js';
import { sideWords, type Post } from './post.js';
import type { Beat, Death, Held, Left, ReadFacts } from './protocol.js';

export class Supervision {
  /** The sides that the configuration needs, running or about to be started again. */
  readonly posts = new Map<Side, Post>();
  /** Processes that are no side: one that reads or cleans, a side that is not needed any more. */
  readonly helpers = new Set<ChildLink>();
  /** Number of the configuration that runs; 0 before the first. */
  generation = 0;
  held: Held = { masters: [], scripts: {} };
  /** Of the checkers: weights that were set by hand. */
  weights: Readonly<Record<string, number>> = {};
  /** Of the checkers: the kernel's timeouts before `lvs_timeouts`; undefined: untouched. */
  timeouts: IpvsTimeouts | undefined;
  beat: Beat | undefined;
  left: Left = { netns: undefined, instances: [] };
  /** Of the last VRRP process that ended without being asked to. */
  death: Death | undefined;
  #facts: ReadFacts | undefined;
  #status: number = exitStatus.good;
  readonly #stop = new AbortController();

  /** Of the configuration that runs; undefined while none has been read. */
  get facts(): ReadFacts | undefined {
    return this.#facts;
  }

  /** This process behaves as the configuration wants it to. */
  adopt(facts: ReadFacts): void {
    this.#facts = facts;
    if (facts.umask !== undefined) process.umask(facts.umask);
    process.title = facts.title;
  }

  get isStopping(): boolean {
    return this.#stop.signal.aborted;
  }

  get stopSignal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Exit status of the daemon. */
  get status(): number {
    return this.#status;
  }

  /** The daemon is to end; the last status counts. */
  stop(status?: number): void {
    if (status !== undefined) this.#status = status;
    this.#stop.abort();
  }

  /** @throws {KaError} see Sides.ask. */
  ask(side: Side, method: string, params?: unknown, options?: AskOptions): Promise<unknown> {
    const link = this.posts.get(side)?.link;
    if (link === undefined)
      return Promise.reject(new KaError('KA_CONTROL_GONE', `no ${sideWords[side].process} process runs`));
    return link.ask(method, params, options);
  }

  /** Every process that was started and has not ended. */
  *links(): Iterable<ChildLink> {
    for (const { link } of this.posts.values()) if (link !== undefined) yield link;
    yield* this.helpers;
  }

  /** For `systemctl status`. */
  get summary(): string {
    const summaries = [...this.posts.values()].map(({ summary }) => summary).filter((each) => each !== '');
    return summaries.length === 0 ? 'No VRRP instances' : summaries.join('; ');
  }
}
