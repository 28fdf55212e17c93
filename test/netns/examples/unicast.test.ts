import assert from 'node:assert/strict';
import test from 'node:test';

import { Capture } from '../../support/capture.js';
import { exampleLab, onlyOn, startExample, vip } from '../../support/examples.js';

test('unicast: adverts go to the peer alone, and a missing last brace is a warning', async () => {
  await using lab = await exampleLab('ex4');
  const { ka1, ka2, client } = lab;
  await using seen = await Capture.start(ka2, 'proto 112');
  await using elsewhere = await Capture.start(client, 'ip multicast and not igmp');
  const first = await startExample(ka1, '04-unicast/ka1.conf');
  const second = await startExample(ka2, '04-unicast/ka2.conf');
  await second.waitForLine(/warning KA\d+: the file ends inside 'vrrp_instance WEB'/);
  await second.waitForLine(/vrrp_instance WEB is opened here: .*:9:1/);
  await onlyOn(vip, ka1, ka2);
  await seen.waitForLine(/10\.0\.0\.18 > 10\.0\.0\.28/);
  await first.crash();
  await ka2.waitForAddress(vip);
  await startExample(ka1, '04-unicast/ka1.conf');
  await onlyOn(vip, ka1, ka2);
  await seen.stop();
  await elsewhere.stop();
  const destinations = new Set((await seen.packets(['ip.dst'], 'vrrp')).map((packet) => packet['ip.dst']));
  assert.deepEqual([...destinations].sort(), ['10.0.0.18', '10.0.0.28']);
  assert.deepEqual(await elsewhere.packets(['ip.dst'], 'vrrp'), []);
});
