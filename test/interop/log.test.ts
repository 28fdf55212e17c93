/** The forms of log lines, held against those that Debian's keepalived writes to its console and to /dev/log. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import test from 'node:test';
import { consoleLine, syslogDatagram } from '../../lib/log/format.js';
import { logIdent } from '../../lib/log/names.js';
import { DatagramReceiver } from '../support/datagram-receiver.js';
import { startKeepalived } from '../support/daemons.js';
import { NetLab } from '../support/net-lab.js';
import { hasProgram } from '../support/program.js';

const skip = hasProgram('keepalived') ? false : 'keepalived is not installed';

const configuration = `
vrrp_instance VI_1 {
  interface eth0
  virtual_router_id 51
  advert_int 0.1
  version 3
  virtual_ipaddress { 10.0.0.100/24 }
}
`;

test('console lines have the form of keepalived', { skip }, async () => {
  await using lab = await NetLab.create('log');
  const host = await lab.host('a', [{ switch: await lab.switch('s'), addresses: ['10.0.0.1/24'] }]);
  const daemon = await startKeepalived(host, configuration);
  await daemon.waitForLine(/Entering MASTER STATE/);
  await daemon.stop();
  const lines = daemon.program.lines.filter((line) => line.stream === 'stderr');
  assert.ok(lines.length > 10);
  for (const { text } of lines) {
    const [, date = '', words = ''] = /^(.{24}): (.*)$/.exec(text) ?? [];
    const entry = { level: 'info', text: words, wallMs: Date.parse(date), ident: '', pid: 1 } as const;
    assert.equal(consoleLine(entry), `${text}\n`);
  }
});

test('syslog datagrams have the form, priority and idents of keepalived', { skip }, async () => {
  await using lab = await NetLab.create('log');
  const host = await lab.host('a', [{ switch: await lab.switch('s'), addresses: ['10.0.0.1/24'] }]);
  const socket = host.path('log/log');
  mkdirSync(host.path('log'), { recursive: true });
  await using receiver = await DatagramReceiver.start(socket);
  // A /dev of its own, whose log is our receiver.
  const script = `
    mkdir -p "$1/dev"; mount -t tmpfs none "$1/dev"
    for n in null zero urandom random; do touch "$1/dev/$n"; mount --bind "/dev/$n" "$1/dev/$n"; done
    touch "$1/dev/log"; mount --bind "$1/log" "$1/dev/log"; mount --rbind "$1/dev" /dev
    shift; exec "$@"`;
  const files = [
    '-f',
    host.write('ka.conf', configuration),
    '-p',
    host.path('p.pid'),
    '-r',
    host.path('v.pid'),
  ];
  const program = await host.start([
    ...['unshare', '-m', 'sh', '-ec', script, 'sh', host.path('log')],
    ...['keepalived', '-n', '-D', '-S', '3', ...files],
  ]);
  await receiver.program.waitForLine(/Entering MASTER STATE/);
  await program.stop();
  await receiver.program.waitForLine(/Stopped Keepalived/);
  const idents = new Set<string>();
  for (const datagram of receiver.received) {
    const [, date = '', ident = '', pid = '', words = ''] =
      /^<\d+>(.{15}) (\w+)\[(\d+)\]: (.*)$/.exec(datagram) ?? [];
    const wallMs = Date.parse(`${date} ${new Date().getFullYear()}`);
    idents.add(ident);
    const entry = { level: 'info', text: words, wallMs, ident, pid: Number(pid) } as const;
    assert.equal(syslogDatagram(entry, 19), datagram);
  }
  assert.deepEqual(idents, new Set([logIdent('parent'), logIdent('vrrp')]));
});
