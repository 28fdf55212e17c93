/** The whole daemon under a real notification socket: what systemd hears of its life. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
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
