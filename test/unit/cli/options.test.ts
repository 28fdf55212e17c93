import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import test from 'node:test';
import { parseArguments } from '../../../lib/cli/options.js';
import type { DaemonOptions } from '../../../lib/daemon/options.js';
import { helpPage } from '../../../lib/cli/help.js';

function daemon(...argv: readonly string[]): DaemonOptions {
  const invocation = parseArguments(argv);
  assert.equal(invocation.kind, 'daemon');
  if (invocation.kind !== 'daemon') throw new Error('unreachable');
  return invocation.options;
}

test('without arguments it runs on the usual file, in the background, with syslog', () => {
  const options = daemon();
  assert.equal(options.configFile, '/etc/keepalived/keepalived.conf');
  assert.equal(options.isForeground, false);
  assert.equal(options.logsToSyslog, true);
  assert.equal(options.logsToConsole, false);
  assert.equal(options.detail, 0);
  assert.equal(options.umask, 0o177);
  assert.equal(options.facility, 3);
  assert.deepEqual([options.runVrrp, options.runCheckers], [true, true]);
});

test('short options cluster, values are attached or follow, long ones take = or the next word', () => {
  for (const argv of [
    ['-nlDDf', '/x.conf'],
    ['-nlDD', '-f/x.conf'],
    ['--dont-fork', '--log-console', '-D', '--log-detail', '--use-file=/x.conf'],
    ['--dont-f', '--log-c', '-DD', '--use-file', '/x.conf'],
  ]) {
    const options = daemon(...argv);
    assert.deepEqual(
      [options.isForeground, options.logsToConsole, options.detail, options.configFile],
      [true, true, 2, '/x.conf'],
      argv.join(' '),
    );
  }
});

test('-P and -C choose what runs [keepalived: --vrrp, --check]', () => {
  assert.deepEqual([daemon('-P').runVrrp, daemon('-P').runCheckers], [true, false]);
  assert.deepEqual([daemon('-C').runVrrp, daemon('-C').runCheckers], [false, true]);
});

test('pid files, namespace, id and the rest reach the daemon', () => {
  const options = daemon(
    ...[
      '-p',
      'a',
      '-r',
      'b',
      '-c',
      'c',
      '-s',
      'ns',
      '-i',
      'id',
      '-u',
      '022',
      '-S',
      'local3',
      '-e',
      '-V',
      '-I',
      '-R',
      '-G',
    ],
  );
  assert.deepEqual(
    [options.pidFile, options.vrrpPidFile, options.checkersPidFile, options.namespace, options.configId],
    ['a', 'b', 'c', 'ns', 'id'],
  );
  assert.deepEqual([options.umask, options.facility], [0o22, 19]);
  assert.deepEqual(
    [options.strictIncludes, options.keepsVrrp, options.keepsIpvs, options.logsToSyslog],
    [true, true, true, false],
  );
});

test('umask takes C numbers', () => {
  assert.equal(daemon('-u', '0177').umask, 0o177);
  assert.equal(daemon('-u', '0x7f').umask, 0o177);
  assert.equal(daemon('-u', '127').umask, 0o177);
});

test('the file of -g and -t is optional and must be attached', () => {
  assert.match(daemon('-g').logFile ?? '', /^\/.*keepalived\.log$/);
  assert.equal(daemon('-g/x').logFile, '/x');
  assert.equal(daemon('--log-file=/y').logFile, '/y');
  const invocation = parseArguments(['--config-test=/report', '-f', '/x']);
  assert.equal(invocation.kind === 'test' && invocation.reportFile, '/report');
});

test('other words are reported and ignored', () => {
  const invocation = parseArguments(['-n', 'word', '--', '-f']);
  assert.deepEqual(invocation.kind === 'daemon' && invocation.extra, ['word', '-f']);
});

test('mistakes say what is wrong, in the words of keepalived', () => {
  const cases: readonly (readonly [readonly string[], string])[] = [
    [['-z'], 'Unknown option -z'],
    [['--nonsense'], 'Unknown option --nonsense'],
    [['-f'], 'Missing parameter for option -f'],
    [['--use-file='], 'Missing parameter for option --use-file'],
  ];
  for (const [argv, message] of cases) assert.deepEqual(parseArguments(argv), { kind: 'wrong', message });
  for (const argv of [
    ['-S', '9'],
    ['-u', '0999'],
    ['-u', 'x'],
  ]) {
    assert.equal(parseArguments(argv).kind, 'wrong', argv.join(' '));
  }
});

/** An option as keepalived's help or manual lists it. */
interface Listed {
  readonly short: string | undefined;
  readonly long: string;
  readonly arity: 'none' | 'required' | 'optional';
}

/** keepalived's own list, and what its manual knows beyond it. */
function listedByKeepalived(): readonly Listed[] | undefined {
  let help: string;
  try {
    // It prints its list on standard error.
    help = execFileSync('sh', ['-c', 'keepalived --help 2>&1'], { encoding: 'utf8' });
  } catch {
    return undefined;
  }
  const found = [...help.matchAll(/^ {2}(?:-(\w), | {4})--([a-z_-]+)(\[?[= ]\S)?/gm)].map(
    ([, short, long = '', value = '']): Listed => {
      const arity = value.startsWith('[') ? 'optional' : /^(=| [a-z])/.test(value) ? 'required' : 'none';
      return { short, long, arity };
    },
  );
  return [
    ...found.map((each) =>
      each.long === 'core-dump-pattern' ? { ...each, arity: 'optional' as const } : each,
    ),
    { short: 'g', long: 'log-file', arity: 'optional' },
    { short: undefined, long: 'flush-log-file', arity: 'none' },
    { short: undefined, long: 'ignore-sigint', arity: 'none' },
    { short: undefined, long: 'no-mem-check', arity: 'none' },
    { short: undefined, long: 'perf', arity: 'optional' },
    { short: undefined, long: 'debug', arity: 'optional' },
  ];
}

test('every option of keepalived is accepted in its forms, and does something or says what to do instead', (context) => {
  const listed = listedByKeepalived();
  if (listed === undefined) {
    context.skip('keepalived is missing: apt-get install keepalived');
    return;
  }
  assert.ok(listed.length > 35, `${listed.length} options`);
  const values: Readonly<Record<string, string>> = { 'log-facility': 'local3', umask: '022', signum: 'DATA' };
  const nothing = parseArguments([]);
  for (const { short, long, arity } of listed) {
    const value = values[long] ?? 'some';
    const bare = parseArguments([`--${long}`]);
    const valued = parseArguments([`--${long}=${value}`]);
    assert.equal(bare.kind === 'wrong', arity === 'required', `--${long}`);
    assert.equal(valued.kind === 'wrong', arity === 'none', `--${long}=${value}`);
    const given = arity === 'none' ? bare : valued;
    assert.notDeepEqual(given, nothing, `--${long} has an effect, or a note`);
    if (arity === 'required')
      assert.deepEqual(parseArguments([`--${long}`, value]), given, `--${long} ${value}`);
    if (short === undefined) continue;
    assert.deepEqual(parseArguments([`-${short}${arity === 'none' ? '' : value}`]), given, `-${short}`);
  }
});

test('an option that means something else says so in one line', () => {
  assert.deepEqual(daemon('-x').notes.length, 1);
  assert.match(daemon('--genhash').notes[0] ?? '', /^--genhash must be the first option/);
});

test('the help page fits a terminal and shows the first steps', () => {
  assert.ok(
    helpPage.split('\n').every((line) => line.length <= 80),
    helpPage,
  );
  assert.match(helpPage, /ka-node check FILE/);
});
