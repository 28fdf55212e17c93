/** What share/ka-node.service leaves of root, applied without systemd, setting by setting. */
import { constants, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from './daemons.js';
import { runOk } from './program.js';

const runner = join(projectRoot, 'test/netns/sandbox.py');

/** When a call is forbidden: whenever all of its named arguments have a bit of the mask. `nosys`: answered as if it did not exist. */
interface CallRule {
  readonly call: string;
  readonly when?: readonly (readonly [argument: number, mask: number])[];
  readonly action?: 'nosys';
}

/** Of <linux/sched.h>: mount, cgroup, UTS, IPC, user, process and network namespaces. */
const newNamespaces = 0x7e020000;
const newTime = 0x80;
const { O_CREAT } = constants;
const setIds = 0o6000;

/** A setting of the unit as what carries it out here. */
interface Applied {
  /** Shell commands as root in a mount namespace of their own, before anything is given up. */
  readonly shell?: string;
  readonly calls?: readonly CallRule[];
}

const readOnly = (...folders: readonly string[]): string =>
  folders
    .map(
      (folder) =>
        `[ ! -d ${folder} ] || { mount --bind ${folder} ${folder} && mount -o remount,bind,ro ${folder}; } || exit 1`,
    )
    .join('\n');

/** systemd.exec(5). Those that `applied` does not have and `elsewhere` does not name are not known here, and the test fails. */
const applied: Readonly<Record<string, Applied>> = {
  'ProtectSystem=full': { shell: readOnly('/usr', '/boot', '/etc') },
  'ProtectHome=read-only': { shell: readOnly('/home', '/root', '/run/user') },
  'ProtectControlGroups=yes': { shell: readOnly('/sys/fs/cgroup') },
  'PrivateDevices=yes': {
    shell: `devices=$(mktemp -d) && mount -t tmpfs none $devices || exit 1
for name in null zero full random urandom tty; do
  touch $devices/$name && mount --bind /dev/$name $devices/$name || exit 1
done
mount --move $devices /dev && rmdir $devices || exit 1`,
  },
  // /dev/rtc and /dev/kmsg are gone with the other devices; the capabilities that belong to these are not in the bounding set.
  'ProtectClock=yes': {},
  'ProtectKernelLogs=yes': { calls: [{ call: 'syslog' }] },
  'ProtectKernelModules=yes': {
    shell: '[ ! -d /usr/lib/modules ] || mount -t tmpfs -o mode=0 none /usr/lib/modules || exit 1',
    calls: ['init_module', 'finit_module', 'delete_module'].map((call) => ({ call })),
  },
  'ProtectHostname=yes': { calls: [{ call: 'sethostname' }, { call: 'setdomainname' }] },
  'RestrictNamespaces=yes': {
    calls: [
      { call: 'unshare', when: [[0, newNamespaces | newTime]] },
      { call: 'clone', when: [[0, newNamespaces]] },
      // Its flags are where a filter cannot look.
      { call: 'clone3', action: 'nosys' },
      { call: 'setns' },
    ],
  },
  'RestrictSUIDSGID=yes': {
    calls: [
      ...['chmod', 'fchmod', 'mkdir', 'mknod', 'creat'].map((call): CallRule => ({
        call,
        when: [[1, setIds]],
      })),
      ...['fchmodat', 'mkdirat', 'mknodat'].map((call): CallRule => ({ call, when: [[2, setIds]] })),
      {
        call: 'open',
        when: [
          [1, O_CREAT],
          [2, setIds],
        ],
      },
      {
        call: 'openat',
        when: [
          [2, O_CREAT],
          [3, setIds],
        ],
      },
      { call: 'openat2', action: 'nosys' },
    ],
  },
  'LockPersonality=yes': { calls: [{ call: 'personality', when: [[0, 0xffffffff]] }] },
  'UMask=0077': { shell: 'umask 0077' },
};

/** Carried out by code below, or about something that is systemd's own. */
const elsewhere = new Set([
  ...['CapabilityBoundingSet', 'RestrictAddressFamilies', 'SystemCallFilter', 'NoNewPrivileges'],
  // Of sandbox.py, whoever uses it.
  ...['SystemCallArchitectures', 'KeyringMode'],
  // What is forbidden kills here.
  'SystemCallErrorNumber',
  // They give more; they take nothing away.
  ...['OOMScoreAdjust', 'LimitNOFILE', 'LimitMEMLOCK'],
  // Of services that are not root's.
  'RemoveIPC',
  // How it is started, watched and ended.
  ...['Type', 'NotifyAccess', 'EnvironmentFile', 'ExecStart', 'ExecReload', 'KillMode', 'TimeoutStopSec'],
  ...['WatchdogSec', 'Restart', 'RestartSec', 'RestartPreventExitStatus'],
]);

/** Numbers of <linux/socket.h>. */
const families: Readonly<Record<string, number>> = {
  AF_UNIX: 1,
  AF_INET: 2,
  AF_INET6: 10,
  AF_NETLINK: 16,
  AF_PACKET: 17,
};

/** The lines of its section [Service]. */
function serviceLines(): readonly string[] {
  const unit = readFileSync(join(projectRoot, 'share/ka-node.service'), 'utf8');
  const [, section = ''] = /^\[Service\]$([^]*?)^\[/m.exec(unit) ?? [];
  return section.split('\n').filter((line) => /^\w+=/.test(line));
}

/** A setting, word by word. @throws when the unit does not have it. */
function setting(lines: readonly string[], name: string): readonly string[] {
  const line = lines.find((each) => each.startsWith(`${name}=`));
  if (line === undefined) throw new Error(`the unit has no ${name}`);
  return line.slice(name.length + 1).split(' ');
}

/**
 * What goes before a command that is to run as the unit runs its own. Whatever makes a forbidden call is killed by SIGSYS.
 * @throws when the unit has a setting that is not applied here.
 */
export async function unitSandbox(): Promise<readonly string[]> {
  const lines = serviceLines();
  const unknown = lines.filter(
    (line) => applied[line] === undefined && !elsewhere.has(line.replace(/=.*/, '')),
  );
  if (unknown.length > 0) throw new Error(`not applied without systemd: ${unknown.join(' ')}`);
  const known = lines.flatMap((line) => applied[line] ?? []);
  const capabilities = setting(lines, 'CapabilityBoundingSet').map((name) =>
    name.replace('CAP_', '+').toLowerCase(),
  );
  const set = ['-all', ...capabilities].join(',');
  const [first = '', ...more] = setting(lines, 'SystemCallFilter');
  if (!first.startsWith('~'))
    throw new Error('the unit lists what is allowed; this knows lists of what is not');
  const denied = await callsOf([first.slice(1), ...more]);
  const rules: readonly CallRule[] = [
    ...known.flatMap(({ calls = [] }) => calls),
    ...denied.map((call) => ({ call })),
  ];
  const numbers = await callNumbers();
  const calls = rules.flatMap(({ call, when = [], action = 'kill' }) => {
    const number = numbers.get(call);
    return number === undefined ? [] : [[number, when, action]];
  });
  const allowed = setting(lines, 'RestrictAddressFamilies').map((name) => families[name]);
  const shell = [...known.flatMap(({ shell: each }) => each ?? []), 'exec "$@"'].join('\n');
  return [
    ...['unshare', '--mount', '--uts', 'sh', '-c', shell, 'sh'],
    ...['python3', runner, JSON.stringify({ families: allowed, calls })],
    ...['setpriv', '--no-new-privs', `--bounding-set=${set}`, `--inh-caps=${set}`],
  ];
}

/** Names of all system calls of systemd's sets, sets within sets too. */
async function callsOf(words: readonly string[]): Promise<readonly string[]> {
  const calls = new Set<string>();
  const queue = [...words];
  for (let word = queue.pop(); word !== undefined; word = queue.pop()) {
    if (!word.startsWith('@')) {
      calls.add(word);
      continue;
    }
    const lines = (await runOk(['systemd-analyze', 'syscall-filter', '--no-pager', word])).split('\n');
    queue.push(...lines.slice(1).flatMap((line) => line.trim().replace(/^#.*/, '') || []));
  }
  return [...calls];
}

/** Those that this machine has, by the headers of its kernel. */
async function callNumbers(): Promise<ReadonlyMap<string, number>> {
  const text = await runOk(['gcc', '-E', '-dM', '-include', 'sys/syscall.h', '-x', 'c', '/dev/null']);
  return new Map(
    [...text.matchAll(/^#define __NR_(\w+) (\d+)$/gm)].map(
      (found) => [found[1] ?? '', Number(found[2])] as const,
    ),
  );
}
