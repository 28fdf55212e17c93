/** keepalived.data and keepalived.stats of Debian's keepalived and of ka-node for the same file, line by line. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { parseConfig } from '../../lib/config/load.js';
import { jsonText } from '../../lib/daemon/dump-stats.js';
import { createNode } from '../../lib/vrrp/node.js';
import { projectRoot } from '../support/daemons.js';
import { NetLab } from '../support/net-lab.js';
import { hasProgram, processTree } from '../support/program.js';

const kaNode = [process.execPath, join(projectRoot, 'bin/ka-node')];
const skip = hasProgram('keepalived') ? false : 'keepalived is not installed';

const configuration = (flag: string): string => `
global_defs {
  router_id lab
  notification_email { ops@example.net }
  notification_email_from ka@example.net
  smtp_server 10.0.0.9 2525
  smtp_helo_name h
  smtp_alert_checker off
  enable_script_security
  script_user root
  vrrp_garp_interval 0.5
  vrrp_garp_lower_prio_delay 3
  vrrp_skip_check_adv_addr
  max_auto_priority 30
  no_email_faults
  umask 077
}
vrrp_script s1 { script "/usr/bin/true a 'b c'"
 interval 2
 weight -10
 rise 2
 fall 3
 timeout 1
}
track_file tf { file ${flag}
 weight 2
}
vrrp_sync_group G1 { group { VI_1
VI_2 }
 notify_master "/usr/bin/true m"
 notify /usr/bin/true
}
vrrp_instance VI_1 {
  interface eth0
  virtual_router_id 51
  priority 100
  preempt_delay 7
  version 2
  garp_master_refresh 10
  virtual_ipaddress { 10.0.0.100/24 label eth0:1
  10.0.0.110 }
  virtual_ipaddress_excluded { 10.0.0.101
  fd00::5/64 }
  authentication { auth_type PASS
   auth_pass secret12 }
  notify_master "/usr/bin/true a 'b c'"
  notify_backup /usr/bin/true
  notify_fault /usr/bin/true
  notify_stop /usr/bin/true
  notify_deleted /usr/bin/true
  notify_master_rx_lower_pri /usr/bin/true
  notify /usr/bin/true root
  smtp_alert off
}
vrrp_instance VI_2 {
  interface eth0
  virtual_router_id 52
  advert_int 0.5
  version 3
  nopreempt
  unicast_src_ip 10.0.0.1
  unicast_peer { 10.0.0.2
    10.0.0.3 min_ttl 250 max_ttl 255 }
  check_unicast_src
  virtual_ipaddress { 10.0.0.102/24 }
}
vrrp_instance VI_6 {
  interface eth0
  virtual_router_id 53
  version 3
  priority 150
  track_file { tf }
  track_script { s1 }
  track_interface { lo }
  dont_track_primary
  notify_deleted
  virtual_ipaddress { fe80::6/64
  fd00::6/64 }
}
`;

/** Sections and lines about the insides of keepalived that ka-node does not have. */
const omittedSections = ['VRRP Sockpool', 'Interfaces', 'Gratuitous ARP delays', 'GARP delay group 0'];
const omittedLines =
  /^ (nftables without|libnftnl)|^ {3}(Read timeout|fd_in|Unicast checksum|Num member fault|Result|Insecure|Init state|VRRP instances|Tracking instances|State = idle|Status = \d)|^ {5}VI_\w+, weight/;

/** The lines that are to be the same, with what time alone decides blanked. */
function comparable(data: string): string[] {
  let section = '';
  const lines: string[] = [];
  for (const line of data.trimEnd().split('\n')) {
    section = /^------< (.*) >------$/.exec(line)?.[1] ?? section;
    if (omittedSections.includes(section) || omittedLines.test(line)) continue;
    lines.push(
      line
        .replace(
          /(Last transition = )\d+\.\d{6} \(\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d\.\d{6} \d{4}\)/,
          '$1TIME',
        )
        .replace(/(Password = ).*/, '$1********')
        .replace(/(Multicast address ff02::12), ifindex \d+/, '$1')
        .replace(/(Using src_ip = fe80:).*/, '$1')
        .replace(/ka-dump-[\w-]+\.d/, 'LAB'),
    );
  }
  return lines;
}

