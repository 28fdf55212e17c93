/** Files that a process cannot read, or that change under it: what its user reads then. */
import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { projectRoot } from '../support/daemons.js';
import { run, type Output } from '../support/program.js';

const work = mkdtempSync(join(tmpdir(), 'ka-refused-'));
after(() => rmSync(work, { recursive: true, force: true }));

const kaNode = [process.execPath, join(projectRoot, 'bin/ka-node')];
const skip = process.getuid?.() === 0 ? false : 'must be root';

const instance = (vrid: number): string =>
  `vrrp_instance V {\n interface lo\n virtual_router_id ${vrid}\n virtual_ipaddress {\n 127.0.0.9\n }\n}\n`;

/** A file of another user that nobody else may read. */
function theirs(name: string): string {
  const path = join(work, name);
  writeFileSync(path, instance(5));
  chownSync(path, 65534, 65534);
  chmodSync(path, 0o600);
  return path;
}

/** Runs it as somebody to whom the permissions of files apply: root's rights to pass over them are taken away. */
async function asOrdinary(...argv: readonly string[]): Promise<Output> {
  const rights = '-dac_override,-dac_read_search';
  const drop = ['setpriv', `--inh-caps=${rights}`, `--bounding-set=${rights}`];
  return run([...drop, ...kaNode, ...argv]);
}

test('a file without permission is called that, by check and by the test mode', { skip }, async () => {
  const path = theirs('private.conf');
  const said = `${path}:1:1: error KA1010: cannot read ${path}: permission is denied`;
  const check = await asOrdinary('check', path);
  assert.deepEqual([check.code, check.stderr], [2, '']);
  assert.equal(check.stdout, `${said}\n${path}: 1 error`);
  const tested = await asOrdinary('-t', '-f', path);
  assert.deepEqual([tested.code, tested.stdout, tested.stderr], [4, '', said]);
});

test('an included file without permission is called that, where it is included', { skip }, async () => {
  theirs('part.conf');
  const path = join(work, 'main.conf');
  writeFileSync(path, 'include part.conf\n');
  const { code, stdout } = await asOrdinary('check', path);
  assert.equal(code, 0);
  assert.match(stdout, /main\.conf:1:9: warning KA1103: part\.conf is not read: permission is denied$/m);
});

test('a file in a folder that may not be entered is called that', { skip }, async () => {
  const folder = join(work, 'closed');
  mkdirSync(folder);
  const path = join(folder, 'x.conf');
  writeFileSync(path, instance(5));
  chownSync(folder, 65534, 65534);
  chmodSync(folder, 0o700);
  const { code, stdout } = await asOrdinary('check', path);
  assert.equal(code, 2);
  assert.match(stdout, /KA1001: cannot read .*: permission is denied$/m);
});

/**
 * Runs a command and writes NEW to FILE, which held OLD, when the command opens it: the kernel lets whoever opens a file wait until
 * the holder of a lease on it has let go. A file system of its own, since not every one has leases.
 */
const leaseHolder = `
import fcntl, os, signal, subprocess, sys
folder, old, new, *command = sys.argv[1:]
subprocess.run(['mount', '-t', 'tmpfs', 'tmpfs', folder], check=True)
path = os.path.join(folder, 'x.conf')
with open(path, 'w') as file:
    file.write(old)
fd = os.open(path, os.O_RDWR)
def let_go(*_):
    os.ftruncate(fd, 0)
    os.pwrite(fd, new.encode(), 0)
    fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
signal.signal(signal.SIGIO, let_go)
fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
sys.exit(subprocess.run([*command, path]).returncode)
`;

test('a file that changes while it is read is read again, and its user is told', { skip }, async () => {
  const folder = join(work, 'leased');
  mkdirSync(folder);
  const holder = ['unshare', '--mount', 'python3', '-c', leaseHolder, folder, instance(5)];
  const rewritten = instance(500).replace('interface lo', 'interface lo # longer');
  const { code, stdout, stderr } = await run([...holder, rewritten, ...kaNode, 'check']);
  const path = join(folder, 'x.conf');
  assert.equal(code, 1, stderr);
  assert.match(
    stdout,
    new RegExp(`^${path}:1:1: warning KA1009: ${path} changed while it was read: it was read again$`, 'm'),
  );
  // The mistake of the new version, at its place there.
  assert.match(stdout, /^.*x\.conf:3:20: error KA2106/m);
});
