import assert from 'node:assert/strict';
import test from 'node:test';

import { Capture } from '../../support/capture.js';
import { exampleLab, onlyOn, startExample, vip } from '../../support/examples.js';

test('master and backup: the address follows the death and the return of the better node', async () => {
  await using lab = await exampleLab('ex1');
  const { ka1, ka2, client } = lab;
  await using capture = await Capture.start(client, 'proto 112 or arp');
  const first = await startExample(ka1, '01-master-backup/ka1.conf');
  const second = await startExample(ka2, '01-master-backup/ka2.conf');

  const warning = await first.waitForLine(/lable/);
  assert.match(warning.text, /\.conf:21:32: warning KA\d+: .*'lable'/);
  await first.waitForLine(/did you mean 'label'/);

  await onlyOn(vip, ka1, ka2);
  await capture.waitForLine(/10\.0\.0\.18 > 226\.6\.6\.6/);
  await capture.waitForLine(/VRRPv2, Advertisement, vrid 6, prio 100, authtype simple, intvl 1s, length 20/);
  await capture.waitForLine(/Announcement 10\.0\.0\.100|Request who-has 10\.0\.0\.100 .*tell 10\.0\.0\.100/);
  const [address] = (await ka1.addresses('eth0')).filter((each) => each.address === vip);
  assert.equal(address?.prefixLength, 24);
  assert.equal(await client.ping(vip), true);

  await first.stop();
  await onlyOn(vip, ka2, ka1);
  await capture.waitForLine(/vrid 6, prio 0,/);
  await second.waitForLine(/\(WEB\) Backup received priority 0 advertisement/);
  await second.waitForLine(/\(WEB\) Entering MASTER STATE/);
  assert.equal(await client.ping(vip), true);

  await startExample(ka1, '01-master-backup/ka1.conf');
  await onlyOn(vip, ka1, ka2);
  await second.waitForLine(
    /\(WEB\) Master received advert from 10\.0\.0\.18 with higher priority 100, ours 80/,
  );
  assert.equal(await client.ping(vip), true);
});

test('master and backup: the address moves when the master is killed, and the leftover does not stay', async () => {
  await using lab = await exampleLab('ex1k');
  const { ka1, ka2, client } = lab;
  const first = await startExample(ka1, '01-master-backup/ka1.conf');
  const second = await startExample(ka2, '01-master-backup/ka2.conf');
  await onlyOn(vip, ka1, ka2);
  await first.crash();
  await ka2.waitForAddress(vip);
  await second.waitForLine(/\(WEB\) Receive advertisement timeout/);
  await second.waitForLine(/\(WEB\) cause: 10\.0\.0\.18 \(priority 100\) fell silent/);
  const again = await startExample(ka1, '01-master-backup/ka1.conf');
  await again.waitForLine(/removed 10\.0\.0\.100\/24 from eth0, left over from an earlier run/);
  await onlyOn(vip, ka1, ka2);
  assert.equal(await client.ping(vip), true);
});
