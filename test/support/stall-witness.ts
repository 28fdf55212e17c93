/** A witness of `Stalls`: prints each new worst lateness of a sleep, milliseconds. It has no event loop, which would be late by itself. */
import { writeSync } from 'node:fs';

const napMs = 2;
const never = new Int32Array(new SharedArrayBuffer(4));
writeSync(1, 'looking\n');
for (let worst = 0; ;) {
  const began = performance.now();
  Atomics.wait(never, 0, 0, napMs);
  const late = performance.now() - began - napMs;
  if (late <= worst) continue;
  worst = late;
  writeSync(1, `${worst}\n`);
}
