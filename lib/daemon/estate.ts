/**
 * The addresses of a VRRP process that died, seen to by the supervisor. The next process takes them over with the mastership, if it
 * comes in time; what it can resume no more goes at once, and nothing stays for a second, however long the machine takes to start a
 * process.
 */
import { removeAddresses, type NamedAddress } from '../../bindings/addresses.js';
import { systemClock, type Logger, type Timer } from '../host.js';
import { beatNow, type Beat, type Left } from './protocol.js';

/** The longest that addresses are left in place for the next process, milliseconds. */
const longestMs = 600;
/** One that has begun to start its engine is not disturbed before this. */
const begunMs = 900;

export interface EstateOptions {
  readonly logger: Logger;
  /** For tests. */
  readonly remove?: (addresses: readonly NamedAddress[], netns?: string) => number;
}

type LeftInstance = Left['instances'][number] & { readonly isHeld: boolean };

/** What one process left. */
export class Estate {
  readonly #logger: Logger;
  readonly #remove: (addresses: readonly NamedAddress[], netns?: string) => number;
  readonly #diedMs = monotonicMs();
  #left: readonly LeftInstance[] = [];
  #netns: string | undefined;
  #beatMs = 0;
  #timer: Timer | undefined;
  #isBegun = false;
  #isTaken = false;

  constructor({ logger, remove = removeAddresses }: EstateOptions) {
    this.#logger = logger;
    this.#remove = remove;
  }

  /**
   * Takes what `left` names; `beat` was the last sign of life. Again, when the next process died over it.
   * @param masters those that were told to be. Of the others, of which that could not be told any more, only what bears the mark of a
   *   virtual address goes.
   */
  open(left: Left, masters: readonly string[], beat: Beat | undefined): void {
    const names = new Set(masters);
    this.#left = left.instances
      .filter(({ addresses }) => addresses.length > 0)
      .map((each) => {
        const isHeld = names.has(each.name);
        const addresses = isHeld ? each.addresses : each.addresses.map(marked);
        return { ...each, addresses, isHeld };
      });
    this.#netns = left.netns;
    this.#isBegun = false;
    this.#beatMs = (beat?.monotonicUs ?? 0) / 1000;
    this.#next();
  }

  /** The next process is about to start its engine, which removes what it does not go on with, and may be master of it soon. */
  begun(): void {
    this.#isBegun = true;
    this.#left = this.#left.filter(({ isHeld }) => isHeld);
    this.#next();
  }

  /** The next process has them. */
  taken(): void {
    this.#timer?.cancel();
    this.#left = [];
    this.#isTaken = true;
  }

  /** Nobody will take them over. */
  abandon(): void {
    this.#removeDue(Infinity);
  }

  get isOpen(): boolean {
    return !this.#isTaken;
  }

  #dueMs({ freshMs }: LeftInstance): number {
    if (this.#isBegun) return this.#diedMs + begunMs;
    return Math.min(this.#beatMs + freshMs, this.#diedMs + longestMs);
  }

  #next(): void {
    this.#timer?.cancel();
    if (this.#left.length === 0) return;
    const dueMs = Math.min(...this.#left.map((each) => this.#dueMs(each)));
    const waitMs = dueMs - monotonicMs();
    if (waitMs <= 0) this.#removeDue(monotonicMs());
    else this.#timer = systemClock.schedule(Math.ceil(waitMs), () => this.#next());
  }

  #removeDue(nowMs: number): void {
    const due = this.#left.filter((each) => this.#dueMs(each) <= nowMs);
    if (due.length === 0) return;
    this.#left = this.#left.filter((each) => !due.includes(each));
    try {
      const count = this.#remove(
        due.flatMap(({ addresses }) => addresses),
        this.#netns,
      );
      if (count > 0)
        this.#logger.log(
          'info',
          `Removed ${count} address${count === 1 ? '' : 'es'} of the VRRP process that died`,
        );
    } catch (error) {
      this.#logger.log('error', error instanceof Error ? error.message : String(error));
    }
    this.#next();
  }
}

function marked(address: NamedAddress): NamedAddress {
  return { ...address, onlyMarked: true };
}

/** The clock of `Beat`. */
function monotonicMs(): number {
  return beatNow().monotonicUs / 1000;
}
