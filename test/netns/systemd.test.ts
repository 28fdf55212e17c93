/** The whole daemon under a real notification socket: what systemd hears of its life. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { get } from '../../lib/control/client.js';
import { daemonNodeOptions } from '../../lib/daemon/install-service.js';
import { schemas } from '../../lib/control/schema.js';
import { kaNodeProgram, projectRoot } from '../support/daemons.js';
import { DatagramReceiver } from '../support/datagram-receiver.js';
import { startMailServer } from '../support/mail-server.js';
import { NetLab } from '../support/net-lab.js';
import { unitSandbox } from '../support/unit-sandbox.js';

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

test('what the unit leaves of root is enough: addresses, real-time priority, locked memory, scripts of other users, mail, nft', async () => {
  await using lab = await NetLab.create('unit');
  const host = await lab.host('a', [{ switch: await lab.switch('s'), addresses: ['10.0.0.1/24'] }]);
  const mail = await startMailServer(host, '127.0.0.1');
  const fifo = host.path('pipe');
  const dump = host.path('dump.txt');
  const text = (priority: number): string => `
global_defs {
  script_user root
  enable_script_security
  vrrp_rt_priority 20
  vrrp_priority -5
  vrrp_no_swap
  vrrp_notify_fifo ${fifo} nobody
  notification_email { admin@example.org }
  notification_email_from node@example.org
  smtp_server 127.0.0.1 2525
  smtp_alert
  disable_local_igmp
  state_dump_file ${dump}
}
vrrp_script chk {
  script "/usr/bin/id -un"
  user nobody nogroup
  interval 1
}
vrrp_instance VI_1 {
  interface eth0
  virtual_router_id 51
  version 3
  advert_int 0.1
  priority ${priority}
  no_accept
  track_script {
    chk
  }
  virtual_ipaddress {
    10.0.0.100/24
  }
  virtual_routes {
    192.0.2.0/24 via 10.0.0.9
  }
  notify_stop "/usr/bin/touch ${host.path('stopped')}"
}
`;
  const socket = host.path('control.sock');
  const notify = host.path('notify');
  const file = host.write('ka.conf', text(100));
  await using receiver = await DatagramReceiver.start(notify);
  // As install-service writes ExecStart.
  const program = [process.execPath, ...daemonNodeOptions, kaNodeProgram];
  const files = ['-f', file, '-p', host.path('p.pid'), '-r', host.path('v.pid'), '--control-socket', socket];
  const daemon = await host.start([...(await unitSandbox()), ...program, '-n', '-l', '-G', '-D', ...files], {
    env: { NOTIFY_SOCKET: notify, WATCHDOG_USEC: '1000000' },
  });
  const hears = (pattern: RegExp): Promise<void> =>
    receiver.program.waitForLines(String(pattern), () =>
      receiver.received.some((each) => pattern.test(each)),
    );
  await hears(/^READY=1/);
  await hears(/^WATCHDOG=1$/);
  await daemon.waitForLine(/Entering MASTER STATE/);
  await host.waitForAddress('10.0.0.100');
  await daemon.waitForLine(/VRRP_Script\(chk\) succeeded/);
  await mail.waitForLine(/Entering MASTER state/i);
  const answer = schemas.Status.parse(await get({ path: socket, timeoutMs: 30_000 }, '/v1/status'));
  assert.equal(answer.instances[0]?.trackers[0]?.output?.trim(), 'nobody');
  const pid = readFileSync(host.path('v.pid'), 'utf8').trim();
  const threads = await host.runOk(['ps', '-L', '-o', 'cls,rtprio', '-p', pid]);
  assert.match(threads, /^ *RR +20$/m);
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  assert.match(status, /^VmLck:\s+[1-9]/m);
  assert.match(status, /^Seccomp:\s+2$/m);
  assert.equal((await host.runOk(['stat', '-c', '%U', fifo])).trim(), 'nobody');
  // Both come a moment after the address.
  await host.waitFor('the rules of no_accept', async () =>
    (await host.runOk(['nft', 'list', 'ruleset'])).includes('10.0.0.100'),
  );
  await host.waitFor('the route', async () =>
    (await host.runOk(['ip', 'route'])).includes('192.0.2.0/24 via 10.0.0.9'),
  );

  daemon.signal('SIGUSR1');
  await host.waitFor('the data file', () => Promise.resolve(existsSync(dump)));
  host.write('ka.conf', text(120));
  daemon.signal('SIGHUP');
  await daemon.waitForLine(/Reload complete/);
  // A VRRP process that dies is started again.
  process.kill(Number(pid), 'SIGKILL');
  await daemon.waitForLine(/died: Respawning/);
  const from = daemon.lines.findIndex(({ text: line }) => line.includes('died: Respawning'));
  await daemon.waitForLine(/resumes the mastership|Entering MASTER STATE/, { from });
  assert.equal((await daemon.stop()).code, 0);
  assert.equal(await host.hasAddress('10.0.0.100'), false);
  assert.ok(existsSync(host.path('stopped')));
  const refusals = daemon.lines.filter(({ text: line }) =>
    /EPERM|EACCES|EROFS|permission|not permitted|read-only|CAP_|SIGSYS|signal 31/i.test(line),
  );
  assert.deepEqual(refusals, []);
});

/** Runs each line in a process of its own and prints what ended it: a signal, the name of an exception, or nothing. */
const trials = `import json, os, sys
for line in json.loads(sys.argv[1]):
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            exec(line)
        except BaseException as error:
            os.write(writer, type(error).__name__.encode() + b' ' + str(getattr(error, 'strerror', error)).encode())
        os._exit(0)
    os.close(writer)
    words = os.read(reader, 1000).decode()
    _, status = os.waitpid(child, 0)
    print(f'signal {os.WTERMSIG(status)}' if os.WIFSIGNALED(status) else words or 'done', flush=True)
`;

