import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import { exampleLab, exampleText, onlyOn, startExample, vip } from '../../support/examples.js';
import type { LabHost } from '../../support/net-lab.js';

/** The example's script, writing into the host's own folder. */
function prepare(host: LabHost): () => readonly string[] {
  const log = host.write('notify.log', '');
  const script = exampleText('07-notify/notify.sh').replace('${NOTIFY_LOG:-/tmp/ka-node-notify.log}', log);
  host.writeEtc('keepalived/notify.sh', script, 0o755);
  return () => readFileSync(log, 'utf8').trim().split('\n').sort();
}

test('notify scripts hear of every state, with their arguments, also of the stop', async () => {
  await using lab = await exampleLab('ex7');
  const { ka1, ka2 } = lab;
  const told1 = prepare(ka1);
  const told2 = prepare(ka2);
  const first = await startExample(ka1, '07-notify/ka1.conf');
  // Started at once, the one with less to load might be master for a moment.
  await first.waitForLine(/\(WEB\) Entering MASTER STATE/);
  const second = await startExample(ka2, '07-notify/ka2.conf');
  await onlyOn(vip, ka1, ka2);
  await ka1.unplug();
  await onlyOn(vip, ka2, ka1);
  await first.waitForLine(/\(WEB\) Entering FAULT STATE/);
  await ka1.plug();
  await onlyOn(vip, ka1, ka2);
  await first.stop();
  await second.waitForLine(/Backup received priority 0/);
  await onlyOn(vip, ka2, ka1);
  await second.stop();

  assert.deepEqual(told1(), [
    'any INSTANCE WEB BACKUP 100',
    'any INSTANCE WEB BACKUP 100',
    'any INSTANCE WEB FAULT 100',
    'any INSTANCE WEB MASTER 100',
    'any INSTANCE WEB MASTER 100',
    'any INSTANCE WEB STOP 100',
    'backup',
    'backup',
    'fault',
    'master',
    'master',
    'stop',
  ]);
  assert.deepEqual(told2(), [
    'any INSTANCE WEB BACKUP 80',
    'any INSTANCE WEB BACKUP 80',
    'any INSTANCE WEB MASTER 80',
    'any INSTANCE WEB MASTER 80',
    'any INSTANCE WEB STOP 80',
    'backup',
    'backup',
    'master',
    'master',
    'stop',
  ]);
});
