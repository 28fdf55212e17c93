/**
 * A program that embeds an engine, for tests of how programs end. Arguments: what to do, then routers as JSON.
 * Runs in the namespace that it was started in; prints every event as a line of JSON.
 */
import { Worker, isMainThread, workerData } from 'node:worker_threads';

import { Engine } from '../../bindings/engine.js';
import type { NativeRouter } from '../../bindings/native.js';

interface Work {
  readonly what: string;
  readonly routers: readonly string[];
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Its arguments come from the tests: a look is enough. */
function isRouter(value: unknown): value is NativeRouter {
  return typeof value === 'object' && value !== null && 'vrid' in value;
}

function isWork(value: unknown): value is Work {
  return typeof value === 'object' && value !== null && 'routers' in value;
}

function parseRouter(text: string): NativeRouter {
  const value: unknown = JSON.parse(text);
  if (!isRouter(value)) throw new Error(`no router: ${text}`);
  return value;
}

async function runEngine({ what, routers }: Work): Promise<void> {
  const engine = new Engine({}, (events) => {
    for (const event of events) print(JSON.stringify(event));
  });
  await engine.start();
  engine.on('transition', (event) => {
    if (event.to !== 'active') return;
    if (what === 'exit') process.exit(7);
    if (what === 'throw') throw new Error('nobody catches this');
    if (what === 'stop') void Promise.all([engine.stop(), engine.stop()]).then(() => engine.stop());
    if (what === 'reject') void Promise.reject(new Error('nobody handles this'));
  });
  await engine.apply({ routers: routers.map(parseRouter) });
}

if (isMainThread) {
  const [, , what = '', ...routers] = process.argv;
  if (what.startsWith('worker')) {
    const work: Work = { what: what.slice('worker-'.length), routers };
    const worker = new Worker(new URL(import.meta.url), { workerData: work, stdout: true });
    let seen = '';
    worker.stdout.on('data', (chunk: Buffer) => {
      process.stdout.write(chunk);
      seen += chunk.toString();
      if (work.what === 'terminate' && seen.includes('"to":"active"')) {
        seen = '';
        void worker.terminate().then(() => print('terminated'));
      }
    });
    worker.on('error', (error) => print(`worker: ${String(error)}`));
    worker.on('exit', (code) => print(`worker ended with ${code}`));
  } else {
    await runEngine({ what, routers });
  }
} else {
  const work: unknown = workerData;
  if (isWork(work)) await runEngine(work);
}
