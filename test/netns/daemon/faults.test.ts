/** What can go wrong on a real machine, and what the daemon says and does then. */
import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { Capture } from '../../support/capture.js';
import { projectRoot, startKaNode } from '../../support/daemons.js';
import { exampleLab, vip } from '../../support/examples.js';
import { Stalls } from '../../support/stalls.js';

const program = join(projectRoot, 'bin/ka-node');
const flood = join(projectRoot, 'test/netns/flood.py');

function instance(name: string, more = '', device = 'eth0', vrid = 6): string {
  return `
vrrp_instance ${name} {
  interface ${device}
  virtual_router_id ${vrid}
  version 3
  priority 100
  advert_int 0.1
  ${more}
  virtual_ipaddress {
    10.0.0.100/24 dev ${device}
  }
}
`;
}

const secure = 'global_defs {\n  script_user root\n  enable_script_security\n}\n';

test('no configuration file: the name is said, exit status 6 [keepalived: exit codes]', async () => {
  await using lab = await exampleLab('none');
  const { code, stderr } = await lab.ka1.run([
    program,
    '-n',
    '-l',
    '-G',
    '-f',
    '/no/such.conf',
    '-p',
    lab.ka1.path('p'),
  ]);
  assert.equal(code, 6);
  assert.match(stderr, /Config files missing '\/no\/such\.conf'\./);
});

test('an unknown interface is pointed at and ends the daemon with status 2, as keepalived', async () => {
  await using lab = await exampleLab('unkn');
  const file = lab.ka1.write('x.conf', instance('WEB', '', 'eth7'));
  const { code, stderr } = await lab.ka1.run([
    program,
    '-n',
    '-l',
    '-G',
    '-f',
    file,
    '-p',
    lab.ka1.path('p'),
  ]);
  assert.equal(code, 2);
  assert.match(stderr, /x\.conf:3:13: error KA\d+: the interface eth7 does not exist/);
});

test('an unknown interface is waited for with dynamic_interfaces', async () => {
  await using lab = await exampleLab('dyn');
  const { ka1 } = lab;
  const daemon = await startKaNode(
    ka1,
    `global_defs {\n  dynamic_interfaces\n}\n${instance('WEB', '', 'eth7')}`,
  );
  await daemon.waitForLine(/\(WEB\) entering FAULT state \(interface eth7 down\)/);
  await ka1.ip('link', 'add', 'eth7', 'type', 'veth', 'peer', 'name', 'eth8');
  await ka1.ip('address', 'add', '10.7.0.1/24', 'dev', 'eth7');
  await ka1.ip('link', 'set', 'eth8', 'up');
  await ka1.ip('link', 'set', 'eth7', 'up');
  await ka1.waitForAddress(vip);
  const from = daemon.program.lines.length;
  await ka1.ip('link', 'del', 'eth7');
  await daemon.waitForLine(/\(WEB\) Entering FAULT STATE/, { from });
  await ka1.ip('link', 'add', 'eth7', 'type', 'veth', 'peer', 'name', 'eth8');
  await ka1.ip('address', 'add', '10.7.0.1/24', 'dev', 'eth7');
  await ka1.ip('link', 'set', 'eth8', 'up');
  await ka1.ip('link', 'set', 'eth7', 'up');
  await ka1.waitForAddress(vip);
});

test('a VRID used twice on an interface: both places are shown, status 2', async () => {
  await using lab = await exampleLab('dup');
  const file = lab.ka1.write('x.conf', instance('A') + instance('B').replace('.100/', '.101/'));
  const { code, stderr } = await lab.ka1.run([
    program,
    '-n',
    '-l',
    '-G',
    '-f',
    file,
    '-p',
    lab.ka1.path('p'),
  ]);
  assert.equal(code, 2);
  assert.match(stderr, /x\.conf:16:\d+: error KA\d+: B and A both use VRID 6/);
  assert.match(stderr, /A uses it here: .*x\.conf:4:/);
});

