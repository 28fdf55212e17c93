/** What share/ka-node.service leaves of root, applied without systemd: capabilities, system calls, families, read-only folders. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from './daemons.js';
import { runOk } from './program.js';

const runner = join(projectRoot, 'test/netns/sandbox.py');

/** Folders that cannot be written, and a /dev of a few devices: ProtectSystem=full, ProtectHome=read-only, PrivateDevices=yes. */
const folders = `
for folder in /usr /boot /etc /home /root /run/user; do
  [ ! -d $folder ] || { mount --bind $folder $folder && mount -o remount,bind,ro $folder; } || exit 1
done
devices=$(mktemp -d) && mount -t tmpfs none $devices || exit 1
for name in null zero full random urandom tty; do
  touch $devices/$name && mount --bind /dev/$name $devices/$name || exit 1
done
mount --move $devices /dev && rmdir $devices || exit 1
exec "$@"
`;

/** Numbers of <linux/socket.h>. */
const families: Readonly<Record<string, number>> = {
  AF_UNIX: 1,
  AF_INET: 2,
  AF_INET6: 10,
  AF_NETLINK: 16,
  AF_PACKET: 17,
};

/** A setting of the unit, word by word. @throws when the unit does not have it. */
function setting(unit: string, name: string): readonly string[] {
  const value = new RegExp(`^${name}=(.*)$`, 'm').exec(unit)?.[1];
  if (value === undefined) throw new Error(`the unit has no ${name}`);
  return value.split(' ');
}

/** What goes before a command that is to run as the unit runs its own. Whatever makes a forbidden call is killed by SIGSYS. */
export async function unitSandbox(): Promise<readonly string[]> {
  const unit = readFileSync(join(projectRoot, 'share/ka-node.service'), 'utf8');
  const capabilities = setting(unit, 'CapabilityBoundingSet').map((name) =>
    name.replace('CAP_', '+').toLowerCase(),
  );
  const set = ['-all', ...capabilities].join(',');
  const [first = '', ...more] = setting(unit, 'SystemCallFilter');
  if (!first.startsWith('~'))
    throw new Error('the unit lists what is allowed; this knows lists of what is not');
  const numbers = await callNumbers();
  const denied = (await callsOf([first.slice(1), ...more])).flatMap((name) => numbers.get(name) ?? []);
  const allowed = setting(unit, 'RestrictAddressFamilies').map((name) => families[name]);
  return [
    ...['unshare', '--mount', 'sh', '-c', folders, 'sh'],
    ...['python3', runner, denied.join(','), allowed.join(',')],
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
