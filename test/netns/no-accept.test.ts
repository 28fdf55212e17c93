/** no_accept on real packets, over crashes, and without the program that it needs. Rule by rule beside keepalived: test/interop/no-accept. */
import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync } from 'node:fs';
import test from 'node:test';

import { systemClock, type LogLevel } from '../../lib/host.js';
import { Nftables, type NftTable } from '../../lib/nftables.js';
import { startKaNode } from '../support/daemons.js';
import { NetLab, type LabHost } from '../support/net-lab.js';

function instance(vrid: number, lines: readonly string[], addresses: readonly string[]): string {
  return [
    `vrrp_instance VI_${vrid} {`,
    ...['interface eth0', `virtual_router_id ${vrid}`, 'version 3', 'priority 100', 'advert_int 0.2'],
    ...lines,
    `virtual_ipaddress {\n${addresses.join('\n')}\n}`,
    '}\n',
  ].join('\n');
}

const counting = 'global_defs {\nnftables\nnftables_counters\n}\n';

const mixed = [
  counting,
  instance(11, ['no_accept'], ['10.0.1.11/16']),
  instance(12, ['no_accept'], ['fe80::12', 'fd00::12/64']),
  instance(13, [], ['10.0.1.13/16']),
  instance(14, [], ['fe80::14', 'fd00::14/64']),
].join('\n');

async function pair(name: string): Promise<{ lab: NetLab; a: LabHost; b: LabHost }> {
  const lab = await NetLab.create(name);
  const lan = await lab.switch('lan');
  const a = await lab.host('a', [{ switch: lan, addresses: ['10.0.0.18/16', 'fd00::18/64'] }]);
  const b = await lab.host('b', [{ switch: lan, addresses: ['10.0.0.28/16', 'fd00::28/64'] }]);
  return { lab, a, b };
}

const rules = (host: LabHost): Promise<string> => host.runOk(['nft', 'list', 'ruleset']);

/** Text in the ruleset, or no more. */
async function waitForRules(host: LabHost, part: string, present = true): Promise<void> {
  await host.waitFor(
    `${part} ${present ? 'in' : 'gone from'} the rules`,
    async () => (await rules(host)).includes(part) === present,
  );
}

/** Does TCP get an answer, be it a refusal? One that is dropped gets none. */
const reach = `
  const { connect } = require('node:net');
  const [host, limit] = process.argv.slice(1);
  const socket = connect({ host, port: 8080 });
  const end = (word) => { console.log(word); process.exit(); };
  socket.on('connect', () => end('connected')).on('error', (error) => end(error.code));
  setTimeout(() => end('silence'), Number(limit));
`;

async function reached(from: LabHost, address: string, limitMs: number): Promise<string> {
  return (await from.runOk([process.execPath, '-e', reach, address, String(limitMs)])).trim();
}

test('no_accept: nobody reaches the addresses, others are reached, and neighbours find them all the same', async () => {
  const { lab, a, b } = await pair('noacc');
  await using _lab = lab;
  const server = await a.start([
    process.execPath,
    '-e',
    `require('node:net').createServer((each) => each.end()).listen(8080, '::', () => console.log('listens'))`,
  ]);
  await server.waitForLine(/listens/);
  const node = await startKaNode(a, mixed);
  for (const address of ['10.0.1.13', 'fd00::14']) {
    await a.waitForAddress(address);
    assert.equal(await reached(b, address, 60_000), 'connected', address);
  }
  for (const address of ['10.0.1.11', 'fd00::12']) {
    await waitForRules(a, address);
    assert.equal(await reached(b, address, 1000), 'silence', address);
  }
  // Dropped, and counted, but not unknown to the neighbours.
  const seen = await rules(a);
  assert.match(seen, /ip daddr @vips counter packets [1-9]\d* bytes \d+ drop/);
  assert.match(seen, /ip6 daddr @vips counter packets [1-9]\d* bytes \d+ drop/);
  const neighbours = await b.ip('neighbour', 'show');
  for (const address of ['10.0.1.11', 'fd00::12'])
    assert.match(neighbours, new RegExp(`^${address} dev eth0 lladdr`, 'm'));

  // A reload that takes it away takes the tables away.
  node.reload(mixed.replaceAll('no_accept', ''));
  await waitForRules(a, 'table', false);
  assert.equal(await reached(b, '10.0.1.11', 60_000), 'connected');
});

