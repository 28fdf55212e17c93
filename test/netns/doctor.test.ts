/** Each thing that `ka-node doctor` finds is made in a namespace, found, mended with the command it names, and found no more. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { projectRoot, startKaNode, startKeepalived } from '../support/daemons.js';
import { exampleLab, vip } from '../support/examples.js';
import type { LabHost } from '../support/net-lab.js';

const program = join(projectRoot, 'bin/ka-node');

const instance = (address = vip, priority = 100, more = ''): string => `
vrrp_instance WEB {
  interface eth0
  virtual_router_id 6
  version 3
  priority ${priority}
  advert_int 0.1
  ${more}
  virtual_ipaddress {
    ${address}/16 dev eth0
  }
}
`;

interface Found {
  readonly severity: string;
  readonly check: string;
  readonly message: string;
  readonly mend?: string;
}

interface Answer {
  readonly status: number | null;
  readonly findings: readonly Found[];
}

async function examine(
  host: LabHost,
  before: readonly string[],
  ...more: readonly string[]
): Promise<Answer> {
  const file = host.write('doctor.conf', instance());
  const argv = [...before, process.execPath, program, 'doctor', file, '--json', ...more];
  const { code, stdout, stderr } = await host.run(argv);
  assert.notEqual(stdout, '', stderr);
  const answer: unknown = JSON.parse(stdout);
  assert.ok(isAnswer(answer));
  return { status: code, findings: answer.findings };
}

function isAnswer(value: unknown): value is { readonly findings: readonly Found[] } {
  return typeof value === 'object' && value !== null && 'findings' in value && Array.isArray(value.findings);
}

/** Finds exactly `check`, runs its command, and finds nothing. */
async function findAndMend(host: LabHost, check: string, message: RegExp, status = 1): Promise<void> {
  const { findings, status: exit } = await examine(host, [], '--listen', '0');
  assert.deepEqual(
    findings.map((each) => each.check),
    [check],
  );
  assert.match(findings[0]?.message ?? '', message);
  assert.equal(exit, status);
  await host.runOk(['sh', '-c', findings[0]?.mend ?? 'false']);
  assert.deepEqual(await examine(host, [], '--listen', '0'), { status: 0, findings: [] });
}

test('a healthy machine: nothing is found, status 0; no configuration: status 2', async () => {
  await using lab = await exampleLab('docok');
  const { ka1 } = lab;
  const file = ka1.write('x.conf', instance());
  const { code, stdout } = await ka1.run([process.execPath, program, 'doctor', file]);
  assert.deepEqual([code, stdout], [0, 'nothing wrong was found']);
  const missing = await ka1.run([process.execPath, program, 'doctor', ka1.path('none.conf')]);
  assert.equal(missing.code, 2);
  assert.match(missing.stderr, /none\.conf cannot be used/);
});

test('missing capabilities are named, and there are none once the mends have given them', async () => {
  await using lab = await exampleLab('doccap');
  const bounded = (change: string): readonly string[] => [
    'setpriv',
    `--inh-caps=${change}`,
    `--bounding-set=${change}`,
  ];
  const without = bounded('-net_admin,-net_raw');
  const { findings, status } = await examine(lab.ka1, without);
  const capabilities = findings.filter(({ check }) => check === 'capabilities');
  assert.deepEqual(
    capabilities.map(({ message }) => message),
    [
      'CAP_NET_RAW is missing here: adverts cannot be sent',
      'CAP_NET_ADMIN is missing here: addresses cannot be moved',
    ],
  );
  assert.ok(findings.some(({ check, message }) => check === 'adverts' && message.includes('packet socket')));
  assert.equal(status, 1);
  // What docker does with the words of the mends: these besides those that a container has.
  const added = capabilities.map(
    ({ mend }) => /^docker run --cap-add ([A-Z_]+) \.\.\.$/.exec(mend ?? '')?.[1],
  );
  const container = [
    'chown',
    'dac_override',
    'fowner',
    'kill',
    'setgid',
    'setuid',
    'net_bind_service',
    'sys_admin',
  ];
  const set = [
    '-all',
    ...container.map((name) => `+${name}`),
    ...added.map((name) => `+${name?.toLowerCase() ?? ''}`),
  ];
  const after = await examine(lab.ka1, bounded(set.join(',')), '--listen', '0');
  assert.deepEqual(after, { status: 0, findings: [] });
});