interface Dumps {
  readonly data: string;
  readonly stats: string;
}

interface Subject {
  readonly configuration: (flag: string) => string;
  /** Instances that become MASTER, and what they hold then. */
  readonly masters: readonly string[];
  readonly addresses: readonly string[];
}

/** Whether the process or one that it started still has the file open: keepalived writes it in place. */
function isOpen(path: string, pid: number): boolean {
  return processTree(pid).some((each) =>
    readdirSync(`/proc/${each}/fd`).some((fd) => {
      try {
        return readlinkSync(`/proc/${each}/fd/${fd}`) === path;
      } catch {
        return false; // closed meanwhile
      }
    }),
  );
}

function hasContent(path: string): boolean {
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0;
}

async function dumps(command: readonly string[], subject: Subject): Promise<Dumps> {
  await using lab = await NetLab.create('dump');
  const host = await lab.host('a', [{ switch: await lab.switch('s'), addresses: ['10.0.0.1/24'] }]);
  const file = host.write('ka.conf', subject.configuration(host.write('flag', '0')));
  const pids = ['-p', host.path('p.pid'), '-r', host.path('v.pid'), '-c', host.path('c.pid')];
  const daemon = await host.start([...command, '-n', '-l', '-G', '-f', file, ...pids], {
    env: { TMPDIR: host.path('') },
  });
  for (const name of subject.masters)
    await daemon.waitForLine(new RegExp(`\\(${name}\\) Entering MASTER STATE`));
  await host.waitFor('every address on the master', async () => {
    const held = await host.runOk(['ip', '-o', 'address', 'show']);
    return subject.addresses.every((address) => held.includes(` ${address}/`));
  });
  const read = async (name: string, signal: 'SIGUSR1' | 'SIGUSR2'): Promise<string> => {
    process.kill(Number(readFileSync(host.path('p.pid'), 'utf8')), signal);
    const path = host.path(name);
    for (const deadline = Date.now() + 15_000; !hasContent(path) || isOpen(path, daemon.pid);) {
      assert.ok(Date.now() < deadline, `${name} was not written`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.equal((statSync(path).mode & 0o777).toString(8), '600');
    return readFileSync(path, 'utf8');
  };
  const data = await read('keepalived.data', 'SIGUSR1');
  const stats = await read('keepalived.stats', 'SIGUSR2');
  await daemon.stop();
  return { data, stats };
}

test(
  'the dumps have the lines of keepalived, with the same values, in the same order',
  { skip },
  async () => {
    const subject: Subject = {
      configuration,
      masters: ['VI_1', 'VI_2', 'VI_6'],
      addresses: ['10.0.0.102', 'fd00::6', '10.0.0.110'],
    };
    const theirs = await dumps(['keepalived'], subject);
    const ours = await dumps(kaNode, subject);
    assert.deepEqual(comparable(ours.data), comparable(theirs.data));
    assert.doesNotMatch(ours.data, /secret12/);
    const uncounted = (text: string): string => text.replace(/(Sent: )[1-9]\d*/g, '$1N');
    assert.equal(uncounted(ours.stats), uncounted(theirs.stats));
  },
);

/**
 * Small configurations, each the lines of one vrrp_instance. They stand in one file, so that a run of each program shows how
 * all of them are understood: defaults, corrections, priorities, timers, addresses. ADDRESS is one of its own, PEER a host.
 */
const vips = (...entries: string[]): string => `virtual_ipaddress {\n ${entries.join('\n ')}\n }`;
const plainVip = vips('ADDRESS');
const variants: readonly string[] = [
  plainVip,
  `priority 150\n ${plainVip}`,
  `priority 1\n ${plainVip}`,
  `priority 254\n state MASTER\n ${plainVip}`,
  `priority 255\n ${plainVip}`,
  `state MASTER\n ${plainVip}`,
  `state BACKUP\n priority 200\n ${plainVip}`,
  `state BACKUP\n nopreempt\n ${plainVip}`,
  `state MASTER\n priority 120\n nopreempt\n ${plainVip}`,
  `preempt_delay 3\n ${plainVip}`,
  `preempt_delay 2.5\n ${plainVip}`,
  `state MASTER\n priority 90\n preempt_delay 3\n ${plainVip}`,
  `advert_int 2\n priority 200\n ${plainVip}`,
  `advert_int 0.5\n ${plainVip}`,
  `version 3\n advert_int 0.25\n ${plainVip}`,
  `version 3\n advert_int 0.111\n ${plainVip}`,
  `version 2\n advert_int 1.4\n ${plainVip}`,
  `version 3\n ${plainVip}`,
  `authentication {\n auth_type PASS\n auth_pass 12345678\n }\n ${plainVip}`,
  `authentication {\n auth_type PASS\n auth_pass 123456789abc\n }\n ${plainVip}`,
  `version 3\n authentication {\n auth_type PASS\n auth_pass x\n }\n ${plainVip}`,
  `garp_master_delay 2\n ${plainVip}`,
  `garp_master_delay 0\n garp_master_repeat 3\n ${plainVip}`,
  `garp_master_refresh 20\n garp_master_refresh_repeat 2\n ${plainVip}`,
  `garp_master_repeat 0\n ${plainVip}`,
  `garp_lower_prio_delay 4\n garp_lower_prio_repeat 2\n ${plainVip}`,
  `lower_prio_no_advert\n ${plainVip}`,
  `higher_prio_send_advert true\n ${plainVip}`,
  `lower_prio_no_advert off\n higher_prio_send_advert no\n ${plainVip}`,
  `down_timer_adverts 5\n priority 240\n ${plainVip}`,
  `skip_check_adv_addr\n ${plainVip}`,
  `smtp_alert\n ${plainVip}`,
  `notify /usr/bin/true\n ${plainVip}`,
  `notify_master "/usr/bin/true x  y"\n notify_fault /usr/bin/true root\n ${plainVip}`,
  `dont_track_primary\n ${plainVip}`,
  `track_interface {\n lo\n }\n ${plainVip}`,
  `track_interface {\n lo weight 10\n }\n priority 100\n ${plainVip}`,
  `track_interface {\n lo weight -10\n }\n ${plainVip}`,
  `mcast_src_ip 10.0.0.1\n ${plainVip}`,
  `mcast_dst_ip 224.0.0.77\n ${plainVip}`,
  `unicast_src_ip 10.0.0.1\n unicast_peer {\n PEER\n }\n ${plainVip}`,
  `unicast_peer {\n PEER\n 10.0.0.252\n }\n ${plainVip}`,
  `unicast_peer {\n PEER min_ttl 200 max_ttl 255\n }\n ${plainVip}`,
  `unicast_peer {\n PEER\n }\n unicast_ttl 64\n ${plainVip}`,
  `unicast_peer {\n PEER\n }\n check_unicast_src\n ${plainVip}`,
  `unicast_peer {\n PEER\n }\n version 3\n advert_int 0.5\n ${plainVip}`,
  `track_src_ip\n unicast_src_ip 10.0.0.1\n unicast_peer {\n PEER\n }\n ${plainVip}`,
  vips('ADDRESS/24'),
  vips('ADDRESS/24 dev eth0'),
  vips('ADDRESS/24 brd +'),
  vips('10.2.0.1/24 brd 10.2.0.255 scope link'),
  vips('ADDRESS/32 scope site label eth0:x'),
  vips('ADDRESS/24 dev lo'),
  `${plainVip}\n virtual_ipaddress_excluded {\n 10.1.0.1/24\n 10.1.0.2\n }`,
  `${plainVip}\n virtual_ipaddress_excluded {\n fd00:1::1/64\n }`,
  `promote_secondaries\n ${plainVip}`,
  `accept\n ${plainVip}`,
  `debug 2\n ${plainVip}`,
  `version 3\n ${vips('fe80::ADDRESS6/64', 'fd00::ADDRESS6/64')}`,
  `${vips('fd00::ADDRESS6/64 preferred_lft 0')}\n native_ipv6`,
  `priority 90\n ${vips('fe80::ADDRESS6', 'fd00::ADDRESS6')}`,
  `advert_int 0.3\n ${vips('fd00::ADDRESS6/64')}`,
  `kernel_rx_buf_size 65536\n ${plainVip}`,
  `notify_deleted\n notify_priority_changes on\n ${plainVip}`,
];

const names = variants.map((_, index) => `V${String(index + 1)}`);

function collection(globals: string): string {
  const instances = variants.map((lines, index) => {
    const number = index + 1;
    const own = lines
      .replaceAll('ADDRESS6', (0x1000 + number).toString(16))
      .replaceAll('ADDRESS', `10.0.0.${String(100 + number)}`)
      .replaceAll('PEER', '10.0.0.251');
    return `vrrp_instance ${names[index] ?? ''} {\n interface eth0\n virtual_router_id ${String(number)}\n ${own}\n}\n`;
  });
  return `global_defs {\n router_id lab\n enable_script_security\n script_user root\n ${globals}\n}\n${instances.join('')}`;
}

const collections: Readonly<Record<string, string>> = {
  'with the defaults': '',
  'with other defaults':
    'vrrp_version 3\n vrrp_garp_master_delay 3\n vrrp_garp_master_repeat 2\n vrrp_garp_lower_prio_repeat 1\n vrrp_lower_prio_no_advert on\n vrrp_higher_prio_send_advert on\n vrrp_mcast_group4 224.0.0.99\n smtp_alert_vrrp on',
};

for (const [what, globals] of Object.entries(collections)) {
  test(
    `${String(variants.length)} small configurations ${what} are understood as keepalived does`,
    { skip },
    async () => {
      const subject: Subject = {
        configuration: () => collection(globals),
        masters: names,
        addresses: [...collection(globals).matchAll(/^ (10\.[\d.]+|f[de][\da-f:]+)(?:\/\d+.*|)$/gm)].flatMap(
          ([, address = '']) => (address.startsWith('10.0.0.25') ? [] : [address]),
        ),
      };
      const [theirs, ours] = await Promise.all([dumps(['keepalived'], subject), dumps(kaNode, subject)]);
      assert.deepEqual(comparable(ours.data), comparable(theirs.data));
    },
  );
}

/** keepalived.json of the library's node in a lab of its own. */
async function jsonOfNode(): Promise<string> {
  await using lab = await NetLab.create('dump');
  const host = await lab.host('a', [{ switch: await lab.switch('s'), addresses: ['10.0.0.1/24'] }]);
  const path = host.write('ka.conf', configuration(host.write('flag', '0')));
  const { model } = parseConfig({ path }, { mode: 'daemon', strictIncludes: false });
  if (model === undefined) throw new Error('the configuration is refused');
  await using node = await createNode(model, { netns: `/run/netns/${host.namespace}` });
  await Promise.all(node.routers.map((router) => router.reached('MASTER')));
  for (const address of ['10.0.0.102', 'fd00::6', '10.0.0.110']) await host.waitForAddress(address);
  return jsonText(model, node.standings()) ?? '';
}

async function jsonOfKeepalived(): Promise<string> {
  await using lab = await NetLab.create('dump');
  const host = await lab.host('a', [{ switch: await lab.switch('s'), addresses: ['10.0.0.1/24'] }]);
  const file = host.write('ka.conf', configuration(host.write('flag', '0')));
  const pids = ['-p', host.path('p.pid'), '-r', host.path('v.pid')];
  const daemon = await host.start(['keepalived', '-n', '-l', '-G', '-f', file, ...pids], {
    env: { TMPDIR: host.path('') },
  });
  for (const name of ['VI_1', 'VI_2', 'VI_6'])
    await daemon.waitForLine(new RegExp(`\\(${name}\\) Entering MASTER STATE`));
  for (const address of ['10.0.0.102', 'fd00::6', '10.0.0.110']) await host.waitForAddress(address);
  await host.runOk(['sh', '-c', `kill -36 $(cat ${host.path('p.pid')})`]);
  const path = host.path('keepalived.json');
  for (const deadline = Date.now() + 15_000; !existsSync(path);) {
    assert.ok(Date.now() < deadline, 'keepalived.json was not written');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await daemon.stop();
  return readFileSync(path, 'utf8');
}

test(
  'the JSON dump has the members of keepalived, with the same values, in the same order',
  { skip },
  async () => {
    const masked = (text: string): string =>
      text
        .trim()
        .replace(/"last_transition":\d+\.\d+/g, '"last_transition":0')
        .replace(/"auth_data":"[^"]*"/g, '"auth_data":"********"')
        .replace(/"advert_sent":\d+/g, '"advert_sent":0');
    assert.equal(masked(await jsonOfNode()), masked(await jsonOfKeepalived()));
  },
);
