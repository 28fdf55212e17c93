/** Where the checks of every kind go and come from: from the keyword in the file to what the checked server sees of it. */
import assert from 'node:assert/strict';
import test from 'node:test';

import type { Check } from '../../../lib/checkers/checker.js';
import { createCheck } from '../../../lib/checkers/create.js';
import { parseConfig } from '../../../lib/config/load.js';
import { checkLab } from '../../support/check-lab.js';
import { attempt } from '../../support/check-rig.js';

const { context, director, server } = await checkLab(2);

/** An address of the server that both cables lead to: by eth0, unless something says eth1. */
const target = '10.9.0.1';
await server.ip('address', 'add', `${target}/32`, 'dev', 'lo');
await director.ip('route', 'add', target, 'via', '10.7.0.2', 'metric', '1');
await director.ip('route', 'add', target, 'via', '10.8.0.2', 'metric', '2');
await director.ip('route', 'add', target, 'via', '10.8.0.2', 'table', '100');
await director.ip('rule', 'add', 'fwmark', '7', 'table', '100');

/** Says of each connection and datagram where it came from, as accept(2) tells it: a check may have reset it by then. */
const peer = await server.start([
  'python3',
  '-uc',
  `import selectors, socket
place = ('${target}', 7000)
tcp, udp = socket.create_server(place), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(place)
selector = selectors.DefaultSelector()
for each in tcp, udp: selector.register(each, selectors.EVENT_READ)
print('ready')
while True:
    for key, _ in selector.select():
        if key.fileobj is udp: _, peer = udp.recvfrom(4096)
        else:
            connection, peer = tcp.accept()
            connection.close()
        print('from %s:%d' % peer)`,
]);
await peer.waitForLine(/^ready$/);

/** The checker of a real server that nobody could reach but by connect_ip. */
function fromText(kind: string, options: string): Check {
  const text = `virtual_server 10.0.0.1 80 {\nreal_server 192.0.2.1 80 {\n${kind} {\n${options}\n}\n}\n}\n`;
  const { model, diagnostics } = parseConfig({ text, name: 'test.conf' }, { mode: 'daemon' });
  const config = model?.virtualServer[0]?.realServer[0]?.checkers[0];
  assert.ok(config !== undefined, JSON.stringify(diagnostics.map(({ message }) => message)));
  assert.ok(config.kind !== 'FILE_CHECK' && config.kind !== 'BFD_CHECK');
  const check = createCheck(config, context, { ssl: undefined, command: () => undefined });
  assert.ok(check !== undefined);
  return check;
}

const kinds: Readonly<Record<string, string>> = {
  TCP_CHECK: '',
  HTTP_GET: 'url {\npath /\n}\n',
  SSL_GET: 'url {\npath /\n}\n',
  SMTP_CHECK: '',
  DNS_CHECK: '',
  UDP_CHECK: '',
};
const there = `connect_ip ${target}\nconnect_port 7000\nconnect_timeout 0.5\n`;

/** One attempt; what the server saw of it. */
async function seen(kind: string, options: string): Promise<string> {
  const from = peer.lines.length;
  const outcome = await attempt(fromText(kind, there + (kinds[kind] ?? '') + options));
  assert.notEqual(outcome.kind, 'postponed', JSON.stringify(outcome));
  return (await peer.waitForLine(/^from /, { from })).text;
}

for (const kind of Object.keys(kinds))
  test(`${kind}: connect_ip, connect_port, bindto, bind_port, bind_if, fwmark`, async () => {
    assert.match(await seen(kind, ''), /^from 10\.7\.0\.1:\d+$/);
    assert.equal(await seen(kind, 'bindto 10.7.0.11\nbind_port 5555'), 'from 10.7.0.11:5555');
    assert.equal(await seen(kind, 'bind_port 5556'), 'from 10.7.0.1:5556');
    assert.match(await seen(kind, 'bind_if eth1'), /^from 10\.8\.0\.1:\d+$/);
    assert.match(await seen(kind, 'fwmark 7'), /^from 10\.8\.0\.1:\d+$/);
  });

test('PING_CHECK: connect_ip, bindto, bind_if, fwmark', async () => {
  const sources = ['10.7.0.1', '10.7.0.11', '10.8.0.1'];
  await server.runOk([
    'nft',
    `add table ip seen; add chain ip seen in { type filter hook input priority 0; }; ${sources
      .map((source) => `add rule ip seen in ip saddr ${source} icmp type echo-request counter`)
      .join('; ')}`,
  ]);
  const counts = async (): Promise<number[]> => {
    const text = await server.runOk(['nft', 'list', 'table', 'ip', 'seen']);
    return [...text.matchAll(/packets (\d+)/g)].map(([, count]) => Number(count));
  };
  for (const [options, expected] of [
    ['', [1, 0, 0]],
    ['bindto 10.7.0.11', [1, 1, 0]],
    ['bind_if eth1', [1, 1, 1]],
    ['fwmark 7', [1, 1, 2]],
  ] as const) {
    const outcome = await attempt(
      fromText('PING_CHECK', `connect_ip ${target}\nconnect_timeout 10\n${options}`),
    );
    assert.equal(outcome.kind, 'success', `${options}: ${JSON.stringify(outcome)}`);
    assert.deepEqual(await counts(), expected, options);
  }
});
