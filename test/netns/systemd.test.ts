/** The whole daemon under a real notification socket: what systemd hears of its life. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { get } from '../../lib/control/client.js';
import { schemas } from '../../lib/control/schema.js';
import { projectRoot } from '../support/daemons.js';
import { DatagramReceiver } from '../support/datagram-receiver.js';
import { NetLab } from '../support/net-lab.js';

const configuration = `
vrrp_instance VI_1 {
  interface eth0
  virtual_router_id 51
  version 3
  advert_int 0.1
  virtual_ipaddress { 10.0.0.100/24 }
}
`;

test('systemd hears of start, states, reload, the watchdog and the end', async () => {
  await using lab = await NetLab.create('systemd');
  const host = await lab.host('a', [{ switch: await lab.switch('s'), addresses: ['10.0.0.1/24'] }]);
  mkdirSync(host.path(''), { recursive: true });
  const socket = host.path('notify');
  await using receiver = await DatagramReceiver.start(socket);
  const hears = async (pattern: RegExp): Promise<void> =>
    receiver.program.waitForLines(String(pattern), () =>
      receiver.received.some((text) => pattern.test(text)),
    );
  const files = [
    '-f',
    host.write('ka.conf', configuration),
    '-p',
    host.path('p.pid'),
    '-r',
    host.path('v.pid'),
  ];
  const daemon = await host.start(
    [process.execPath, join(projectRoot, 'bin/ka-node'), '-n', '-l', '-G', ...files],
    { env: { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '100000' } },
  );
  await hears(/^READY=1\nMAINPID=\d+\nSTATUS=1 VRRP instance: 1 \w+$/);
  await hears(/^STATUS=1 VRRP instance: 1 MASTER$/);
  await hears(/^WATCHDOG=1$/);
  const ready = (): number => receiver.received.filter((text) => text.startsWith('READY=1')).length;
  daemon.signal('SIGHUP');
  await hears(/^RELOADING=1\nMONOTONIC_USEC=\d+\nSTATUS=Reloading$/);
  await receiver.program.waitForLines('ready again', () => ready() === 2);
  assert.equal((await daemon.stop()).code, 0);
  await hears(/^STOPPING=1\nSTATUS=Stopping$/);
});

test('systemd hears why the daemon does not start', async () => {
  await using lab = await NetLab.create('systemd');
  const host = await lab.host('a');
  mkdirSync(host.path(''), { recursive: true });
  const socket = host.path('notify');
  await using receiver = await DatagramReceiver.start(socket);
  const daemon = await host.start(
    [
      process.execPath,
      join(projectRoot, 'bin/ka-node'),
      '-n',
      '-G',
      '-f',
      host.path('none.conf'),
      '-p',
      host.path('p.pid'),
    ],
    { env: { NOTIFY_SOCKET: socket } },
  );
  const [text] = await receiver.waitFor(1);
  assert.match(text ?? '', /^ERRNO=22\nSTATUS=Config files missing '.*none\.conf'\.$/);
  assert.equal((await daemon.exited).code, 6);
});

test('what the unit leaves of root is enough: addresses, real-time priority, locked memory, scripts of other users', async () => {
  await using lab = await NetLab.create('unit');
  const host = await lab.host('a', [{ switch: await lab.switch('s'), addresses: ['10.0.0.1/24'] }]);
  const unit = readFileSync(join(projectRoot, 'share/ka-node.service'), 'utf8');
  const names = /^CapabilityBoundingSet=(.*)$/m.exec(unit)?.[1]?.split(' ') ?? [];
  assert.ok(names.includes('CAP_NET_ADMIN'));
  const set = ['-all', ...names.map((name) => name.replace('CAP_', '+').toLowerCase())].join(',');
  const fifo = host.path('pipe');
  const text = `
global_defs {
  script_user root
  enable_script_security
  vrrp_rt_priority 20
  vrrp_no_swap
  vrrp_notify_fifo ${fifo} nobody
}
vrrp_script chk {
  script "/usr/bin/id -un"
  user nobody nogroup
  interval 1
}
${configuration.replace('virtual_ipaddress', 'track_script {\n    chk\n  }\n  virtual_ipaddress')}`;
  const socket = host.path('control.sock');
  const daemon = await host.start([
    ...['setpriv', '--no-new-privs', `--bounding-set=${set}`, `--inh-caps=${set}`],
    ...[
      process.execPath,
      join(projectRoot, 'bin/ka-node'),
      '-n',
      '-l',
      '-G',
      '-D',
      '-f',
      host.write('ka.conf', text),
    ],
    ...['-p', host.path('p.pid'), '-r', host.path('v.pid'), '--control-socket', socket],
  ]);
  await daemon.waitForLine(/Entering MASTER STATE/);
  await host.waitForAddress('10.0.0.100');
  await daemon.waitForLine(/VRRP_Script\(chk\) succeeded/);
  const { instances } = schemas.Status.parse(await get({ path: socket, timeoutMs: 30_000 }, '/v1/status'));
  assert.equal(instances[0]?.trackers[0]?.output?.trim(), 'nobody');
  const pid = readFileSync(host.path('v.pid'), 'utf8').trim();
  const threads = await host.runOk(['ps', '-L', '-o', 'cls,rtprio', '-p', pid]);
  assert.match(threads, /^ *RR +20$/m);
  assert.match(readFileSync(`/proc/${pid}/status`, 'utf8'), /^VmLck:\s+[1-9]/m);
  assert.equal((await host.runOk(['stat', '-c', '%U', fifo])).trim(), 'nobody');
  assert.equal((await daemon.stop()).code, 0);
  assert.equal(await host.hasAddress('10.0.0.100'), false);
  const refusals = daemon.lines.filter(({ text: line }) =>
    /EPERM|EACCES|permission|not permitted|CAP_/i.test(line),
  );
  assert.deepEqual(refusals, []);
});
