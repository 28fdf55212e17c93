/** An instance that flips a thousand times as fast as it can: events, pipe and scripts hear of each. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import test from 'node:test';

import { createNode, parseConfig } from '../../../lib/index.js';
import { exampleLab } from '../../support/examples.js';

const cycles = 500;

test('1,000 rapid flips: nothing is lost; events and the pipe keep the order', async () => {
  await using lab = await exampleLab('flips');
  const { ka1 } = lab;
  const fifo = ka1.path('fifo');
  const runs = ka1.write('runs', '');
  const fault = ka1.write('fault', '0\n');
  const script = ka1.write('notify.sh', `#!/bin/sh\necho "$3" >>${runs}\n`, 0o755);
  await ka1.runOk(['mkfifo', fifo]);
  await using reader = await ka1.start(['cat', fifo]);
  // So slow that it never becomes master.
  const text = `
global_defs {
  vrrp_notify_fifo ${fifo}
}
vrrp_track_file fault {
  file ${fault}
}
vrrp_instance WEB {
  interface eth0
  virtual_router_id 6
  version 3
  advert_int 40
  notify ${script}
  track_file {
    fault weight 0
  }
  virtual_ipaddress {
    10.0.0.100/24 dev eth0
  }
}
`;
  const { model } = parseConfig({ text }, { offline: true });
  assert.ok(model !== undefined);
  await using node = await createNode(model, { netns: `/run/netns/${ka1.namespace}` });
  const router = node.router('WEB');
  assert.ok(router !== undefined);
  await router.reached('BACKUP', AbortSignal.timeout(30_000));
  const states: string[] = [];
  node.on('state', (_router, { to }) => states.push(to));

  for (let cycle = 0; cycle < cycles; cycle++) {
    writeFileSync(fault, '1\n');
    await router.reached('FAULT', AbortSignal.timeout(30_000));
    writeFileSync(fault, '0\n');
    await router.reached('BACKUP', AbortSignal.timeout(30_000));
  }
  const expected = Array.from({ length: cycles }, () => ['FAULT', 'BACKUP']).flat();
  assert.deepEqual(states, expected);
  // The first one is of the start.
  await reader.waitForLines('a line of each', (lines) => lines.length > 2 * cycles, 60_000);
  assert.deepEqual(
    reader.lines.map((line) => line.text),
    ['BACKUP', ...expected].map((state) => `INSTANCE "WEB" ${state} 100`),
  );
  const ran = (): readonly string[] => readFileSync(runs, 'utf8').trim().split('\n');
  await ka1.waitFor('a run of each', () => Promise.resolve(ran().length > 2 * cycles), 60_000);
  // They run side by side: who writes first is the scheduler's affair.
  assert.equal(ran().filter((state) => state === 'FAULT').length, cycles);
  assert.equal(ran().filter((state) => state === 'BACKUP').length, cycles + 1);
});
