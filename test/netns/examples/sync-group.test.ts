import test from 'node:test';

import { NetLab } from '../../support/net-lab.js';
import { onlyOn, startExample } from '../../support/examples.js';

const outside = '10.0.0.100';
const inside = '192.168.0.100';

test('sync group: one link fails and both addresses move together, and back', async () => {
  await using lab = await NetLab.create('ex8');
  const lan = await lab.switch('outside');
  const dmz = await lab.switch('inside');
  const ports = (number: number) => [
    { switch: lan, addresses: [`10.0.0.${number}/16`] },
    { switch: dmz, addresses: [`192.168.0.${number}/24`] },
  ];
  const ka1 = await lab.host('ka1', ports(18));
  const ka2 = await lab.host('ka2', ports(28));
  const first = await startExample(ka1, '08-sync-group/ka1.conf');
  const second = await startExample(ka2, '08-sync-group/ka2.conf');
  await onlyOn(outside, ka1, ka2);
  await onlyOn(inside, ka1, ka2);
  await first.waitForLine(/VRRP_Group\(BOTH_SIDES\) Syncing instances to MASTER state/);

  await ka1.unplug('eth1');
  await onlyOn(outside, ka2, ka1);
  await onlyOn(inside, ka2, ka1);
  await first.waitForLine(/\(INSIDE\) entering FAULT state \(interface eth1 down\)/);
  await first.waitForLine(/VRRP_Group\(BOTH_SIDES\) Syncing instances to FAULT state/);
  await second.waitForLine(/VRRP_Group\(BOTH_SIDES\) Syncing instances to MASTER state/);

  await ka1.plug('eth1');
  await onlyOn(outside, ka1, ka2);
  await onlyOn(inside, ka1, ka2);
});
