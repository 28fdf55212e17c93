/** However a program with an engine ends, short of kill -9: priority 0 is on the wire and no address stays. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

import { Capture } from '../support/capture.js';
import { router } from '../support/engine-host.js';
import { NetLab } from '../support/net-lab.js';

const program = fileURLToPath(new URL('./engine-program.js', import.meta.url));

const endings = [
  { what: 'exit', ending: 'process.exit', code: 7 },
  { what: 'throw', ending: 'an uncaught exception', code: 1 },
  { what: 'reject', ending: 'an unhandled rejection', code: 1 },
  { what: 'stop', ending: 'stop(), called again and again,', code: 0 },
  { what: 'worker-terminate', ending: 'the end of the worker that runs it', code: 0 },
  { what: 'worker-throw', ending: 'an uncaught exception in its worker', code: 0 },
  { what: 'worker-exit', ending: 'process.exit in its worker', code: 0 },
] as const;

for (const { what, ending, code } of endings) {
  test(`${ending} leaves in order`, async () => {
    await using lab = await NetLab.create('exit');
    const lan = await lab.switch('lan');
    const host = await lab.host('a', [{ switch: lan, addresses: ['10.0.0.18/16'] }]);
    await using capture = await Capture.start(host);
    const running = await host.start([
      process.execPath,
      program,
      what,
      JSON.stringify(router({ startActive: true })),
    ]);
    const exit = await running.exited;
    assert.equal(exit.code, code, running.text());
    await capture.waitForLine(/vrid 51, prio 100/);
    await capture.waitForLine(/vrid 51, prio 0/);
    assert.equal(await host.hasAddress('10.0.0.100'), false);
  });
}