test('in the sandbox of the unit what each setting forbids fails, and the rest does not', async () => {
  await using lab = await NetLab.create('unit');
  const host = await lab.host('a');
  const call = (words: string): string => `import ctypes; ctypes.CDLL(None).${words}`;
  const file = JSON.stringify(host.write('file', ''));
  const created = JSON.stringify(host.path('new'));
  const forbidden = 'signal 31';
  const expected: readonly (readonly [line: string, result: string])[] = [
    ['import time; time.clock_settime(0, 0)', forbidden],
    ['import socket; socket.socket(40, socket.SOCK_STREAM)', forbidden],
    [call('unshare(0x40000000)'), forbidden],
    [call('setns(0, 0)'), forbidden],
    [call('sethostname(b"x", 1)'), forbidden],
    [call('klogctl(10, None, 0)'), forbidden],
    [call('personality(8)'), forbidden],
    [`os.chmod(${file}, 0o4755)`, forbidden],
    [`os.open(${created}, os.O_CREAT | os.O_WRONLY, 0o2755)`, forbidden],
    ['open("/etc/ka-node-test", "w")', 'OSError Read-only file system'],
    ['open("/usr/ka-node-test", "w")', 'OSError Read-only file system'],
    ['open("/root/ka-node-test", "w")', 'OSError Read-only file system'],
    ['assert not os.path.exists("/dev/kmsg") and os.path.exists("/dev/null")', 'done'],
    ['import socket; socket.socket()', 'done'],
    ['import threading; threading.Thread(target=int).start()', 'done'],
    [`os.open(${created}, os.O_CREAT, 0o666); assert os.stat(${created}).st_mode == 0o100600`, 'done'],
    [`os.chmod(${file}, 0o755)`, 'done'],
  ];
  const lines = JSON.stringify(expected.map(([line]) => line));
  const said = await host.runOk([...(await unitSandbox()), 'python3', '-c', trials, lines]);
  const results = said.trim().split('\n');
  assert.deepEqual(
    expected.map(([line], index) => [line, results[index]]),
    expected,
  );
});
