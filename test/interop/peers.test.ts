/** The peers that interop tests play against, among themselves: what they do when ka-node is not there. */
import assert from 'node:assert/strict';
import test from 'node:test';

import { Capture } from '../support/capture.js';
import { Frr, startKeepalived } from '../support/daemons.js';
import { NetLab, type LabHost } from '../support/net-lab.js';

async function nodes(lab: NetLab): Promise<readonly [LabHost, LabHost]> {
  const lan = await lab.switch('lan');
  return [
    await lab.host('one', [{ switch: lan, addresses: ['10.0.0.18/16'] }]),
    await lab.host('two', [{ switch: lan, addresses: ['10.0.0.28/16'] }]),
  ];
}

function web(priority: number): string {
  return `
global_defs {
  vrrp_garp_master_repeat 1
}
vrrp_instance WEB {
  state BACKUP
  interface eth0
  virtual_router_id 6
  priority ${priority}
  advert_int 1
  authentication {
    auth_type PASS
    auth_pass 666
  }
  virtual_ipaddress {
    10.0.0.100/24
  }
}
`;
}

test('two keepalived nodes fail over when the master is killed, and back when it returns', async () => {
  await using lab = await NetLab.create('peers');
  const [one, two] = await nodes(lab);
  await using capture = await Capture.start(two, 'proto 112');
  const first = await startKeepalived(one, web(100));
  await startKeepalived(two, web(80));
  await one.waitForAddress('10.0.0.100');
  await capture.waitForLine(/VRRPv2, Advertisement, vrid 6, prio 100, authtype simple, intvl 1s, length 20/);
  assert.equal(await two.hasAddress('10.0.0.100'), false);

  await first.crash();
  await two.waitForAddress('10.0.0.100');
  await capture.waitForLine(/10\.0\.0\.28 > 224\.0\.0\.18.*|vrid 6, prio 80/);

  await one.ip('address', 'del', '10.0.0.100/24', 'dev', 'eth0'); // kill -9 left it behind
  await startKeepalived(one, web(100));
  await one.waitForAddress('10.0.0.100');
  await two.waitForAddress('10.0.0.100', false);
  await capture.stop();
  const priorities = (await capture.packets(['vrrp.prio'], 'vrrp')).map((packet) => packet['vrrp.prio']);
  assert.equal(priorities[0], '100');
  assert.ok(priorities.includes('80'));
  assert.ok(!priorities.includes('0'), 'a crash says no goodbye');
});

test('two FRR nodes fail over in both families', async () => {
  await using lab = await NetLab.create('peers');
  const [one, two] = await nodes(lab);
  const routers = (priority: number) => [
    { vrid: 5, priority, intervalMs: 100, addresses: ['10.0.0.100/16'] },
    { vrid: 7, priority, intervalMs: 100, addresses: ['fe80::100/64', 'fd00::100/64'] },
  ];
  await using capture = await Capture.start(two, 'proto 112 or ip6 proto 112');
  const first = await Frr.start(one, routers(200));
  await capture.waitForLine(/VRRPv3, Advertisement, vrid 5, prio 200, intvl 10cs/);
  await capture.waitForLine(/VRRPv3, Advertisement, vrid 7, prio 200/);
  const second = await Frr.start(two, routers(100));
  assert.match(await second.show('show vrrp'), /Virtual Router ID\s+5/);
  await first.crash();
  await capture.waitForLine(/VRRPv3, Advertisement, vrid 5, prio 100, intvl 10cs/);
  await capture.waitForLine(/VRRPv3, Advertisement, vrid 7, prio 100/);
});
