/** What an engine puts on the wire and into the kernel, as tcpdump and iproute2 see it. */
import assert from 'node:assert/strict';
import test from 'node:test';

import { NativeError } from '../../bindings/errors.js';
import { Capture } from '../support/capture.js';
import { EngineHost, router } from '../support/engine-host.js';
import { NetLab, type LabHost } from '../support/net-lab.js';

async function twoHosts(lab: NetLab): Promise<readonly [LabHost, LabHost]> {
  const lan = await lab.switch('lan');
  return [
    await lab.host('a', [{ switch: lan, addresses: ['10.0.0.18/16', 'fd00::18/64'] }]),
    await lab.host('b', [{ switch: lan, addresses: ['10.0.0.28/16', 'fd00::28/64'] }]),
  ];
}

test('version 2 with a password: advert, gratuitous ARP, address, and priority 0 at the end [keepalived: auth_pass]', async () => {
  await using lab = await NetLab.create('engine');
  const [a, b] = await twoHosts(lab);
  await using capture = await Capture.start(b);
  await using engine = await EngineHost.start(a, [
    router({
      vrid: 6,
      version: 2,
      advertIntervalUs: 1_000_000,
      startActive: true,
      authPass: Buffer.from('666'),
      multicastGroup: '226.6.6.6',
      addresses: [{ address: '10.0.0.100/24', dev: 'eth0', label: 'eth0:0' }],
    }),
  ]);
  // The very words that keepalived's adverts of this configuration get from tcpdump.
  await capture.waitForLine(
    /\(tos 0xc0, ttl 255, id 1, offset 0, flags \[none\], proto VRRP \(112\), length 40\)/,
  );
  await capture.waitForLine(
    /10\.0\.0\.18 > 226\.6\.6\.6: vrrp 10\.0\.0\.18 > 226\.6\.6\.6: VRRPv2, Advertisement, vrid 6, prio 100, authtype simple, intvl 1s, length 20, addrs: 10\.0\.0\.100 auth "666"|10\.0\.0\.18 > 226\.6\.6\.6: VRRPv2, Advertisement, vrid 6, prio 100, authtype simple, intvl 1s, length 20, addrs: 10\.0\.0\.100 auth "666"/,
  );
  await capture.waitForLine(/Request who-has 10\.0\.0\.100 \(ff:ff:ff:ff:ff:ff\) tell 10\.0\.0\.100/);
  await a.waitForAddress('10.0.0.100');
  const address = (await a.addresses('eth0')).find((each) => each.address === '10.0.0.100');
  assert.deepEqual(address, {
    device: 'eth0',
    address: '10.0.0.100',
    prefixLength: 24,
    label: 'eth0:0',
    scope: 'global',
  });
  await engine.waitForInstalled(['10.0.0.100/24']);
  await engine.stop();
  await capture.waitForLine(/VRRPv2, Advertisement, vrid 6, prio 0,/);
  assert.equal(await a.hasAddress('10.0.0.100'), false);
  assert.equal(await a.hasAddress('10.0.0.18'), true);
});

test('version 3, both families: checksums are right, hop limit 255, neighbour advertisements override [RFC9568-5]', async () => {
  await using lab = await NetLab.create('engine');
  const [a, b] = await twoHosts(lab);
  await using capture = await Capture.start(b);
  await using engine = await EngineHost.start(a, [
    router({ id: 1, vrid: 1, startActive: true }),
    router({
      id: 2,
      vrid: 2,
      family: 6,
      startActive: true,
      addresses: [
        { address: 'fe80::1:2/64', dev: 'eth0' },
        { address: 'fd00::100/64', dev: 'eth0' },
      ],
    }),
  ]);
  await engine.waitForState('active', 1);
  await engine.waitForState('active', 2);
  await capture.waitForLine(
    /VRRPv3, Advertisement, vrid 1, prio 100, intvl 10cs, length 12, addrs: 10\.0\.0\.100/,
  );
  await capture.waitForLine(
    /VRRPv3, Advertisement, vrid 2, prio 100, intvl 10cs, length 40, addrs\(2\): fe80::1:2,fd00::100/,
  );
  await capture.waitForLine(
    /fd00::100 > ff02::1: .*neighbor advertisement.*tgt is fd00::100, Flags \[override\]/,
  );
  const adverts = await capture.packets(
    ['vrrp.checksum.status', 'ip.ttl', 'ipv6.hlim', 'ip.dsfield', 'ipv6.tclass', 'vrrp.virt_rtr_id'],
    'vrrp',
  );
  assert.ok(adverts.length >= 2);
  for (const advert of adverts) {
    assert.equal(advert['vrrp.checksum.status'], '1');
    assert.equal(`${advert['ip.ttl']}${advert['ipv6.hlim']}`, '255');
    assert.equal(Number(`${advert['ip.dsfield']}${advert['ipv6.tclass']}`), 0xc0);
  }
});

test('unicast: adverts go to the peers alone, with the configured TTL and source [keepalived: unicast_peer, unicast_ttl]', async () => {
  await using lab = await NetLab.create('engine');
  const [a, b] = await twoHosts(lab);
  await using capture = await Capture.start(b);
  await using engine = await EngineHost.start(a, [
    router({
      source: '10.0.0.18',
      unicastPeers: [{ address: '10.0.0.28', minTtl: 0, maxTtl: 255 }],
      unicastTtl: 64,
      startActive: true,
    }),
  ]);
  await engine.waitForState('active');
  await capture.waitForLine(/10\.0\.0\.18 > 10\.0\.0\.28: .*vrid 51/);
  const destinations = (await capture.packets(['ip.dst', 'ip.ttl'], 'vrrp')).map(
    (p) => `${p['ip.dst']} ${p['ip.ttl']}`,
  );
  assert.deepEqual([...new Set(destinations)], ['10.0.0.28 64']);
});

