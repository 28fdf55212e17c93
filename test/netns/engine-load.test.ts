/**
 * What an engine makes of much to do, and of a kernel that is busy or refuses: bursts, floods, the rtnl lock in other hands, peers that
 * fail, no carrier.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

import { Capture } from '../support/capture.js';
import { EngineHost, router } from '../support/engine-host.js';
import { NetLab, type LabHost } from '../support/net-lab.js';
import { Stalls } from '../support/stalls.js';

const flood = fileURLToPath(new URL('../../../test/netns/flood.py', import.meta.url));

/** The machine may be busy with other tests: what is measured is the engine, not the scheduler. */
const realtime = { realtimePriority: 20 };

async function twoHosts(lab: NetLab): Promise<readonly [LabHost, LabHost]> {
  const lan = await lab.switch('lan');
  return [
    await lab.host('a', [{ switch: lan, addresses: ['10.0.0.18/16'] }]),
    await lab.host('b', [{ switch: lan, addresses: ['10.0.0.28/16'] }]),
  ];
}

/** Seconds on the wall clock at which adverts of `vrid` left, as the capture's kernel saw them. */
async function advertTimes(capture: Capture, vrid: number): Promise<readonly number[]> {
  const packets = await capture.packets(['frame.time_epoch'], `vrrp.virt_rtr_id == ${vrid}`);
  return packets.map((packet) => Number(packet['frame.time_epoch']));
}

function largestGap(times: readonly number[]): number {
  return Math.max(...times.slice(1).map((at, index) => at - (times[index] ?? at)));
}

test('a burst of gratuitous ARP for 4,000 addresses delays no advert', async () => {
  await using lab = await NetLab.create('engine');
  const [a, b] = await twoHosts(lab);
  const excludedAddresses = Array.from({ length: 4000 }, (_, i) => ({
    address: `10.7.${Math.floor(i / 250)}.${(i % 250) + 1}/32`,
    dev: 'eth0',
  }));
  await using stalls = await Stalls.start();
  await using capture = await Capture.start(b, 'ip proto 112');
  const advertising = router({ advertIntervalUs: 20_000, addresses: [], startActive: true });
  await using engine = await EngineHost.start(a, [advertising], realtime);
  await engine.waitForState('active');
  const announce = { ...advertising.announce, repeat: 3 };
  await engine.engine.apply({
    routers: [router({ id: 2, vrid: 52, addresses: [], excludedAddresses, announce, startActive: true })],
  });
  await a.waitFor('12,000 announcements', () =>
    Promise.resolve(engine.status(2).counters.announced === 12_000),
  );
  await capture.stop();
  const stall = await stalls.end();
  const times = await advertTimes(capture, 51);
  const gap = largestGap(times);
  assert.ok(times.length > 15, `${times.length} adverts`);
  assert.ok(gap < 0.055 + stall, `${gap} s between adverts, the machine stood still for ${stall} s`);
});

test('a flood of good adverts of lower priority for our own VRID delays none of ours', async () => {
  await using lab = await NetLab.create('engine');
  const [a, b] = await twoHosts(lab);
  const own = router({ prioritySum: 200, startActive: true, lowerPrioNoAdvert: true });
  await using engine = await EngineHost.start(a, [own], realtime);
  await engine.waitForState('active');
  await using stalls = await Stalls.start();
  await using capture = await Capture.start(b, 'ip proto 112 and src 10.0.0.18');
  const began = performance.now();
  await using attacker = await b.start(['python3', flood, '10.0.0.28', '51', 'lower']);
  await attacker.waitForLine(/flooding/);
  for (let i = 0, at = capture.program.lines.length; i < 15; i++) {
    const line = await capture.waitForLine(/vrid 51/, { from: at });
    at = capture.program.lines.indexOf(line) + 1;
  }
  await attacker.stop();
  await capture.stop();
  const stall = await stalls.end();
  const times = await advertTimes(capture, 51);
  const errors = times.slice(1).map((at, index) => Math.abs(at - (times[index] ?? at) - 0.1));
  const worst = Math.max(...errors);
  assert.ok(worst < 0.03 + stall, `an advert was ${worst} s off, the machine stood still for ${stall} s`);
  const { state, counters } = engine.status();
  assert.equal(state, 'active');
  assert.ok(counters.received > 100, `${counters.received} adverts of the flood were heard`);
  const seconds = (performance.now() - began) / 1000;
  const told = engine.of('lower-priority-heard').length;
  assert.ok(told >= 1 && told <= 20 * (seconds + 1), `told ${told} times in ${seconds} s`);
});

