/**
 * Tables of nftables that belong to this process: what they ought to be is stated whole, and the program nft brings the kernel there in
 * one transaction. It never waits: statements follow each other in order, and one that is overtaken while nft runs is left out. What the
 * tables mean is decided elsewhere.
 */
import { describeEnd, run, type RunOptions } from './exec.js';
import type { Host } from './host.js';

/** One table as it ought to be. */
export interface NftTable {
  readonly family: 'ip' | 'ip6';
  readonly name: string;
  /** Declarations of sets and maps without their elements, chains and rules: what stands between the braces of `table`. */
  readonly body: string;
  /** Elements of its sets and maps, by their names. */
  readonly elements: ReadonlyMap<string, readonly string[]>;
}

export interface NftablesOptions {
  readonly host: Host;
  /** Path of a network namespace; absent: that of this process. */
  readonly netns?: string | undefined;
  /** What is not so when nft fails, for the log: `packets to virtual addresses are not dropped`. */
  readonly without: string;
  /** For tests. */
  readonly run?: typeof run;
}

/** nft may have to load modules of the kernel. */
const limitMs = 10_000;

export class Nftables {
  readonly #options: NftablesOptions;
  #wanted: readonly NftTable[] = [];
  /** Names whose tables are ours, in both families. */
  readonly #names = new Set<string>();
  /** What the kernel has of us; undefined: not known, a process that was killed may have left anything. */
  #known: readonly NftTable[] | undefined;
  #writing: Promise<void> | undefined;
  #isStated = false;
  #complaint = '';

  constructor(options: NftablesOptions) {
    this.#options = options;
  }

  /** From now on there are these tables, and no others called `name` or as any name given before. */
  want(name: string, tables: readonly NftTable[]): void {
    this.#names.add(name);
    this.#wanted = tables;
    this.#isStated = true;
    this.#writing ??= this.#write();
  }

  /** Resolves when the kernel has what was wanted last, or nft could not bring it there. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    while (this.#isStated) {
      this.#isStated = false;
      const wanted = this.#wanted;
      // A table that somebody else changed meanwhile is made anew.
      const isDone =
        (this.#known !== undefined && (await this.#send(changes(this.#known, wanted)))) ||
        (await this.#send(anew(this.#names, wanted), true));
      this.#known = isDone ? wanted : undefined;
    }
    this.#writing = undefined;
  }

  async #send(script: string, isLastTry = false): Promise<boolean> {
    if (script === '') return true;
    const { host, netns, without } = this.#options;
    const options: RunOptions = {
      clock: host.clock,
      timeoutMs: limitMs,
      input: script,
      captureBytes: 4096,
    };
    const enter = netns === undefined ? [] : ['nsenter', `--net=${netns}`];
    const { end, output } = await (this.#options.run ?? run)({ argv: [...enter, 'nft', '-f', '-'] }, options);
    const isDone = end.kind === 'exited' && end.status === 0;
    if (isDone) this.#complaint = '';
    else if (isLastTry) {
      const isMissing =
        (end.kind === 'not-started' && end.code === 'ENOENT') || /nsenter: .*nft/.test(output);
      const [said = ''] = output.trim().split('\n');
      const why = isMissing
        ? 'the program nft is missing (package nftables)'
        : `nft ${describeEnd(end)}${said === '' ? '' : `: ${said}`}`;
      // Once, until it works again.
      if (why !== this.#complaint) host.logger.log('error', `nftables: ${without}: ${why}`);
      this.#complaint = why;
    }
    return isDone;
  }
}

/** From what the kernel has to what is wanted; elements that stay are not touched, so that their counters go on. */
function changes(known: readonly NftTable[], wanted: readonly NftTable[]): string {
  const lines: string[] = [];
  for (const old of known) if (!wanted.some((table) => isSame(table, old))) lines.push(...removal(old));
  for (const table of wanted) {
    const old = known.find((each) => isSame(each, table));
    if (old === undefined) {
      lines.push(...creation(table));
      continue;
    }
    for (const [set, elements] of table.elements) {
      const before = old.elements.get(set) ?? [];
      lines.push(
        ...listed('delete', table, set, without(before, elements)),
        ...listed('add', table, set, without(elements, before)),
      );
    }
  }
  return joined(lines);
}

/** The wanted tables and nothing else, whatever there was. */
function anew(names: ReadonlySet<string>, wanted: readonly NftTable[]): string {
  const all = [...names].flatMap((name) => [
    ...removal({ family: 'ip', name }),
    ...removal({ family: 'ip6', name }),
  ]);
  return joined([...all, ...wanted.flatMap(creation)]);
}

/** Same but for elements. */
function isSame(one: NftTable, other: NftTable): boolean {
  return one.family === other.family && one.name === other.name && one.body === other.body;
}

/** To delete what is not there is an error, to add what is there is none. */
function removal({ family, name }: Pick<NftTable, 'family' | 'name'>): readonly string[] {
  return [`add table ${family} ${name}`, `delete table ${family} ${name}`];
}

function creation(table: NftTable): readonly string[] {
  const elements = [...table.elements].flatMap(([set, each]) => listed('add', table, set, each));
  return [`table ${table.family} ${table.name} {\n${table.body}\n}`, ...elements];
}

function listed(
  verb: 'add' | 'delete',
  { family, name }: NftTable,
  set: string,
  elements: readonly string[],
): readonly string[] {
  if (elements.length === 0) return [];
  return [`${verb} element ${family} ${name} ${set} { ${elements.join(', ')} }`];
}

function without(elements: readonly string[], others: readonly string[]): readonly string[] {
  const known = new Set(others);
  return elements.filter((each) => !known.has(each));
}

function joined(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}
