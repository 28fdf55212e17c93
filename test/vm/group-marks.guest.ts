/**
 * nftables_ipvs: a group of addresses is one service of a mark. The tables of nftables and of IPVS beside keepalived's, a connection that
 * goes through both, a reload, a killed process, and the end.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import test, { after } from 'node:test';
import { comparableRuleset } from '../support/nft-ruleset.js';
import { DaemonProgram, eventually } from './daemon-program.js';
import { freshNamespace, ip, savedTable, until } from './namespaces.js';

const limitMs = 180_000;

function side(netns: string, which: 'keepalived' | 'ka-node') {
  freshNamespace(netns, ['10.8.0.1/32', '10.8.0.12/32']);
  return { netns, daemon: new DaemonProgram(netns, which, ['-C']) };
}
const theirs = side('kaM-theirs', 'keepalived');
const ours = side('kaM-ours', 'ka-node');
const sides = [theirs, ours];

after(async () => {
  for (const { netns, daemon } of sides) {
    await daemon.stop('SIGKILL');
    ip('netns', 'del', netns);
  }
});

const inside = (netns: string, ...argv: readonly string[]): string =>
  execFileSync('ip', ['netns', 'exec', netns, ...argv], { encoding: 'utf8' });
const rules = (netns: string): string =>
  comparableRuleset(inside(netns, 'nft', '-j', 'list', 'ruleset')).join('\n');

const globals =
  'global_defs {\nnftables_ipvs marks\nnftables_ipvs_priority 5\nnftables_ipvs_start_fwmark 2000\nnftables_counters\n}\n';
const group = (name: string, entries: readonly string[]): string =>
  `virtual_server_group ${name} {\n${entries.join('\n')}\n}\n`;
const virtual = (head: string, protocol: string, server: string, more = ''): string =>
  `virtual_server ${head} {\nlvs_sched rr\nlvs_method NAT\nprotocol ${protocol}\n${more}\nreal_server ${server} {\nweight 1\n}\n}\n`;
const text = (web: readonly string[] = ['10.8.0.1 80', '10.8.0.2-4 80', '10.8.1.0-9 8080']): string =>
  [
    globals,
    ...[group('web', web), group('names', ['10.8.0.1 53', '10.8.0.5 54'])],
    ...[
      group('six', ['2001:db8:8::1 443', '2001:db8:8::10-1f 443']),
      group('own', ['10.8.0.7 80', 'fwmark 7']),
    ],
    virtual('group web', 'TCP', '127.0.0.1 8081'),
    virtual('group own', 'TCP', '10.9.0.4 80'),
    virtual('group names', 'UDP', '10.9.0.2 53', 'persistence_timeout 50'),
    virtual('group names', 'TCP', '10.9.0.2 53'),
    virtual('group six', 'SCTP', '2001:db8:9::1 443'),
    virtual('10.8.0.9 80', 'TCP', '10.9.0.3 80'),
  ].join('');

test('nftables_ipvs: both tables are those of keepalived [keepalived: nftables_ipvs]', async () => {
  for (const { daemon } of sides) daemon.start(text());
  const all = ({ netns }: (typeof sides)[number]): string => `${savedTable(netns)}\n${rules(netns)}`;
  const isWhole = (): string =>
    all(theirs).includes('-a -f 2003') && rules(theirs.netns).includes('sctp_map') ? 'whole' : all(theirs);
  assert.equal(await until(isWhole, () => 'whole', limitMs), 'whole', theirs.daemon.log);
  await theirs.daemon.says('Startup complete', limitMs);
  await eventually(() => all(ours), all(theirs), limitMs, ours.daemon);
});

/** Packets that the rules of a protocol marked, as nft counts them. */
const marked = (): number =>
  Number(
    /tcp dport map @tcp_map counter packets (\d+)/.exec(inside(ours.netns, 'nft', 'list', 'ruleset'))?.[1],
  );

test('a connection to an address of the group goes through the mark to its server', async () => {
  const before = marked();
  // The server says hello to the client beside it.
  const script = `
    const { createServer, connect } = require('node:net');
    createServer((each) => each.end('hello')).listen(8081, '127.0.0.1', () => {
      connect(80, '10.8.0.1').on('data', (data) => { console.log(String(data)); process.exit(); })
        .on('error', (error) => { console.log(error.code); process.exit(); });
    });`;
  assert.equal(inside(ours.netns, process.execPath, '-e', script).trim(), 'hello', ours.daemon.log);
  assert.ok(marked() > before, 'nothing was marked');
  // The kernel adds its counters up every two seconds.
  const counted = (): string =>
    /FWM +2000 +(\d+)/.exec(inside(ours.netns, 'ipvsadm', '-Ln', '--stats', '-f', '2000'))?.[1] ?? '';
  await eventually(counted, '1', limitMs, ours.daemon);
});

test('a reload changes what changed, and counters of the rest go on', async () => {
  const before = savedTable(ours.netns);
  const counted = marked();
  await ours.daemon.reload(text(['10.8.0.1 80', '10.8.0.2-6 80', '10.8.0.12 81']), limitMs);
  const elements = (): string =>
    [
      ...inside(ours.netns, 'nft', 'list', 'map', 'ip', 'marks', 'tcp_map').matchAll(
        /([\d.-]+ \. \d+) counter/g,
      ),
    ]
      .map(([, where]) => where)
      .toSorted()
      .join(', ');
  await eventually(
    elements,
    '10.8.0.1 . 53, 10.8.0.1 . 80, 10.8.0.12 . 81, 10.8.0.2-10.8.0.6 . 80, 10.8.0.5 . 54',
    limitMs,
    ours.daemon,
  );
  assert.equal(savedTable(ours.netns), before);
  assert.ok(marked() >= counted, 'the table was made anew');
});

test('a killed process leaves both tables to the next; they go with the daemon', async () => {
  const seen = `${savedTable(ours.netns)}\n${rules(ours.netns)}`;
  const started = /Starting Healthcheck child process, pid=(\d+)/.exec(ours.daemon.log)?.[1];
  inside(ours.netns, 'nft', 'delete', 'table', 'ip6', 'marks');
  process.kill(Number(started), 'SIGKILL');
  await ours.daemon.says('Starting Healthcheck child process', limitMs, 2);
  await eventually(() => `${savedTable(ours.netns)}\n${rules(ours.netns)}`, seen, limitMs, ours.daemon);
  await ours.daemon.stop();
  assert.equal(`${savedTable(ours.netns)}${rules(ours.netns)}`, '', ours.daemon.log);
});
