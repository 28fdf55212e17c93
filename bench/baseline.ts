/** The C programs of the bench (baseline/*.c), compiled with the machine's own compiler at each run. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { projectRoot } from '../test/support/daemons.js';
import { runOk } from '../test/support/program.js';

const names = ['loop', 'watch', 'busy', 'launch', 'mark', 'spawn', 'usage'] as const;
export type BaselineName = (typeof names)[number];

const folder = join(projectRoot, 'dist/bench/baseline');

/** Path of a compiled program. */
export function baseline(name: BaselineName): string {
  return join(folder, name);
}

/** @throws with the compiler's words. */
export async function compileBaselines(): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const name of names) {
    const source = join(projectRoot, `bench/baseline/${name}.c`);
    await runOk(['cc', '-std=gnu11', '-O2', '-Wall', '-Wextra', '-Werror', '-o', baseline(name), source]);
  }
}