test('no_accept: a VRRP process that is killed leaves the rules to the next, the whole daemon to the next start', async () => {
  const { lab, a } = await pair('noacck');
  await using _lab = lab;
  const text = counting + instance(11, ['no_accept'], ['10.0.1.11/16']);
  const node = await startKaNode(a, text);
  await waitForRules(a, '10.0.1.11');
  const { text: told } = await node.waitForLine(/Starting VRRP child process, pid=/);
  const killed = Number(/pid=(\d+)/.exec(told)?.[1]);
  const from = node.program.lines.length;
  process.kill(killed, 'SIGKILL');
  await node.waitForLine(/\(VI_11\) Entering MASTER STATE/, { from });
  await waitForRules(a, '10.0.1.11');

  // Somebody's hand: the next change finds another table than it left, and makes it anew.
  await a.runOk(['nft', 'delete', 'table', 'ip', 'keepalived']);
  node.reload(text.replace('10.0.1.11/16', '10.0.1.11/16\n10.0.1.12/16'));
  await waitForRules(a, '10.0.1.12');

  await node.crash();
  assert.match(await rules(a), /10\.0\.1\.12/);
  const next = await startKaNode(a, text.replace('priority 100', 'priority 100\npreempt_delay 1000'));
  await next.waitForLine(/\(VI_11\) Entering BACKUP STATE/);
  await waitForRules(a, '10.0.1.12', false);
  await next.stop();
  assert.equal(await rules(a), '');
});

const nftText = 'set vips { type ipv4_addr; }\nchain in {\nip daddr @vips drop\n}';
const vips = (...elements: readonly string[]): NftTable => ({
  family: 'ip',
  name: 't',
  body: nftText,
  elements: new Map([['vips', elements]]),
});

test('nftables: without the program, and with a table that nft refuses, one clear line; it works again by itself', async () => {
  const { lab, a } = await pair('nonft');
  await using _lab = lab;
  const lines: string[] = [];
  const logger = { log: (level: LogLevel, line: string) => void lines.push(`${level}: ${line}`) };
  const netns = `/run/netns/${a.namespace}`;
  const nftables = new Nftables({
    host: { clock: systemClock, logger },
    netns,
    without: 'nothing is dropped',
  });
  const want = async (...tables: readonly NftTable[]): Promise<void> => {
    nftables.want('t', tables);
    await nftables.settled();
  };
  // A PATH with everything but nft.
  mkdirSync(a.path('bin'), { recursive: true });
  symlinkSync('/usr/bin/nsenter', a.path('bin/nsenter'));
  const path = process.env['PATH'];
  process.env['PATH'] = a.path('bin');
  try {
    await want(vips('10.0.1.1'));
    await want(vips('10.0.1.2'));
  } finally {
    process.env['PATH'] = path;
  }
  const missing = 'error: nftables: nothing is dropped: the program nft is missing (package nftables)';
  assert.deepEqual(lines, [missing]);
  await want(vips('10.0.1.2'));
  assert.match(await rules(a), /elements = \{ 10\.0\.1\.2 \}/);
  await want({ ...vips(), body: 'chain in {\nno such rule\n}' });
  assert.match(
    lines[1] ?? '',
    /^error: nftables: nothing is dropped: nft exited with status 1: .*(no such rule|syntax error)/,
  );
  await want(vips('10.0.1.3', '10.0.1.4'));
  await want(vips('10.0.1.4', '10.0.1.5'));
  assert.match(await rules(a), /elements = \{ 10\.0\.1\.4, 10\.0\.1\.5 \}/);
  await want();
  assert.equal(await rules(a), '');
  assert.equal(lines.length, 2, lines.join('\n'));
});
