/**
 * Runs test files one after the other and writes what happened as JSON lines: `guest-main.js OUTPUT FILE...`.
 * It runs inside the machine (or on a host whose kernel has IPVS); suite.ts reads the lines.
 */
import { createWriteStream } from 'node:fs';
import { relative } from 'node:path';
import { run } from 'node:test';

/** One line of the output. `path` are the names from the outermost test inwards. */
export interface GuestResult {
  readonly file: string;
  readonly path: readonly string[];
  readonly outcome: 'pass' | 'fail' | 'skip';
  readonly durationMs: number;
  /** Why it failed, or the reason of the skip. */
  readonly detail: string;
  /** A test that holds others. */
  readonly isSuite: boolean;
}

const [output, ...files] = process.argv.slice(2);
if (output !== undefined && files.length > 0) await main(output, files);

async function main(path: string, list: readonly string[]): Promise<void> {
  const out = createWriteStream(path);
  const open: string[] = [];
  const seen = new Set<string>();
  const stream = run({ files: [...list], concurrency: 1, timeout: 1_200_000 });
  stream.on('test:start', (event) => {
    open.length = event.nesting;
    open[event.nesting] = event.name;
  });
  const finish = (event: TestEvent, outcome: 'pass' | 'fail'): void => {
    const names = [...open.slice(0, event.nesting), event.name];
    const key = `${event.file ?? ''} ${names.join(' > ')}`;
    const isSuite = seen.has(key);
    for (let i = 1; i < names.length; i++) seen.add(`${event.file ?? ''} ${names.slice(0, i).join(' > ')}`);
    const isSkipped = event.skip !== undefined && event.skip !== false;
    const result: GuestResult = {
      file: relative(process.cwd(), event.file ?? ''),
      path: names,
      outcome: isSkipped ? 'skip' : outcome,
      durationMs: event.details.duration_ms,
      detail: isSkipped ? String(event.skip) : describe(event.details.error),
      isSuite: isSuite || event.name === event.file,
    };
    out.write(`${JSON.stringify(result)}\n`);
  };
  stream.on('test:pass', (event) => finish(event, 'pass'));
  stream.on('test:fail', (event) => finish(event, 'fail'));
  stream.on('test:stdout', (event) => process.stdout.write(event.message));
  stream.on('test:stderr', (event) => process.stdout.write(event.message));
  stream.resume();
  await new Promise<void>((resolve) => stream.once('end', resolve));
  await new Promise<void>((resolve) => out.end(resolve));
}

interface TestEvent {
  readonly name: string;
  readonly nesting: number;
  readonly file?: string | undefined;
  readonly skip?: string | boolean | undefined;
  readonly details: { readonly duration_ms: number; readonly error?: Error };
}

function describe(error: Error | undefined): string {
  if (error === undefined) return '';
  const cause: unknown = error.cause;
  if (cause instanceof Error) return cause.stack ?? cause.message;
  return cause === undefined ? error.message : `${error.message}: ${JSON.stringify(cause)}`;
}
