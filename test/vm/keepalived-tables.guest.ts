/**
 * Debian's keepalived and the daemon run all configurations of compare-configs.ts at once, each in a namespace of its own, and their
 * IPVS tables say the same after every step: start, a server down, quorum lost, quorum back, reload, stop.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { parseConfig } from '../../lib/config/load.js';
import { compareCases } from './compare-configs.js';
import { DaemonProgram } from './daemon-program.js';
import { Notices } from './notices.js';
import { freshNamespace, ip, savedTable, until } from './namespaces.js';

const limitMs = 180_000;
function side(netns: string, which: 'keepalived' | 'ka-node') {
  freshNamespace(netns, []);
  return { netns, daemon: new DaemonProgram(netns, which, ['-C']), notices: new Notices(netns) };
}
const theirs = side('kaL-theirs', 'keepalived');
const ours = side('kaL-ours', 'ka-node');
const sides = [theirs, ours];
type Side = (typeof sides)[number];

const work = mkdtempSync(join(tmpdir(), 'kaL-'));
const switches = ['first', 'others'] as const;
type Switch = (typeof switches)[number];
const fileOf = (name: Switch): string => join(work, name);

for (const name of switches) turn(name, 'up');
after(async () => {
  for (const { netns, daemon, notices } of sides) {
    await daemon.stop('SIGKILL');
    await notices.close();
    ip('netns', 'del', netns);
  }
});

/** Whoever reads the file sees the old number or the new one, never an empty file. */
function turn(name: Switch, to: 'up' | 'down'): void {
  const draft = join(work, 'draft');
  writeFileSync(draft, to === 'up' ? '0\n' : '1\n');
  renameSync(draft, fileOf(name));
}

/** Every case has addresses, marks and group names of its own. */
function placed(text: string, index: number): string {
  return text
    .replaceAll(/\b10\.8\./g, `10.${100 + index}.`)
    .replaceAll('2001:db8:8:', `2001:db8:${100 + index}:`)
    .replaceAll(/fwmark (\d+)/g, (_, mark: string) => `fwmark ${(index + 1) * 1000 + Number(mark)}`)
    .replaceAll(/\bG\b/g, `G${index}`);
}

/** The lines of a table that are about one case. */
function linesOf(table: string, index: number): string {
  const mine = new RegExp(
    ` 10\\.${100 + index}\\.| \\[2001:db8:${100 + index}:| -f ${index + 1}\\d\\d\\d( |$)`,
  );
  return table
    .split('\n')
    .filter((line) => mine.test(line))
    .join('\n');
}

