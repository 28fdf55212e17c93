/** Log lines, held against those that Debian's keepalived writes to its console and to /dev/log: their forms, and which there are. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import test from 'node:test';
import { consoleLine, syslogDatagram } from '../../lib/log/format.js';
import { logIdent } from '../../lib/log/names.js';
import { DatagramReceiver } from '../support/datagram-receiver.js';
import { startKaNode, startKeepalived } from '../support/daemons.js';
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

/** What happens to an instance, in the order in which it happens. */
const story = [
  ...[/Entering \w+ STATE/, /Receive advertisement timeout/, /received advert from/, /received priority 0/],
  ...[/sent 0 priority/, /Netlink reports/, /Changing effective priority/],
];

/** What monitors look for besides. Children are not heard in one order with their parent. */
const events = [
  ...[/^Starting VRRP child process, pid=/, /^Startup complete$/, /^Reloading/, /^Reload complete$/],
  ...[/^VRRP_Script\(chk\) (succeeded|failed)/, /^Script `chk`/, /VIPs\.$/],
  ...[/died: Respawning$/, /^Restart of VRRP process delayed/, /^Stopping$/, /^Stopped Keepalived/],
];

interface Logged {
  readonly story: readonly string[];
  readonly events: readonly string[];
}

/** Everything that an instance goes through, and then the death of its process. */
async function lived(start: typeof startKaNode): Promise<Logged> {
  await using lab = await NetLab.create('lived');
  const lan = await lab.switch('s');
  const host = await lab.host('a', [{ switch: lan, addresses: ['10.0.0.1/24'] }]);
  const other = await lab.host('b', [{ switch: lan, addresses: ['10.0.0.2/24'] }]);
  const [flag, good] = [host.write('flag', '0\n'), host.write('good', '')];
  const text = (priority: number, more = ''): string => `vrrp_instance VI_1 {
  interface eth0
  virtual_router_id 51
  version 3
  priority ${priority}
  advert_int 0.2
  ${more}
  virtual_ipaddress { 10.0.0.100/24 }
}
`;
  const tracked = `global_defs {
  script_user root
  enable_script_security
}
vrrp_script chk {
  script "/usr/bin/test -e ${good}"
  interval 1
  weight 10
}
track_file flag {
  file ${flag}
  weight 1
}
`;
  const tracks = 'track_script {\n    chk\n  }\n  track_file {\n    flag\n  }';
  const daemon = await start(host, tracked + text(100, tracks));
  const { program } = daemon;
  const from = (): number => program.lines.length;
  await daemon.waitForLine(/Changing effective priority from 100 to 110/);
  await daemon.waitForLine(/Entering MASTER STATE/);
  // Which of these two came first was the machine's affair: the story begins here.
  const begun = from();
  host.write('flag', '-20\n');
  await daemon.waitForLine(/Changing effective priority from 110 to 90/);
  await host.runOk(['rm', good]);
  await daemon.waitForLine(/Changing effective priority from 90 to 80/);
  const rival = await startKeepalived(other, text(85));
  await daemon.waitForLine(/Entering BACKUP STATE$/);
  await rival.waitForLine(/setting VIPs/);
  let now = from();
  await rival.stop();
  await daemon.waitForLine(/Entering MASTER STATE/, { from: now });
  now = from();
  daemon.reload(tracked + text(150, tracks));
  await daemon.waitForLine(/Changing effective priority from \d+ to 130/, { from: now });
  await daemon.waitForLine(/Reload complete$/, { from: now });
  now = from();
  await host.unplug();
  await daemon.waitForLine(/removing VIPs/, { from: now });
  now = from();
  await host.plug();
  await daemon.waitForLine(/setting VIPs/, { from: now });
  now = from();
  const words = (): readonly string[] =>
    program.lines.map((line) => line.text.slice('Mon Nov  2 05:06:07 2026: '.length));
  const told = words();
  const [, pid] = /^Starting VRRP child process, pid=(\d+)$/m.exec(told.join('\n')) ?? [];
  process.kill(Number(pid), 'SIGKILL');
  await daemon.waitForLine(/Entering BACKUP STATE|resumes the mastership/, { from: now });
  await daemon.stop();
  const priority = /(Changing effective priority) from \d+/;
  return {
    story: told
      .slice(begun)
      .filter((line) => story.some((each) => each.test(line)))
      .map((line) => line.replace(priority, '$1')),
    events: [
      ...new Set(
        words()
          .filter((line) => events.some((each) => each.test(line)))
          .map((line) => line.replace(/pid=\d+|\(\d+\)/, 'PID').replace(/(Stopped Keepalived).*/, '$1')),
      ),
    ].toSorted(),
  };
}

test(
  'the lines that people and monitors look for are those of keepalived, in the same order',
  { skip },
  async () => {
    const theirs = await lived(startKeepalived);
    const ours = await lived(startKaNode);
    // We also say which interface it is, and where it stands in the protocol.
    const ownWords = (line: string): boolean => !line.includes('entering FAULT state');
    assert.deepEqual({ ...ours, story: ours.story.filter(ownWords) }, theirs);
  },
);
