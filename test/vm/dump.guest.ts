/**
 * keepalived_check.data of Debian's keepalived and of the daemon for the configurations of dump-configs.ts, line by line: defaults,
 * inheritance from virtual server to real server to checker, corrections.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { DaemonProgram } from './daemon-program.js';
import { dumpCases } from './dump-configs.js';
import { freshNamespace, ip, until } from './namespaces.js';

const limitMs = 180_000;
const work = mkdtempSync(join(tmpdir(), 'kaM-'));

function configuration(): string {
  const trackFile = join(work, 'tf');
  writeFileSync(trackFile, '0\n');
  const head = `global_defs {\nenable_script_security\nscript_user root\n}\ntrack_file tf {\nfile ${trackFile}\nweight 2\n}\n`;
  return head + dumpCases.map(({ text }) => text.replaceAll('SCRIPT', '/usr/bin/true')).join('');
}

/** What was found until now, and what only one of the two counts or keeps for itself. */
const omitted = new RegExp(
  `^ +(${[
    ...[
      'alive = ',
      'quorum_state_up',
      'sorry server active',
      'Alive:',
      'num failed',
      'effective weight',
      'Status = ',
    ],
    ...['Up = ', 'Has run', 'Current weight', 'Retries iter', 'Failed URL', 'Last ran', 'Last status'],
    ...['previous effective', 'RS set', '[Rr]eloaded', 'Enabled', 'Hashed', 'Regex ref', 'Default delay'],
    // Handed down to the checkers, and compared there.
    ...['connection timeout', 'Retry count', 'Retry delay', 'Warmup = [\\d.]+$', 'Delay loop = [\\d.]+$'],
    // keepalived 2.2.7 leaves out the name that is its default.
    'Name = \\.?$',
  ].join('|')})`,
);

/** Lines that say how the configuration is understood, by section. */
function understood(data: string): ReadonlyMap<string, readonly string[]> {
  const sections = new Map<string, string[]>();
  let lines: string[] = [];
  let isVirtual = false;
  for (const line of data.trimEnd().split('\n')) {
    const title = /^------< (.*) >------$/.exec(line)?.[1];
    if (title !== undefined) sections.set(title, (lines = []));
    if (line.startsWith(' VS ')) isVirtual = true;
    else if (/Real server|sorry server/.test(line)) isVirtual = false;
    // inhibit_on_failure of a virtual server is that of its real servers.
    const isInherited = isVirtual && line.includes('Inhibit on failure');
    if (title !== undefined || omitted.test(line) || isInherited || line.includes('compiled with')) continue;
    lines.push(line.replace(/ EFF WEIGHT = .*/, ''));
  }
  return sections;
}

/** @returns the whole file, once its last line is there. */
async function dumpOf(which: 'keepalived' | 'ka-node', text: string): Promise<string> {
  const folder = join(work, which);
  mkdirSync(folder);
  // Where both write it.
  process.env['TMPDIR'] = folder;
  const netns = `kaM-${which}`;
  freshNamespace(netns, []);
  const daemon = new DaemonProgram(netns, which, ['-C']);
  try {
    daemon.start(text);
    await daemon.says('Gained quorum', limitMs);
    process.kill(daemon.pid, 'SIGUSR1');
    const path = join(folder, 'keepalived_check.data');
    const read = (): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');
    const isWhole = (): string => String(read().includes('Tracking instances') && read().endsWith(' -7\n'));
    assert.equal(await until(isWhole, () => 'true', limitMs), 'true', `${read().slice(-500)}\n${daemon.log}`);
    return read();
  } finally {
    await daemon.stop('SIGTERM');
    ip('netns', 'del', netns);
  }
}

test('virtual servers are understood as keepalived does', async (t) => {
  const text = configuration();
  const theirs = understood(await dumpOf('keepalived', text));
  const ours = understood(await dumpOf('ka-node', text));
  const servers = theirs.get('LVS Topology')?.filter((line) => line.startsWith(' VS ')) ?? [];
  assert.equal(servers.length, text.match(/^virtual_server .*\{$/gm)?.length);
  for (const title of ['LVS Topology', 'Health checkers', 'Checker track files'])
    await t.test(`${title} [keepalived: SIGUSR1]`, () => {
      assert.ok((theirs.get(title)?.length ?? 0) > 5, `keepalived has no ${title}`);
      assert.deepEqual(ours.get(title), theirs.get(title));
    });
});