test('a firewall that drops adverts is found by rule, by policy and behind a jump', async () => {
  await using lab = await exampleLab('docfw');
  const { ka1 } = lab;
  const nft = (rules: string): Promise<string> => ka1.runOk(['nft', rules]);
  await nft(
    'add table ip t; add chain ip t o { type filter hook output priority 0; }; add rule ip t o ip protocol 112 drop',
  );
  await findAndMend(ka1, 'firewall', /^eth0: adverts of this machine do not leave: rule \d+ of chain o /);
  await nft(
    'flush ruleset; add table inet f; add chain inet f i { type filter hook input priority 0; policy drop; }; ' +
      'add rule inet f i ct state established,related accept; add rule inet f i meta l4proto { tcp, udp } accept; ' +
      'add rule inet f i iif lo accept',
  );
  await findAndMend(ka1, 'firewall', /^eth0: peers' adverts do not arrive: policy drop of chain i /);
  await nft(
    'flush ruleset; add table inet f; add chain inet f mc; add rule inet f mc reject; ' +
      'add chain inet f i { type filter hook input priority 0; }; ' +
      'add rule inet f i iifname "eth*" ip daddr 224.0.0.0/24 jump mc',
  );
  await findAndMend(ka1, 'firewall', /rule \d+ of chain mc .*drops protocol 112 on input/);
  await nft(
    'flush ruleset; add table inet f; add chain inet f i { type filter hook input priority 0; policy drop; }; ' +
      'add rule inet f i ip protocol 112 limit rate 5/second accept',
  );
  await findAndMend(ka1, 'firewall', /unless a rule before it lets them through$/, 0);
});

test('rp_filter and arp_ignore are found where they do harm', async () => {
  await using lab = await exampleLab('docsys');
  const { ka1 } = lab;
  const set = (name: string): Promise<string> => ka1.runOk(['sysctl', '-qw', `net.ipv4.conf.${name}`]);
  await set('all.rp_filter=1');
  await findAndMend(ka1, 'rp_filter', /^eth0: rp_filter is strict/, 0);
  await set('eth0.arp_ignore=8');
  await findAndMend(ka1, 'arp_ignore', /^eth0: arp_ignore is 8: nobody who asks/);
  await set('all.arp_ignore=1'); // harmless for an address on the interface that is asked
  assert.deepEqual((await examine(ka1, [], '--listen', '0')).findings, []);
});

test('another group with our VRID, a second daemon on this machine, and a good peer are told apart', async () => {
  await using lab = await exampleLab('docvrid');
  const { ka1, ka2 } = lab;
  const adverts = async (): Promise<readonly Found[]> =>
    (await examine(ka1, [], '--listen', '1')).findings.filter(({ check }) => check === 'adverts');

  const stranger = await startKeepalived(ka2, instance('10.0.0.200'));
  await ka2.waitForAddress('10.0.0.200');
  const [foreign] = await adverts();
  assert.match(
    foreign?.message ?? '',
    /^\(WEB\) 10\.0\.0\.28 uses VRID 6 for other addresses \(10\.0\.0\.200\): .*another virtual_router_id$/,
  );
  await stranger.stop();

  const peer = await startKaNode(ka2, instance());
  await ka2.waitForAddress(vip);
  assert.deepEqual(await adverts(), [
    {
      severity: 'note',
      check: 'adverts',
      message: '(WEB) 10.0.0.28 is master of VRID 6 with priority 100, as a peer may be',
    },
  ]);
  await peer.stop();

  // A daemon that runs on this configuration is what is to be heard.
  const socket = ka1.path('doctor.sock');
  const running = await startKaNode(ka1, instance(), ['--control-socket', socket]);
  await ka1.waitForAddress(vip);
  const file = ka1.write('running.conf', instance());
  const looked = await ka1.run([process.execPath, program, 'doctor', file, '--listen', '1'], {
    env: { KA_NODE_CONTROL: socket },
  });
  assert.deepEqual([looked.code, looked.stdout], [0, 'nothing wrong was found']);
  await running.stop();

  const second = await startKeepalived(ka1, instance());
  await ka1.waitForAddress(vip);
  const [own] = await adverts();
  assert.equal(
    own?.message,
    `(WEB) another program on this machine (keepalived, process ${second.program.pid}) speaks for VRID 6 from 10.0.0.18 (priority 100)`,
  );
  assert.equal(own.mend, `kill ${second.program.pid}`);
  await ka1.runOk(['sh', '-c', own.mend]);
  await second.program.exited;
  assert.deepEqual(await adverts(), []);
});

/** What systemd-networkd needs of its own to run as it would in a container. */
const folders = `
for folder in /run/systemd /run/dbus /etc/systemd/network; do mkdir -p $folder && mount -t tmpfs none $folder; done
mkdir -p /run/systemd/netif && chown systemd-network:systemd-network /run/systemd/netif
mount -o remount,ro,bind /sys
printf '[Match]\\nName=eth0\\n[Network]\\nIPv6AcceptRA=no\\nAddress=10.0.0.18/16\\n' >/etc/systemd/network/10-lan.network
echo made
exec sleep infinity
`;

test('systemd-networkd deletes the address, doctor says so, and after the mend it does not', async () => {
  await using lab = await exampleLab('docnd');
  const { ka1 } = lab;
  const holder = await ka1.start(['unshare', '--mount', 'sh', '-c', folders]);
  await holder.waitForLine(/^made$/);
  const inside = ['nsenter', '-t', String(holder.pid), '-m', '-n'];
  await ka1.start([...inside, 'dbus-daemon', '--system', '--nofork', '--nopidfile']);
  await ka1.waitFor(
    'a system bus',
    async () => (await ka1.run([...inside, 'test', '-S', '/run/dbus/system_bus_socket'])).code === 0,
  );
  const networkd = await ka1.start([...inside, '/lib/systemd/systemd-networkd'], {
    env: { SYSTEMD_LOG_LEVEL: 'info', SYSTEMD_LOG_TARGET: 'console' },
  });
  const isConfigured = async (): Promise<boolean> =>
    (await ka1.run([...inside, 'networkctl', '--no-legend', 'list', 'eth0'])).stdout.includes(' configured');
  await networkd.waitForLine(/Enumeration completed/);
  await ka1.waitFor('systemd-networkd has configured eth0', isConfigured);
  const configureAgain = async (): Promise<void> => {
    await ka1.ip('address', 'replace', `${vip}/16`, 'dev', 'eth0');
    const from = networkd.lines.length;
    await ka1.runOk([...inside, 'networkctl', 'reconfigure', 'eth0']);
    await networkd.waitForLine(/eth0: (Rec|C)onfiguring with/, { from });
    await ka1.waitFor('systemd-networkd has configured eth0 again', isConfigured);
  };
  const look = async (): Promise<readonly Found[]> => (await examine(ka1, inside, '--listen', '0')).findings;

  await configureAgain();
  await ka1.waitForAddress(vip, false);
  const [finding, ...rest] = await look();
  assert.deepEqual(rest, []);
  assert.match(
    finding?.message ?? '',
    /^eth0: systemd-networkd manages it .*10-lan\.network\) and deletes addresses/,
  );
  const from = networkd.lines.length;
  await ka1.runOk([...inside, 'sh', '-c', finding?.mend ?? 'false']);
  await networkd.waitForLine(/eth0: (Rec|C)onfiguring with/, { from });
  assert.deepEqual(await look(), []);
  await configureAgain();
  assert.equal(await ka1.hasAddress(vip), true);
});

test('NetworkManager is found by the file that it keeps about an interface', async () => {
  await using lab = await exampleLab('docnm');
  const { ka1 } = lab;
  const root = ka1.path('root');
  const put = (file: string, text: string): void => {
    mkdirSync(join(root, file, '..'), { recursive: true });
    writeFileSync(join(root, file), text);
  };
  const index = (await ka1.runOk(['cat', '/sys/class/net/eth0/ifindex'])).trim();
  put('sys/class/net/eth0/ifindex', `${index}\n`);
  const look = async (): Promise<readonly Found[]> =>
    (await examine(ka1, [], '--listen', '0', '--root', root)).findings;
  put(`run/NetworkManager/devices/${index}`, '[device]\nmanaged=true\n');
  const [manager] = await look();
  assert.match(manager?.message ?? '', /^eth0: NetworkManager manages it/);
  // In this order: by the file alone NetworkManager takes the interface down.
  assert.match(
    manager?.mend ?? '',
    /^nmcli device set eth0 managed no && printf .*unmanaged-devices\+=interface-name:eth0.* && nmcli general reload$/,
  );
  put(`run/NetworkManager/devices/${index}`, '[device]\nmanaged=false\n');
  assert.deepEqual(await look(), []);
});
