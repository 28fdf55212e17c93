/**
 * Real programs, run by tests and by the demo: output kept line by line, waited for by what they print and by their end,
 * never by sleeping. Every program that is still running when this process ends is killed.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** How a program ended: an exit code, or the signal that killed it. */
export type Exit = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

/** What `run` gives back once a program has ended. */
export interface Output extends Exit {
  readonly stdout: string;
  readonly stderr: string;
}

/** One line that a program printed. */
export interface Line {
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
  /** performance.now() when it was read, milliseconds. */
  readonly atMs: number;
}

export interface ProgramOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Written to its standard input, which is then closed. Without it, standard input is /dev/null. */
  readonly input?: string;
}

/** How long to wait for an event before the test is told that it did not happen; generous, since events end the wait. */
export interface WaitOptions {
  readonly timeoutMs?: number;
  /** Index of the first line to look at; 0, all lines so far too, when absent. Take it from `lines.length`. */
  readonly from?: number;
}

export const defaultTimeoutMs = 15_000;

const running = new Set<Program>();
process.once('exit', () => {
  for (const program of running) program.killTree('SIGKILL');
});

/** A started program. */
export class Program implements AsyncDisposable {
  /** Everything it printed so far, both streams in the order in which they were read. */
  readonly lines: Line[] = [];
  /** Settles when the program has ended and its output is read to the end. */
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  readonly #listeners = new Set<() => void>();
  #exit: Exit | undefined;