/** Another scheduler, other weights, another timeout, one server gone, one new. */
function changed(text: string): string {
  return text
    .replaceAll('lvs_sched rr\n', 'lvs_sched lc\n')
    .replaceAll('weight 3\n', 'weight 7\n')
    .replaceAll('persistence_timeout 77', 'persistence_timeout 99')
    .replaceAll(/real_server 10\.9\.0\.2 8080 \{\nweight 1/g, 'real_server 10.9.0.8 8080 {\nweight 4');
}

/**
 * With the sorry server in use keepalived 2.2.7 puts what a reload changes beside it, a server that is down too, with its old weight.
 * Here the sorry server has the pool to itself, also then.
 */
const sorryAlone = {
  name: 'quorum above the sum',
  lines: (index: number) =>
    `-A -t 10.${100 + index}.0.1:80 -s wlc\n-a -t 10.${100 + index}.0.1:80 -r 10.9.0.99:9999 -m -w 1`,
};

const trackFiles = switches.map((name) => `track_file ${name} {\nfile ${fileOf(name)}\n}\n`).join('');
const configuration = (change: (text: string) => string, { notices }: Side): string =>
  // keepalived ends its child after 5 s unless told: not long enough to delete all of this on a slow machine.
  `child_wait_time 120\nglobal_defs {\n${notices.settings}}\n${trackFiles}` +
  compareCases
    .map(({ text }, i) => placed(change(text), i))
    .join('')
    .replaceAll('SCRIPT', notices.script);
const same = (text: string): string => text;

/** Waits until both daemons have told of every server of the files that went up or down since `from`. */
async function told(verbs: string, servers: number, from: ReadonlyMap<string, number>): Promise<void> {
  const wanted = new RegExp(`(${verbs}) service \\[`, 'g');
  const count = ({ netns, daemon }: Side): number =>
    daemon.log.slice(from.get(netns)).match(wanted)?.length ?? 0;
  const counts = (): string => `${count(theirs)} theirs, ${count(ours)} ours`;
  const all = `${servers} theirs, ${servers} ours`;
  assert.equal(await until(counts, () => all, limitMs), all, `${verbs}\n${ours.daemon.log}`);
}

/** Real servers that follow these files. */
function followers(text: string, names: readonly Switch[]): number {
  const file = join(work, 'count.conf');
  writeFileSync(file, text);
  const { model } = parseConfig({ path: file }, { mode: 'daemon' });
  assert.ok(model !== undefined);
  return model.virtualServer
    .flatMap(({ realServer }) => realServer)
    .flatMap(({ checkers }) => checkers)
    .filter((checker) => checker.kind === 'FILE_CHECK' && names.some((name) => name === checker.trackFile))
    .length;
}

const marks = (): ReadonlyMap<string, number> =>
  new Map(sides.map(({ netns, daemon }) => [netns, daemon.log.length]));

/** Compares case by case once the tables are equal or cannot be expected to become so. */
async function compare(t: test.TestContext, step: string, before: string): Promise<string> {
  const isReloaded = step.includes('reload');
  const except = compareCases.findIndex(({ name }) => isReloaded && name === sorryAlone.name);
  const comparable = ({ netns }: Side): string => {
    const lines = new Set(except < 0 ? [] : linesOf(savedTable(netns), except).split('\n'));
    return savedTable(netns)
      .split('\n')
      .filter((line) => !lines.has(line))
      .join('\n');
  };
  const moved = (): string => (comparable(theirs) === before ? '' : 'moved');
  const seen = await until(moved, () => 'moved', limitMs);
  assert.equal(seen, 'moved', `${step}: keepalived's table stayed as it was\n${theirs.daemon.log}`);
  await until(
    () => comparable(ours),
    () => comparable(theirs),
    90_000,
  );
  const [mine, table] = [savedTable(ours.netns), savedTable(theirs.netns)];
  for (const [i, { name }] of compareCases.entries())
    await t.test(`${step}: ${name} [keepalived: virtual_server]`, () => {
      const lines = i === except ? sorryAlone.lines(i) : linesOf(table, i);
      assert.notEqual(lines, '', 'no service at all');
      assert.equal(linesOf(mine, i), lines);
    });
  assert.equal(comparable(ours), comparable(theirs));
  return comparable(theirs);
}

/**
 * Mistakes in the file, which have a form of their own; how often a mail server was spoken to; the check that may or may not be made
 * within the test.
 */
const elsewhere =
  /^Opening|^Configuration|^Warning|KA\d{4}|^ +\d* \||SMTP|^TCP_CHECK on service \[10\.9\.0\.1\]/;

/** Log lines about servers and quorums, without their time. */
function logged({ daemon }: Side): readonly string[] {
  const wanted =
    /(TCP_CHECK|TCP connection|tracked file|(Adding|Removing|Enabling|Disabling) |quorum|Changing weight|alert)/;
  return daemon.log
    .split('\n')
    .map((line) => line.replace(/^.*? \d{4}: /, ''))
    .filter((line) => wanted.test(line) && !elsewhere.test(line))
    .toSorted();
}

/** Virtual servers with a check that may or may not be made within the test: neither daemon says when its warmup ends. */
const undecided = compareCases.flatMap(({ text }, i) => (text.includes('warmup 1000') ? [100 + i] : []));
const isDecided = (line: string): boolean => !undecided.some((octet) => line.includes(`[10.${octet}.0.1]`));

/** Pipe, scripts, mails and log of both daemons until now. Lines of different virtual servers have no order. */
async function compareNotices(limit: number): Promise<void> {
  const words = [
    ['pipe', ({ notices }: Side) => notices.lines.filter(isDecided).toSorted()],
    ['scripts', ({ notices }: Side) => notices.runs],
    ['mails', ({ notices }: Side) => notices.mails.filter(isDecided)],
    ['log', (it: Side) => logged(it).filter(isDecided)],
  ] as const;
  const all = (it: Side): string => JSON.stringify(words.map(([, read]) => read(it)));
  await until(
    () => all(ours),
    () => all(theirs),
    limit,
  );
  const seen = words.map(([what, read]) => {
    assert.notDeepEqual(read(theirs), [], what);
    return [what, { ours: without(read(ours), read(theirs)), theirs: without(read(theirs), read(ours)) }];
  });
  const nothing = words.map(([what]) => [what, { ours: [], theirs: [] }]);
  assert.deepEqual(seen, nothing, JSON.stringify(seen, undefined, 1));
  const index = compareCases.findIndex(({ name }) => name.startsWith('all that is told'));
  const ofOne = ({ notices }: Side): readonly string[] =>
    notices.lines.filter((line) => line.includes(`[10.${100 + index}.0.1]`));
  assert.deepEqual(ofOne(ours), ofOne(theirs), 'order in the pipe');
}

/** The lines of a list that another one lacks; one that is there twice is to be there twice. */
function without(list: readonly string[], other: readonly string[]): readonly string[] {
  const rest = [...other];
  return list.filter((line) => {
    const at = rest.indexOf(line);
    if (at >= 0) rest.splice(at, 1);
    return at < 0;
  });
}

test('the same tables as keepalived', async (t) => {
  for (const it of sides) {
    assert.equal(
      await until(
        () => String(it.notices.isReady),
        () => 'true',
        limitMs,
      ),
      'true',
      'no mail server',
    );
    it.daemon.start(configuration(same, it));
  }
  for (const { daemon } of sides) await daemon.says('Gained quorum', limitMs);
  const full = await compare(t, 'start', '');

  let running = configuration(same, ours);
  const flip = async (step: string, names: readonly Switch[], to: 'up' | 'down', before: string) => {
    const from = marks();
    for (const name of names) turn(name, to);
    await told(to === 'up' ? 'Adding|Enabling' : 'Removing|Disabling', followers(running, names), from);
    return compare(t, step, before);
  };
  const without = await flip('a server down', ['first'], 'down', full);
  const lost = await flip('quorum lost', ['others'], 'down', without);
  assert.equal(await flip('quorum back', ['first', 'others'], 'up', lost), full);

  const failing = await flip('a server down again', ['first'], 'down', full);
  // A reload of keepalived tells of what it does to the sorry server's neighbours too, see above.
  await t.test('the same was told until then [keepalived: lvs_notify_fifo]', () => compareNotices(limitMs));
  running = configuration(changed, ours);
  for (const it of sides) await it.daemon.reload(configuration(changed, it), limitMs);
  const reloaded = await compare(t, 'reload', failing);
  await flip('a server back after the reload', ['first'], 'up', reloaded);

  for (const side of sides) await side.daemon.stop();
  assert.equal(savedTable(ours.netns), '', ours.daemon.log.slice(-5_000));
  // Once it has reloaded, keepalived 2.2.7 forgets services of groups when it ends.
  const groups = compareCases.flatMap(({ text }, i) => (text.includes('virtual_server_group') ? [i] : []));
  const table = savedTable(theirs.netns);
  const forgotten = new Set(groups.flatMap((i) => linesOf(table, i).split('\n')));
  const left = table.split('\n').filter((line) => line !== '' && !forgotten.has(line));
  assert.deepEqual(left, [], theirs.daemon.log.slice(-5_000));
});
