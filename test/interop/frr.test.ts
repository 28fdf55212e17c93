/** ka-node beside FRR's vrrpd, version 3, both families, both ways round. */
import assert from 'node:assert/strict';
import test from 'node:test';

import { Capture } from '../support/capture.js';
import { Frr, startKaNode, type Daemon } from '../support/daemons.js';
import { NetLab, type LabHost } from '../support/net-lab.js';
import { configuration, shapes } from '../support/scenarios.js';

interface Case {
  readonly name: string;
  readonly shape: number;
  readonly address: string;
}

const cases: readonly Case[] = [
  { name: 'IPv4', shape: 2, address: '10.0.0.100/24' },
  { name: 'IPv6', shape: 3, address: 'fe80::100/64' },
];

function kaNode(host: LabHost, shape: number, priority: number, own: string): Promise<Daemon> {
  const chosen = shapes[shape];
  assert.ok(chosen !== undefined);
  return startKaNode(host, configuration(chosen, priority, own, []));
}

function frr(host: LabHost, address: string, priority: number): Promise<Frr> {
  return Frr.start(host, [{ vrid: 6, priority, intervalMs: 100, addresses: [address] }]);
}

async function twoHosts(lab: NetLab): Promise<readonly [LabHost, LabHost]> {
  const lan = await lab.switch('lan');
  return [
    await lab.host('one', [{ switch: lan, addresses: ['10.0.0.18/16', 'fd00::18/64'] }]),
    await lab.host('two', [{ switch: lan, addresses: ['10.0.0.28/16', 'fd00::28/64'] }]),
  ];
}

const noComplaint = (daemon: Daemon): void => {
  const lines = daemon.program.lines
    .map(({ text }) => text)
    .filter((text) => /dropped advert|not leaving/.test(text));
  assert.deepEqual(lines, []);
};

/** What vrrpd logs of a packet that it does not like. */
const isContent = (peer: Frr): void => {
  const lines = peer.vrrpd.lines
    .map(({ text }) => text)
    .filter((text) => /invalid|mismatch|discard|drop|bad /i.test(text));
  assert.deepEqual(lines, []);
};

for (const { name, shape, address } of cases) {
  const advert = (priority: number): RegExp =>
    new RegExp(`VRRPv3, Advertisement, vrid 6, prio ${priority}, intvl 10cs`);

  test(`${name}: ka-node as master, FRR as backup: stop, kill -9 and return`, async () => {
    await using lab = await NetLab.create('frr');
    const [one, two] = await twoHosts(lab);
    await using capture = await Capture.start(two, 'proto 112 or ip6 proto 112');
    const first = await kaNode(one, shape, 150, '10.0.0.18');
    await capture.waitForLine(advert(150));
    const peer = await frr(two, address, 100);
    assert.match(await peer.show('show vrrp'), /Virtual Router ID\s+6/);
    await first.stop();
    await capture.waitForLine(advert(0));
    await capture.waitForLine(advert(100));
    const second = await kaNode(one, shape, 150, '10.0.0.18');
    await second.waitForLine(/\(WEB\) Entering MASTER STATE/);
    const from = capture.program.lines.length;
    await capture.waitForLine(advert(150), { from });
    await second.crash();
    await capture.waitForLine(advert(100), { from: capture.program.lines.length });
    noComplaint(first);
    noComplaint(second);
    isContent(peer);
  });

  for (const end of ['stop', 'kill -9'] as const)
    test(`${name}: FRR as master, ka-node as backup: ${end}`, () => followsFrr(shape, address, end, advert));
}

async function followsFrr(
  shape: number,
  address: string,
  end: 'stop' | 'kill -9',
  advert: (priority: number) => RegExp,
): Promise<void> {
  await using lab = await NetLab.create('frr');
  const [one, two] = await twoHosts(lab);
  await using capture = await Capture.start(two, 'proto 112 or ip6 proto 112');
  const master = await frr(one, address, 150);
  await capture.waitForLine(advert(150));
  const backup = await kaNode(two, shape, 100, '10.0.0.28');
  await backup.waitForLine(/\(WEB\) Entering BACKUP STATE/);
  await capture.waitForLine(advert(150), { from: capture.program.lines.length });
  if (end === 'kill -9') {
    await master.crash();
  } else {
    await master.stop();
    await capture.waitForLine(advert(0));
    await backup.waitForLine(/\(WEB\) Backup received priority 0 advertisement/);
  }
  await backup.waitForLine(/\(WEB\) Entering MASTER STATE/);
  await capture.waitForLine(advert(100));
  await two.waitForAddress(address.split('/')[0] ?? '');
  noComplaint(backup);
  isContent(master);
}