test('without permission it says which capability is missing, status 4', async () => {
  await using lab = await exampleLab('perm');
  const { ka1 } = lab;
  const file = ka1.write('x.conf', instance('WEB'));
  // Still root, who may read the checkout wherever it is.
  const without = ['setpriv', '--inh-caps=-net_admin,-net_raw', '--bounding-set=-net_admin,-net_raw'];
  const args = ['-n', '-l', '-G', '-f', file, '-p', ka1.path('p'), '-r', ka1.path('r')];
  const { code, stderr } = await ka1.run([...without, process.execPath, program, ...args]);
  assert.equal(code, 4, stderr);
  assert.match(stderr, /CAP_NET_RAW is missing.*Run it as root, or give it CAP_NET_ADMIN and CAP_NET_RAW/);
});

test('a hanging script is killed at its limit, counts as failed, and delays nothing', async () => {
  await using lab = await exampleLab('hang');
  const { ka1 } = lab;
  const script = ka1.write(
    'hang.sh',
    '#!/bin/sh\ntrap "" TERM\nsleep 600 &\nwhile :; do sleep 0.1; done\n',
    0o755,
  );
  const text = `${secure}vrrp_script hang {\n  script "${script}"\n  interval 1\n  weight -50\n}\n`;
  const daemon = await startKaNode(ka1, text + instance('WEB', 'track_script {\n    hang\n  }'));
  await daemon.waitForLine(/\(WEB\) Entering MASTER STATE/);
  await daemon.waitForLine(/VRRP_Script\(hang\) timed_out/);
  await daemon.waitForLine(/\(WEB\) Changing effective priority from 100 to 50/);
  await daemon.waitForLine(/Track script hang is being timed out, expect idle - skipping run/);
  await daemon.stop();
});

test('a script that is not safe to run: the log says why, who goes without it, and how to mend it', async () => {
  await using lab = await exampleLab('unsafe');
  const { ka1 } = lab;
  const script = ka1.write('check.sh', '#!/bin/sh\nexit 1\n', 0o777);
  await ka1.runOk(['chmod', '777', script]);
  const text = `${secure}vrrp_script check {\n  script "${script}"\n  interval 1\n}\n`;
  const daemon = await startKaNode(ka1, text + instance('WEB', 'track_script {\n    check\n  }'));
  await daemon.waitForLine(/has mode 0777; mend it with: chmod go-w /);
  await daemon.waitForLine(/\(WEB\) DEGRADED: track script check cannot run/);
  await daemon.waitForLine(/\(WEB\) Entering MASTER STATE/);
});

test('a script of weight 0 that writes a megabyte each time holds the router until its first result and in fault while it fails', async () => {
  await using lab = await exampleLab('w0');
  const { ka1 } = lab;
  const flag = ka1.path('good');
  const script = ka1.write('check.sh', `#!/bin/sh\nhead -c 1048576 /dev/zero\ntest -e ${flag}\n`, 0o755);
  const text = `${secure}vrrp_script check {\n  script "${script}"\n  interval 1\n}\n`;
  const daemon = await startKaNode(ka1, text + instance('WEB', 'track_script {\n    check\n  }'));
  await daemon.waitForLine(/\(WEB\) entering FAULT state \(due to script check\)/);
  assert.equal(await ka1.hasAddress(vip), false);
  ka1.write('good', '');
  await ka1.waitForAddress(vip);
  await daemon.waitForLine(/VRRP_Script\(check\) succeeded/);
  await ka1.runOk(['rm', flag]);
  await ka1.waitForAddress(vip, false);
  await daemon.waitForLine(/\(WEB\) sent 0 priority/);
});

test('a firewall that drops adverts on output is said, with where to look, and when it is over', async () => {
  await using lab = await exampleLab('fw');
  const { ka1 } = lab;
  const daemon = await startKaNode(ka1, instance('WEB'));
  await ka1.waitForAddress(vip);
  await ka1.runOk([
    'nft',
    'add table ip t; add chain ip t o { type filter hook output priority 0; }; add rule ip t o ip protocol 112 drop',
  ]);
  await daemon.waitForLine(/\(WEB\) adverts to 224\.0\.0\.18 are not leaving: EPERM.*drops protocol 112/);
  await ka1.runOk(['nft', 'delete table ip t']);
  await daemon.waitForLine(/\(WEB\) adverts to 224\.0\.0\.18 are leaving again/);
});

