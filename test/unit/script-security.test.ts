import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import type { Accounts } from '../../lib/accounts.js';
import { run } from '../../lib/exec.js';
import { systemClock as clock } from '../../lib/host.js';
import { resolveScript, type ScriptPolicy, type ScriptRequest } from '../../lib/script-security.js';

const isRoot = process.getuid?.() === 0;
const needsRoot = { skip: !isRoot && 'needs root' };

const accounts: Accounts = {
  user: (name) =>
    name === 'web' ? { uid: 1234, gid: 1235 } : name === 'root' ? { uid: 0, gid: 0 } : undefined,
  group: (name) => (name === 'staff' ? 50 : undefined),
};

const policy = (changes: Partial<ScriptPolicy> = {}): ScriptPolicy => ({
  isEnforced: true,
  defaultUser: { user: 'root', group: undefined },
  keepsSymlinks: false,
  accounts,
  path: ['/usr/bin', '/bin'],
  own: { uid: 0, gid: 0 },
  ...changes,
});

const request = (file: string, changes: Partial<ScriptRequest> = {}): ScriptRequest => ({
  argv: [file, 'argument'],
  isRedirection: false,
  user: undefined,
  group: undefined,
  ...changes,
});

/** A directory below a path that only root can write to. */
function setUp(context: TestContext): { readonly directory: string; readonly script: string } {
  const directory = mkdtempSync('/run/ka-secure-');
  context.after(() => rmSync(directory, { recursive: true }));
  const script = join(directory, 'script');
  writeFileSync(script, '#!/bin/sh\n');
  chmodSync(script, 0o755);
  chmodSync(directory, 0o755);
  return { directory, script };
}

test('a script that only root can change runs as root, with its arguments', needsRoot, (context) => {
  const { script } = setUp(context);
  const { command, messages } = resolveScript(request(script), policy());
  assert.deepEqual([command?.argv, command?.file, command?.uid], [[script, 'argument'], script, undefined]);
  assert.deepEqual(messages, []);
});

test('a script that does not exist is disabled [keepalived: check_script_secure]', () => {
  const { command, messages } = resolveScript(request('/no/such'), policy());
  assert.equal(command, undefined);
  assert.deepEqual(messages, [
    "check_script_secure could not find script '/no/such' - disabling. /no does not exist",
  ]);
});

test('a directory that others may write to is named with its mode and the repair', needsRoot, (context) => {
  const { script, directory } = setUp(context);
  chmodSync(directory, 0o777);
  const refused = resolveScript(request(script), policy());
  assert.equal(refused.command, undefined);
  assert.equal(
    refused.messages[0],
    `Unsafe permissions found for script '${script}' - disabling. ${directory} belongs to 0:0 and has mode 0777; ` +
      `mend it with: chmod go-w ${directory}`,
  );
  const warned = resolveScript(request(script), policy({ isEnforced: false }));
  assert.equal(warned.command?.file, script);
  assert.match(warned.messages[0] ?? '', /^Unsafe permissions found/);
  chmodSync(directory, 0o1777);
  assert.deepEqual(resolveScript(request(script), policy()).messages, []);
});

test(
  'a script that another user owns is unsafe for root and not for an ordinary user',
  needsRoot,
  (context) => {
    const { script } = setUp(context);
    chownSync(script, 1234, 0);
    assert.match(resolveScript(request(script), policy()).messages[0] ?? '', /mend it with: chown root /);
    chmodSync('/root', 0o711);
    context.after(() => chmodSync('/root', 0o700));
    const { command } = resolveScript(request(script, { user: 'web' }), policy());
    assert.deepEqual([command?.uid, command?.gid], [1234, 1235]);
  },
);

test('a script that its user cannot execute, or reach, is disabled', needsRoot, (context) => {
  const { script, directory } = setUp(context);
  chmodSync(script, 0o744);
  assert.match(
    resolveScript(request(script, { user: 'web' }), policy()).messages[0] ?? '',
    /is not executable for uid:gid 1234:1235 - disabling\..*chmod a\+rx/,
  );
  chmodSync(directory, 0o700);
  assert.match(
    resolveScript(request(script, { user: 'web' }), policy()).messages[0] ?? '',
    new RegExp(`^Script ${script} cannot be accessed - ${directory} belongs to 0:0 and has mode 0700`),
  );
});

test('a directory is not a script', needsRoot, (context) => {
  const { directory } = setUp(context);
  const inner = join(directory, 'inner');
  mkdirSync(inner);
  assert.deepEqual(resolveScript(request(inner), policy()).messages, [
    `Wrong file type found in script path '${inner}'.`,
  ]);
});

test('symbolic links are resolved unless they are to be kept', needsRoot, (context) => {
  const { directory, script } = setUp(context);
  const link = join(directory, 'link');
  symlinkSync(script, link);
  assert.equal(resolveScript(request(link), policy()).command?.file, script);
  assert.equal(resolveScript(request(link), policy({ keepsSymlinks: true })).command?.file, link);
  assert.equal(resolveScript(request(link), policy()).command?.argv[0], link);
});

