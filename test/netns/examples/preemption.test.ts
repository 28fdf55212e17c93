import assert from 'node:assert/strict';
import test from 'node:test';

import { exampleLab, onlyOn, replaced, startExample, vip } from '../../support/examples.js';

test('nopreempt: the recovered better node waits until the other one dies', async () => {
  await using lab = await exampleLab('ex2');
  const { ka1, ka2 } = lab;
  const first = await startExample(ka1, '02-nopreempt/ka1.conf');
  // Started at once, the other one might be first, and would stay.
  await first.waitForLine(/\(WEB\) Entering MASTER STATE/);
  const second = await startExample(ka2, '02-nopreempt/ka2.conf');
  await onlyOn(vip, ka1, ka2);
  await first.stop();
  await onlyOn(vip, ka2, ka1);

  const again = await startExample(ka1, '02-nopreempt/ka1.conf');
  await again.waitForLine(/\(WEB\) Entering BACKUP STATE \(init\)/);
  const { lines } = second.program;
  const from = lines.length;
  // Longer than its master-down interval of 3.6 s: four adverts of the other one are heard on the wire meanwhile.
  await assert.rejects(again.waitForLine(/\(WEB\) Entering MASTER STATE/, { timeoutMs: 4500 }));
  assert.equal(
    lines.slice(from).some(({ text }) => text.includes('Entering')),
    false,
  );
  assert.equal(await ka2.hasAddress(vip), true);

  await second.stop();
  await onlyOn(vip, ka1, ka2);
});

test('preempt_delay: the recovered better node takes over only after the delay', async () => {
  await using lab = await exampleLab('ex3');
  const { ka1, ka2 } = lab;
  const shorter = (text: string): string => replaced(text, 'preempt_delay 60 ', 'preempt_delay 3 ');
  await startExample(ka2, '03-preempt-delay/ka2.conf');
  await ka2.waitForAddress(vip);
  const first = await startExample(ka1, '03-preempt-delay/ka1.conf', shorter);
  const backup = await first.waitForLine(/\(WEB\) Entering BACKUP STATE/);
  const master = await first.waitForLine(/\(WEB\) Entering MASTER STATE/);
  // The delay begins with the first advert of the lower priority, up to one second after the start; without it
  // mastership would come 3.6 s after the start at the latest.
  const tookMs = master.atMs - backup.atMs;
  assert.ok(tookMs > 5500 && tookMs < 12_000, `${tookMs} ms`);
  await onlyOn(vip, ka1, ka2);
});
