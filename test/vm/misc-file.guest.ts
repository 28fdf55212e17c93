/**
 * MISC_CHECK (statuses, weights, time limit, user) and FILE_CHECK (weights) through both daemons at once, keepalived's and ours: the same
 * files change, and the tables become what the manual says.
 */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { DaemonProgram, eventually } from './daemon-program.js';
import { freshNamespace, ip, savedTable } from './namespaces.js';

const limitMs = 180_000;
const work = mkdtempSync(join(tmpdir(), 'kaF-'));
// Somebody else runs one of the scripts.
chmodSync(work, 0o755);

const sides = (['keepalived', 'ka-node'] as const).map((which) => {
  const netns = `kaF-${which}`;
  freshNamespace(netns, []);
  return { netns, daemon: new DaemonProgram(netns, which, ['-C']) };
});
after(async () => {
  for (const { netns, daemon } of sides) {
    await daemon.stop('SIGKILL');
    ip('netns', 'del', netns);
  }
});

/** Whoever reads the file sees the old number or the new one. */
function put(name: string, value: number): void {
  writeFileSync(join(work, 'draft'), `${value}\n`, { mode: 0o644 });
  renameSync(join(work, 'draft'), join(work, name));
}

function script(name: string, text: string): string {
  const path = join(work, name);
  writeFileSync(path, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  return path;
}

const status = script('status', `read status <${join(work, 'number')}; exit $status`);
const slow = script(
  'slow',
  `read seconds <${join(work, 'seconds')}; [ $seconds = 0 ] || exec sleep $seconds`,
);
const nobody = script('nobody', '[ "$(id -u)" = 65534 ]');

const real = (last: number, weight: number, checker: string): string =>
  `real_server 10.9.0.${last} 8080 {\nweight ${weight}\n${checker}}\n`;
const misc = (path: string, more: string): string =>
  `MISC_CHECK {\nmisc_path ${path}\nwarmup 0\ndelay_loop 2\nretry 0\n${more}\n}\n`;
const configuration =
  `global_defs {\nscript_user root\n}\ntrack_file load {\nfile ${join(work, 'load')}\n}\n` +
  'virtual_server 10.8.0.1 80 {\nlvs_sched wrr\nlvs_method NAT\nprotocol TCP\ndelay_loop 2\n' +
  real(1, 5, misc(status, 'misc_dynamic\nmisc_timeout 60')) +
  real(2, 2, misc(slow, 'misc_timeout 5')) +
  real(3, 3, misc(nobody, 'user nobody\nmisc_timeout 60\nalpha')) +
  real(4, 10, 'FILE_CHECK {\ntrack_file load\nweight 2\n}\n') +
  real(5, 10, 'FILE_CHECK {\ntrack_file load\nweight 2 reverse\n}\n') +
  '}\n';

/** Weights of the five servers; undefined: not in the table. */
async function become(...weights: readonly (number | undefined)[]): Promise<void> {
  const servers = weights.flatMap((weight, i) =>
    weight === undefined ? [] : [`-a -t 10.8.0.1:80 -r 10.9.0.${i + 1}:8080 -m -w ${weight}`],
  );
  const wanted = ['-A -t 10.8.0.1:80 -s wrr', ...servers].join('\n');
  for (const { netns, daemon } of sides) await eventually(() => savedTable(netns), wanted, limitMs, daemon);
}

test('MISC_CHECK and FILE_CHECK change the table as keepalived’s do [keepalived: MISC_CHECK, FILE_CHECK]', async () => {
  put('number', 0);
  put('seconds', 0);
  put('load', 0);
  for (const { daemon } of sides) daemon.start(configuration);
  await become(5, 2, 3, 10, 10);
  // misc_dynamic: the weight is the status without two; 1 is a failure.
  put('number', 14);
  put('load', 3);
  await become(12, 2, 3, 16, 4);
  put('number', 1);
  put('seconds', 1000);
  await become(undefined, undefined, 3, 16, 4);
  for (const { daemon } of sides) await daemon.says('/slow] timed out with retry disabled.', limitMs);
  put('number', 2);
  put('seconds', 0);
  // keepalived 2.2.7: number times weight, below 0 is 0.
  put('load', -254);
  await become(0, 2, 3, 0, 518);
  put('number', 0);
  put('load', 0);
  await become(5, 2, 3, 10, 10);
  for (const { daemon, netns } of sides) {
    await daemon.stop();
    assert.equal(savedTable(netns), '', daemon.log);
  }
});