test('an interface that is deleted and created again: the log says both, and the address returns', async () => {
  await using lab = await exampleLab('gone');
  const { ka1 } = lab;
  const create = [
    'link add net9 type veth peer name far9',
    'link set far9 up',
    'link set net9 up',
    'address add 10.0.9.1/24 dev net9',
  ];
  const batch = { input: `${create.join('\n')}\n` };
  await ka1.runOk(['ip', '-batch', '-'], batch);
  const daemon = await startKaNode(ka1, instance('WEB', '', 'net9'));
  await ka1.waitForAddress(vip);
  let from = daemon.program.lines.length;
  await ka1.ip('link', 'del', 'net9');
  await daemon.waitForLine(/Netlink reports net9 deleted/, { from });
  await daemon.waitForLine(/\(WEB\) Entering FAULT STATE/, { from });
  from = daemon.program.lines.length;
  await ka1.runOk(['ip', '-batch', '-'], batch);
  await daemon.waitForLine(/Netlink reports net9 up/, { from });
  await daemon.waitForLine(/\(WEB\) Entering MASTER STATE/, { from });
  await ka1.waitForAddress(vip);
});

test('a flood of adverts that are not right: the log names sender and reason, and stays short', async () => {
  await using lab = await exampleLab('flood');
  const { ka1, ka2 } = lab;
  const daemon = await startKaNode(ka1, instance('WEB'));
  await ka1.waitForAddress(vip);
  await using attacker = await ka2.start(['python3', flood, '10.0.0.28', '6']);
  await daemon.waitForLine(/\(WEB\) dropped advert from 10\.0\.0\.28: wrong VRRP version/);
  await daemon.waitForLine(/\(WEB\) dropped advert from 10\.0\.0\.28: its length/);
  await attacker.stop();
  const { lines } = daemon.program;
  const dropped = lines.filter(({ text }) => text.includes('dropped advert'));
  assert.ok(dropped.length < 20, `${dropped.length} lines`);
  assert.equal(lines.filter(({ text }) => text.includes('Entering BACKUP STATE')).length, 1);
  assert.equal(await ka1.hasAddress(vip), true);
});

test('an address that someone else deletes is put back, without leaving MASTER', async () => {
  await using lab = await exampleLab('del');
  const { ka1 } = lab;
  const daemon = await startKaNode(ka1, instance('WEB'));
  await ka1.waitForAddress(vip);
  const from = daemon.program.lines.length;
  await ka1.ip('address', 'del', `${vip}/24`, 'dev', 'eth0');
  await daemon.waitForLine(/Netlink reflector reports IP 10\.0\.0\.100\/24 removed from eth0/);
  await ka1.waitForAddress(vip);
  assert.equal(
    daemon.program.lines.slice(from).some(({ text }) => text.includes('Entering')),
    false,
  );
});

test('track_file and track_process move the priority', async () => {
  await using lab = await exampleLab('tfp');
  const { ka1 } = lab;
  const number = ka1.write('number', '0\n');
  const tracked = `track_file n {\n  file ${number}\n}\nvrrp_track_process p {\n  process ka-test-daemon\n}\n`;
  const lists = 'track_file {\n    n weight -2\n  }\n  track_process {\n    p weight 20\n  }';
  const daemon = await startKaNode(ka1, tracked + instance('WEB', lists));
  await ka1.waitForAddress(vip);
  ka1.write('number', '5\n');
  await daemon.waitForLine(/\(WEB\) Changing effective priority from 100 to 90/);
  await ka1.runOk(['cp', '/bin/sleep', ka1.path('ka-test-daemon')]);
  const service = await ka1.start([ka1.path('ka-test-daemon'), '600']);
  await daemon.waitForLine(/Quorum gained for tracked process p/);
  await daemon.waitForLine(/\(WEB\) Changing effective priority from 90 to 110/);
  await service.stop();
  await daemon.waitForLine(/Quorum lost for tracked process p/);
  ka1.write('number', '200\n');
  await daemon.waitForLine(/\(WEB\) entering FAULT state \(due to file n\)/);
  await ka1.waitForAddress(vip, false);
});