test('mcast_src_ip is what adverts come from, even when no interface has it [keepalived: mcast_src_ip]', async () => {
  await using lab = await NetLab.create('engine');
  const [a, b] = await twoHosts(lab);
  await using capture = await Capture.start(b);
  await using engine = await EngineHost.start(a, [router({ source: '10.0.77.7', startActive: true })]);
  await capture.waitForLine(/10\.0\.77\.7 > 224\.0\.0\.18: .*vrid 51/);
  assert.equal(engine.status().source, '10.0.77.7');
});

test('addresses get every option that was asked for [keepalived: virtual_ipaddress]', async () => {
  await using lab = await NetLab.create('engine');
  const [a] = await twoHosts(lab);
  await using engine = await EngineHost.start(a, [
    router({
      startActive: true,
      addresses: [
        { address: '10.9.0.1/24', dev: 'eth0', scope: 253, label: 'eth0:x', broadcast: '10.9.0.255' },
        { address: '10.9.1.1/32', dev: 'eth0', peer: '10.9.1.2', noprefixroute: true },
      ],
      excludedAddresses: [{ address: 'fd09::1/128', dev: 'eth0', preferredLifetimeS: 0, home: true }],
    }),
  ]);
  await engine.waitForState('active');
  await a.waitForAddress('fd09::1');
  const shown = await a.ip('-o', 'address', 'show', 'dev', 'eth0');
  assert.match(shown, /inet 10\.9\.0\.1\/24 brd 10\.9\.0\.255 scope link (proto 0x12 )?eth0:x/);
  assert.match(shown, /inet 10\.9\.1\.1 peer 10\.9\.1\.2\/32 scope global (proto 0x12 )?noprefixroute eth0/);
  for (const flag of ['nodad', 'home', 'deprecated'])
    assert.match(shown, new RegExp(`inet6 fd09::1/128 scope global .*\\b${flag}\\b`));
  await engine.stop();
  assert.doesNotMatch(await a.ip('-o', 'address', 'show', 'dev', 'eth0'), /10\.9\.|fd09/);
});

test('addresses that an unclean end left behind go before the router runs; those of others stay', async () => {
  await using lab = await NetLab.create('engine');
  const [a] = await twoHosts(lab);
  await a.ip('address', 'add', '10.0.0.100/24', 'dev', 'eth0');
  await a.ip('address', 'add', '10.0.1.101/24', 'dev', 'eth0');
  await using engine = await EngineHost.start(a, [router({ advertIntervalUs: 10_000_000 })]);
  const removed = await engine.waitFor('address', (event) => event.what === 'stale-removed');
  assert.equal(removed.address, '10.0.0.100/24');
  assert.equal(await a.hasAddress('10.0.0.100'), false);
  await engine.stop();
  assert.equal(await a.hasAddress('10.0.1.101'), true);
});

test('a router that resumes its mastership keeps the addresses that it left behind', async () => {
  await using lab = await NetLab.create('engine');
  const [a] = await twoHosts(lab);
  await a.ip('address', 'add', '10.0.0.100/24', 'dev', 'eth0');
  const monitor = await a.monitor();
  await using engine = await EngineHost.start(a, [router({ startActive: true })]);
  await engine.waitForState('active');
  await engine.waitForInstalled(['10.0.0.100/24']);
  await engine.stop();
  await a.waitForAddress('10.0.0.100', false);
  assert.equal(
    monitor
      .text()
      .split('\n')
      .filter((line) => /Deleted .*inet 10\.0\.0\.100/.test(line)).length,
    1,
  );
});

test('mistakes in a transaction are told by name, and nothing of it is done', async () => {
  await using lab = await NetLab.create('engine');
  const [a] = await twoHosts(lab);
  await using engine = await EngineHost.start(a, [router({ name: 'WEB' })]);
  const refused = (code: string, message: RegExp) => (error: unknown) =>
    error instanceof NativeError && error.code === code && message.test(error.message);
  await assert.rejects(
    engine.engine.apply({ routers: [router({ id: 2, name: 'DB', vrid: 300 })] }),
    refused('KA_ENGINE_INVALID', /routers\[0\] \(DB\)\.vrid: expected a whole number 1\.\.255, got 300/),
  );
  await assert.rejects(
    engine.engine.apply({ routers: [router({ id: 3, vrid: 53 }), router({ id: 2, name: 'DB' })] }),
    refused('KA_ENGINE_EXISTS', /DB: VRID 51 on eth0 is used by WEB already/),
  );
  await assert.rejects(engine.engine.apply({ remove: [9] }), refused('KA_ENGINE_NOT_FOUND', /no router 9/));
  assert.deepEqual(
    engine.engine.status().routers.map(({ id }) => id),
    [1],
  );
});

test('a namespace that does not exist is an error at the start', async () => {
  const { Engine } = await import('../../bindings/engine.js');
  const engine = new Engine({ netns: '/run/netns/ka-there-is-none' });
  await assert.rejects(
    engine.start(),
    (error: unknown) =>
      error instanceof NativeError &&
      error.code === 'KA_ENGINE_NOT_FOUND' &&
      error.message.includes('ka-there-is-none'),
  );
  await engine.stop();
});