  private constructor(
    readonly argv: readonly string[],
    child: ChildProcess,
  ) {
    this.#child = child;
    this.#follow('stdout');
    this.#follow('stderr');
    this.exited = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        running.delete(this);
        this.#exit = { code, signal };
        resolve(this.#exit);
        this.#changed();
      });
    });
    running.add(this);
  }

  /**
   * Starts `argv` and resolves once it runs.
   * @throws when it cannot be executed.
   */
  static async start(argv: readonly string[], options: ProgramOptions = {}): Promise<Program> {
    const [file = '', ...args] = argv;
    const child = spawn(file, args, {
      stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...options.env },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    const program = new Program(argv, child);
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    if (options.input !== undefined) {
      child.stdin?.on('error', () => undefined); // it may end without reading
      child.stdin?.end(options.input);
    }
    return program;
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  /** How it ended, undefined while it runs. */
  get exit(): Exit | undefined {
    return this.#exit;
  }

  /** What it printed, as one text. */
  text(stream?: 'stdout' | 'stderr'): string {
    return this.lines
      .filter((line) => stream === undefined || line.stream === stream)
      .map((line) => line.text)
      .join('\n');
  }

  /**
   * The first line that matches, already printed or to come.
   * @throws when the program ends without printing one, or none came in time; the message carries its last lines.
   */
  async waitForLine(pattern: RegExp, options: WaitOptions = {}): Promise<Line> {
    let next = options.from ?? 0;
    let found: Line | undefined;
    await this.#until(`a line matching ${String(pattern)}`, options.timeoutMs, () => {
      while (found === undefined && next < this.lines.length) {
        const line = this.lines[next++];
        if (line !== undefined && pattern.test(line.text)) found = line;
      }
      return found !== undefined;
    });
    if (found === undefined) throw new Error('unreachable');
    return found;
  }

  /** Waits until `condition` holds; it is asked again after each line. For conditions on several lines. */
  async waitForLines(
    what: string,
    condition: (lines: readonly Line[]) => boolean,
    timeoutMs?: number,
  ): Promise<void> {
    await this.#until(what, timeoutMs, () => condition(this.lines));
  }

  /** Calls `listener` after each line and at the end; the returned function stops that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Signals the program and everything it started, parents first. */
  killTree(signal: NodeJS.Signals): void {
    if (this.#exit !== undefined || this.#child.pid === undefined) return;
    for (const pid of processTree(this.#child.pid)) {
      try {
        process.kill(pid, signal);
      } catch {
        // ended meanwhile
      }
    }
  }

  /** Asks it to end with `signal`, kills it when it has not after `graceMs`. Idempotent. */
  async stop(signal: NodeJS.Signals = 'SIGTERM', graceMs = 10_000): Promise<Exit> {
    if (this.#exit !== undefined) return this.#exit;
    this.signal(signal);
    const timer = setTimeout(() => this.killTree('SIGKILL'), graceMs);
    const exit = await this.exited;
    clearTimeout(timer);
    return exit;
  }

  /**
   * kill -9 of the whole tree, as a power cut would: all are stopped first, so that none lives to see another die and
   * says goodbye or restarts it.
   */
  async crash(): Promise<void> {
    this.killTree('SIGSTOP');
    this.killTree('SIGKILL');
    await this.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #follow(name: 'stdout' | 'stderr'): void {
    const stream = this.#child[name];
    if (stream === null) return;
    let rest = '';
    const add = (text: string): void => {
      this.lines.push({ stream: name, text, atMs: performance.now() });
    };
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => {
      const pieces = (rest + chunk).split('\n');
      rest = pieces.pop() ?? '';
      pieces.forEach(add);
      if (pieces.length > 0) this.#changed();
    });
    stream.on('end', () => {
      if (rest !== '') add(rest);
      rest = '';
    });
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  #until(what: string, timeoutMs: number | undefined, condition: () => boolean): Promise<void> {
    return waitUntil(
      what,
      condition,
      (changed) =>
        this.onChange(() => {
          changed();
          if (this.#exit !== undefined && !condition()) changed(this.#failure(`ended before ${what}`));
        }),
      { timeoutMs: timeoutMs ?? defaultTimeoutMs, describe: () => this.#failure('').message },
    ).then(() => undefined);
  }

  #failure(why: string): Error {
    const last = this.lines.slice(-40).map((line) => `  ${line.text}`);
    const end =
      this.#exit === undefined ? 'still running' : `exit ${this.#exit.code ?? this.#exit.signal ?? ''}`;
    return new Error(`${this.argv.join(' ')} ${why} (${end}); its last lines:\n${last.join('\n')}`);
  }
}

/**
 * Waits until `condition` holds. It is asked at once and whenever `subscribe` calls back, so it must look at state, which
 * makes the wait free of races; a call back with an error ends the wait with it.
 * @throws when it did not come to hold in time: what was waited for, and what `describe` says about the state by then.
 */
export async function waitUntil(
  what: string,
  condition: () => boolean | Promise<boolean>,
  subscribe: (changed: (error?: Error) => void) => () => void,
  options: { readonly timeoutMs?: number; readonly describe?: () => string } = {},
): Promise<void> {
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  let wake: () => void = () => undefined;
  let failure: Error | undefined;
  const unsubscribe = subscribe((error) => {
    failure ??= error;
    wake();
  });
  const timer = setTimeout(() => {
    failure ??= new Error(`waited ${timeoutMs} ms for ${what}, in vain. ${options.describe?.() ?? ''}`);
    wake();
  }, timeoutMs);
  try {
    for (;;) {
      // Made before the look at the condition, so that a change during the look is not lost.
      const changed = new Promise<void>((resolve) => (wake = resolve));
      if (await condition()) return;
      if (failure !== undefined) throw failure;
      await changed;
    }
  } finally {
    clearTimeout(timer);
    unsubscribe();
  }
}

/** Runs a program to its end. Never throws for its exit code. */
export async function run(argv: readonly string[], options: ProgramOptions = {}): Promise<Output> {
  const program = await Program.start(argv, options);
  const exit = await program.exited;
  return { ...exit, stdout: program.text('stdout'), stderr: program.text('stderr') };
}

/**
 * Runs a program that must succeed, gives back what it printed.
 * @throws with its error output when it does not exit with 0.
 */
export async function runOk(argv: readonly string[], options: ProgramOptions = {}): Promise<string> {
  const output = await run(argv, options);
  if (output.code !== 0) {
    const input = options.input === undefined ? '' : `\n  input: ${options.input}`;
    throw new Error(
      `${argv.join(' ')}: ${output.stderr.trim() || `exit ${output.code ?? output.signal ?? ''}`}${input}`,
    );
  }
  return output.stdout;
}

/** Is this program on the PATH (or, for an absolute path, there)? */
export function hasProgram(name: string): boolean {
  return spawnSync('sh', ['-c', 'command -v "$0"', name], { stdio: 'ignore' }).status === 0;
}

/** A process and all its descendants, parents before children. */
export function processTree(pid: number): number[] {
  const found = [pid];
  for (const parent of found) {
    try {
      const children = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').trim();
      if (children !== '') found.push(...children.split(' ').map(Number));
    } catch {
      // ended meanwhile
    }
  }
  return found;
}