test('adverts leave on time while somebody else holds the rtnl lock, and addresses follow when it is free', async () => {
  await using lab = await NetLab.create('engine');
  const [a, b] = await twoHosts(lab);
  // The lock is one for all namespaces: hundreds of links that go in one request keep it for a while.
  const busy = await lab.host('busy');
  const pairs = Array.from({ length: 400 }, (_, i) => `link add v${i} group 7 type veth peer name p${i}`);
  await busy.run(['ip', '-batch', '-'], { input: `${pairs.join('\n')}\n` });

  await using engine = await EngineHost.start(a, [router({ advertIntervalUs: 20_000 })], realtime);
  await engine.waitForState('active');
  await a.waitForAddress('10.0.0.100');
  await using stalls = await Stalls.start();
  await using capture = await Capture.start(b, 'ip proto 112');
  const before = engine.status().counters.sent;
  const held = performance.now();
  const removal = busy.runOk(['ip', 'link', 'del', 'group', '7']);
  // An address to add, and a group to join on a socket of its own: both wait for the lock.
  await engine.engine.apply({
    routers: [
      router({
        advertIntervalUs: 20_000,
        addresses: [
          { address: '10.0.0.100/24', dev: 'eth0' },
          { address: '10.0.0.101/24', dev: 'eth0' },
        ],
      }),
      router({ id: 2, vrid: 52, family: 6, addresses: [], advertIntervalUs: 20_000 }),
    ],
  });
  await removal;
  const heldMs = performance.now() - held;
  await a.waitForAddress('10.0.0.101');
  await engine.waitForState('active', 2);
  await capture.stop();
  const stall = await stalls.end();
  const sent = engine.status().counters.sent - before;
  const times = await advertTimes(capture, 51);
  assert.ok(heldMs > 60, `the lock was held for ${heldMs} ms at most: this proves nothing`);
  assert.ok(sent >= Math.floor(heldMs / 20) - 3 - stall / 0.02, `${sent} adverts in ${heldMs} ms`);
  assert.ok(largestGap(times) < 0.055 + stall, `${largestGap(times)} s between adverts, stalls ${stall} s`);
});

test('peers that fail in different ways are told of once each, however many adverts fail', async () => {
  await using lab = await NetLab.create('engine');
  const [a] = await twoHosts(lab);
  const rules = `table ip f { chain o { type filter hook output priority 0; ip daddr 10.0.0.28 drop; }; }\n`;
  await a.runOk(['nft', '-f', '-'], { input: rules });
  const peer = (address: string) => ({ address, minTtl: 0, maxTtl: 255 });
  await using engine = await EngineHost.start(a, [
    router({ advertIntervalUs: 20_000, unicastPeers: [peer('10.0.0.28'), peer('10.0.255.255')] }),
  ]);
  await engine.waitForState('active');
  await a.waitFor('20 failed adverts', () => Promise.resolve(engine.status().counters.sendFailed >= 40));
  const told = engine.of('send-failed').map(({ code }) => code);
  // A broadcast address is nobody's.
  assert.deepEqual(told, ['EPERM', 'EACCES']);
});

test('a router that does not track its own link stays master on one without carrier [keepalived: dont_track_primary]', async () => {
  await using lab = await NetLab.create('engine');
  const [a] = await twoHosts(lab);
  await using engine = await EngineHost.start(a, [
    router({ id: 1, vrid: 1, dontTrackPrimary: true }),
    router({ id: 2, vrid: 2, addresses: [{ address: '10.0.0.102/24', dev: 'eth0' }] }),
  ]);
  await engine.waitForState('active', 1);
  await engine.waitForState('active', 2);
  await a.unplug();
  await engine.waitForState('initialize', 2, {
    from: engine.events.findIndex((e) => e.kind === 'transition' && e.router === 2 && e.to === 'active'),
  });
  await a.waitForAddress('10.0.0.102', false);
  assert.equal(engine.status(1).state, 'active');
  assert.deepEqual(engine.status(1).holds, []);
  assert.equal(await a.hasAddress('10.0.0.100'), true);
  // Without the link there is nothing to send on.
  await a.ip('link', 'set', 'eth0', 'down');
  await a.ip('link', 'set', 'eth0', 'name', 'other0');
  const lost = await engine.waitFor('transition', (event) => event.router === 1 && event.from === 'active');
  assert.deepEqual(lost.holds, ['link-down', 'no-source']);
});
