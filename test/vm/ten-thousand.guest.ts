/** 10,000 real servers through the daemon: start, a reload with one change, half of them down at once, stop. */
import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import type { IpvsEntryStatus } from '../../bindings/ipvs-types.js';
import { Ipvs } from '../../lib/lvs/ipvs.js';
import { DaemonProgram } from './daemon-program.js';
import { freshNamespace, ip, savedTable, until } from './namespaces.js';

const netns = 'kaM-lvs';
const limitMs = 400_000;
const services = 200;
const servers = 50;
freshNamespace(netns, []);
const daemon = new DaemonProgram(netns, 'ka-node', ['-C']);
const work = mkdtempSync(join(tmpdir(), 'kaM-'));
after(async () => {
  await daemon.stop('SIGKILL');
  ip('netns', 'del', netns);
});

function turn(to: 'up' | 'down'): void {
  writeFileSync(join(work, 'draft'), to === 'up' ? '0\n' : '1\n');
  renameSync(join(work, 'draft'), join(work, 'half'));
}

function configuration(weightOfLast: number): string {
  const lines = [`track_file half {\nfile ${join(work, 'half')}\n}\n`];
  for (let v = 0; v < services; v++) {
    lines.push(`virtual_server 10.8.${v}.1 80 {\nlvs_sched wrr\nlvs_method NAT\nprotocol TCP\n`);
    for (let r = 0; r < servers; r++) {
      const check = r % 2 === 0 ? '' : 'FILE_CHECK {\ntrack_file half\nweight 0\n}\n';
      const weight = v === services - 1 && r === servers - 1 ? weightOfLast : 1;
      lines.push(`real_server 10.9.${v}.${r + 1} 8080 {\nweight ${weight}\n${check}}\n`);
    }
    lines.push('}\n');
  }
  return lines.join('');
}

/** Servers in the table, and the sum of their weights. */
function size(table: string): string {
  const weights = [...table.matchAll(/^-a .* -w (\d+)$/gm)].map(([, weight]) => Number(weight));
  return `${weights.length} with ${weights.reduce((sum, weight) => sum + weight, 0)}`;
}

const all = services * servers;
const becomes = async (wanted: string): Promise<void> =>
  assert.equal(
    await until(
      () => size(savedTable(netns)),
      () => wanted,
      limitMs,
    ),
    wanted,
    daemon.log.slice(-3000),
  );

const keys = (entries: readonly IpvsEntryStatus[]): string =>
  JSON.stringify(
    entries.map(({ service, destinations }) => [service.key, destinations.map((d) => d.address)]),
  );

test('10,000 real servers: start, reload with one change, mass failure of half of them, stop', async () => {
  turn('up');
  await using ipvs = new Ipvs({ netns });
  daemon.start(configuration(1));
  await becomes(`${all} with ${all}`);
  // The kernel lists what was added last first: an entry that is removed and added again changes its place.
  const before = keys(await ipvs.table());
  await daemon.reload(configuration(8), limitMs);
  // A process that is busy for long takes the new configuration when it answers again.
  await becomes(`${all} with ${all + 7}`);
  assert.equal(keys(await ipvs.table()), before, 'something was removed and added again');

  turn('down');
  await becomes(`${all / 2} with ${all / 2}`);
  await daemon.says('Removing service [', limitMs, all / 2);
  assert.equal(daemon.count('Removing service ['), all / 2);
  assert.equal(daemon.count('log lines'), 0);
  await daemon.stop();
  assert.equal(savedTable(netns), '');
});
