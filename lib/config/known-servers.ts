/**
 * What one reading leaves for the next: the virtual servers by the very text of their blocks. A block that stands in the file again,
 * character for character, under the same global settings, is the same object again and is not read. Only what is without fault is
 * known: where there is anything to say, all is read as if nothing were known, since it may be about any place.
 */
import type { VirtualServer } from './model-lvs.js';
import type { FileAccess, Machine } from './load.js';
import type { GlobalDefs } from './model.js';
import { isSame } from './same.js';
import { SourceFile } from './source.js';
import type { Statement } from './syntax.js';

/** A block as whole lines, from its keyword to the end of the line of its `}`. */
export interface KnownServer {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly server: VirtualServer;
}

/** Lines that are more than what they say: definitions, conditions, sequences, other files. */
const depends = /[$@~]|include/;

export class KnownServers {
  #blocks = new Map<string, KnownServer>();
  #globals: GlobalDefs | undefined;

  get isEmpty(): boolean {
    return this.#blocks.size === 0;
  }

  /** The block that begins at `at`, which is the start of a line. */
  find(text: string, at: number): KnownServer | undefined {
    const known = this.#blocks.get(text.slice(at, text.indexOf('\n', at)));
    return known !== undefined && text.startsWith(known.text.slice(known.start, known.end), at)
      ? known
      : undefined;
  }

  /** Whether virtual servers were read under settings that say the same. */
  fits(globals: GlobalDefs): boolean {
    return this.#globals !== undefined && isSame(this.#globals, globals);
  }

  /** Knows these instead of what was known. */
  replace(blocks: readonly KnownServer[], globals: GlobalDefs): void {
    this.#blocks = new Map(blocks.map((block) => [headOf(block), block]));
    this.#globals = globals;
  }
}

function headOf({ text, start }: KnownServer): string {
  return text.slice(start, text.indexOf('\n', start));
}

/** The block of a statement as it may be known; undefined: it is not whole lines of a file, or depends on other lines. */
export function knownBlock({ from, start, body }: Statement, server: VirtualServer): KnownServer | undefined {
  if (!(from instanceof SourceFile) || body?.from !== from || body.close === undefined) return undefined;
  const { text } = from;
  const end = body.close + 2;
  if (start > 0 && text[start - 1] !== '\n') return undefined;
  if (text[end - 1] !== '\n' || depends.test(text.slice(start, end))) return undefined;
  return { text, start, end, server };
}

/** A machine and files that count what they are asked: what was read by their answers may be read otherwise the next time. */
export class Witness {
  readonly watched: { readonly machine: Machine; readonly files: FileAccess };
  /** Questions so far. */
  count = 0;

  constructor(machine: Machine, files: FileAccess) {
    this.watched = { machine: this.#watch(machine), files: this.#watch(files) };
  }

  #watch<T extends object>(target: T): T {
    return new Proxy(target, {
      get: (of, name) => {
        this.count++;
        const answer: unknown = Reflect.get(of, name);
        return answer;
      },
    });
  }
}