test('255 instances at one instant are no reason to die, also with real-time priority', async () => {
  await using lab = await exampleLab('rttime');
  const instances = Array.from(
    { length: 255 },
    (_, index) => `vrrp_instance I${index + 1} {
  interface eth0
  state MASTER
  priority 255
  virtual_router_id ${index + 1}
  version 3
  virtual_ipaddress {
    10.1.${index + 1}.1/32
  }
}
`,
  );
  // The limit: 1 ms, which the kernel looks at with each of its ticks.
  const settings = 'global_defs {\n  vrrp_rt_priority 50\n  vrrp_rlimit_rttime 1000\n}\n';
  await using daemon = await startKaNode(lab.ka1, settings + instances.join(''));
  for (const index of instances.keys())
    await daemon.waitForLine(new RegExp(`\\(I${index + 1}\\) Entering MASTER STATE`), { timeoutMs: 60_000 });
  assert.doesNotMatch(daemon.program.lines.map(({ text }) => text).join('\n'), /died|exited due to signal/);
});

test('a full disk and a console that nobody reads cost log lines, counted, and no advert', async () => {
  await using lab = await exampleLab('full');
  const { ka1, client } = lab;
  const number = ka1.write('number', '0\n');
  const tracked = `track_file n {\n  file ${number}\n  weight 1\n}\n`;
  // Other programs of a busy machine are not to delay what is measured.
  const unhindered = 'global_defs {\n  vrrp_rt_priority 20\n}\n';
  const file = ka1.write('x.conf', unhindered + tracked + instance('WEB', 'track_file {\n    n\n  }'));
  const disk = ka1.path('disk');
  await ka1.runOk(['mkdir', disk]);
  await ka1.runOk(['mkfifo', ka1.path('console')]);
  // Its disk of a few pages and the pipe at its standard error are full before it starts.
  const setting = `mount -t tmpfs -o size=64k none ${disk}; dd if=/dev/zero of=${disk}/filler bs=1k
    exec 3<>${ka1.path('console')}; dd if=/dev/zero of=${ka1.path('console')} oflag=nonblock bs=1k; exec "$@" 2>&3`;
  const files = ['-f', file, '-p', ka1.path('p'), '-r', ka1.path('r'), `-g${disk}/ka.log`];
  const daemon = await ka1.start([
    ...['sh', '-c', setting, 'sh', program, '-n', '-l', '-G', '-D'],
    ...[...files, '--control-socket', 'none'],
  ]);
  await ka1.waitForAddress(vip);
  await using stalls = await Stalls.start();
  await using capture = await Capture.start(client, 'proto 112');
  await capture.waitForLine(/vrid 6, prio 100,/);
  const count = 20;
  for (let i = 1; i <= count; i++) {
    ka1.write('number', `${i}\n`);
    await capture.waitForLine(new RegExp(`vrid 6, prio ${100 + i},`));
  }
  // Nothing but the daemon and what it starts sees this disk.
  const seen = `/proc/${daemon.pid}/root${disk}`;
  rmSync(`${seen}/filler`);
  // It is found out with the next line.
  ka1.write('number', '0\n');
  const log = (): string => readFileSync(`${seen}/ka_vrrp.log`, 'utf8');
  await ka1.waitFor('the count of lines', () => Promise.resolve(/ log lines to .* were lost/.test(log())));
  const lost = Number(/: (\d+) log lines to \S*\/disk\/ka_vrrp\.log were lost\n/.exec(log())?.[1]);
  assert.ok(lost >= count, log());
  await daemon.stop();
  await capture.stop();
  const owedS = await stalls.end();
  const packets = await capture.packets(['frame.time_epoch', 'vrrp.prio'], 'vrrp.virt_rtr_id == 6');
  const times = packets
    .filter((packet) => packet['vrrp.prio'] !== '0')
    .map((packet) => Number(packet['frame.time_epoch']));
  const gapS = Math.max(...times.slice(1).map((time, index) => time - (times[index] ?? 0)));
  assert.ok(times.length >= count && gapS < 0.15 + owedS, `a gap of ${gapS} s, the machine owed ${owedS} s`);
});