test('a bare name is searched in PATH and said so', () => {
  const { command, messages } = resolveScript(
    request('env'),
    policy({ isEnforced: false, path: ['/no', '/usr/bin'] }),
  );
  assert.equal(command?.argv[0], 'env');
  assert.equal(
    messages[0],
    'WARNING - script `env` resolved by path search to `/usr/bin/env`. Please specify full path.',
  );
});

test('users and groups: own, default, unknown', () => {
  const run = (changes: Partial<ScriptRequest>, rules: Partial<ScriptPolicy> = {}) =>
    resolveScript(request('/usr/bin/env', changes), policy({ isEnforced: false, ...rules }));
  assert.deepEqual(run({ user: 'web', group: 'staff' }).command?.gid, 50);
  assert.match(
    run({ user: 'nobody-such' }).messages[0] ?? '',
    /user 'nobody-such' does not exist - disabling/,
  );
  assert.match(run({ user: 'web', group: 'nosuch' }).messages[0] ?? '', /group 'nosuch' does not exist/);
  assert.equal(run({}, { defaultUser: { user: 'web', group: undefined } }).command?.uid, 1234);
  assert.equal(run({}, { defaultUser: undefined, own: { uid: 7, gid: 8 } }).command?.uid, undefined);
  assert.match(
    run({}, { defaultUser: undefined, isEnforced: true }).messages[0] ?? '',
    /no user to run as.*useradd .*keepalived_script/,
  );
});

test('<file becomes a test whether the file can be opened', () => {
  const { command } = resolveScript(
    { ...request('/var/run/x'), argv: ['/var/run/x'], isRedirection: true },
    policy(),
  );
  assert.deepEqual(command?.argv, ['/bin/sh', '-c', '< "$0"', '/var/run/x']);
});

test('a file that is replaced is looked at again before it runs', needsRoot, async (context) => {
  const { script } = setUp(context);
  const { command } = resolveScript(request(script), policy());
  assert.ok(command);
  const output = async () => (await run(command, { clock, captureBytes: 100 })).output;
  writeFileSync(script, '#!/bin/sh\necho first $0\n');
  assert.equal(await output(), `first ${script}\n`);
  rmSync(script);
  writeFileSync(script, '#!/bin/sh\necho second\n', { mode: 0o755 });
  chmodSync(script, 0o755);
  assert.equal(await output(), 'second\n');
  chownSync(script, 1234, 0);
  const refused = await run(command, { clock, captureBytes: 100 });
  assert.deepEqual(refused.output, '');
  assert.equal(
    refused.end.kind === 'not-started' && refused.end.message,
    `Unsafe permissions found for script '${script}' - disabling. ${script} belongs to 1234:0 and has mode 0755; ` +
      `mend it with: chown root ${script}`,
  );
  chownSync(script, 0, 0);
  assert.equal(await output(), 'second\n');
});

test('a program runs from its descriptor, a script by its name, other text through the shell', async (context) => {
  const rules = policy({ isEnforced: false, defaultUser: undefined, own: { uid: 7, gid: 8 } });
  const program = resolveScript({ ...request('/bin/cat'), argv: ['/bin/cat', '/proc/self/cmdline'] }, rules);
  assert.equal(program.command?.identity?.isProgram, true);
  assert.equal(
    (await run(program.command ?? { argv: [] }, { clock, captureBytes: 100 })).output,
    '/bin/cat\0/proc/self/cmdline\0',
  );
  const directory = mkdtempSync('/tmp/ka-secure-');
  context.after(() => rmSync(directory, { recursive: true }));
  const text = join(directory, 'text');
  writeFileSync(text, 'echo "$0 $1"\n');
  chmodSync(text, 0o755);
  chmodSync(directory, 0o755);
  const { command, messages } = resolveScript(request(text), rules);
  assert.match(messages.join(), /Please add a #! shebang to script /);
  assert.equal(command?.identity?.isProgram, false);
  assert.equal(
    (await run(command ?? { argv: [] }, { clock, captureBytes: 100 })).output,
    `${text} argument\n`,
  );
});

test('set_supplementary_groups gives a script the groups of its user', needsRoot, async () => {
  const given = policy({
    isEnforced: false,
    givesGroups: true,
    accounts: { ...accounts, groups: () => [1235, 50, 60] },
  });
  const wanted = { ...request('/usr/bin/id', { user: 'web' }), argv: ['/usr/bin/id', '-G'] };
  const output = async (rules: ScriptPolicy) => {
    const { command } = resolveScript(wanted, rules);
    return (await run(command ?? { argv: [] }, { clock, captureBytes: 100 })).output;
  };
  assert.equal(await output(given), '1235 50 60\n');
  assert.equal(await output({ ...given, givesGroups: false }), '1235\n');
});
