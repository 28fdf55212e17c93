/** Nodes that are stopped for longer than their peers wait, and continued: who owns the address then, and what neighbours know. */
import assert from 'node:assert/strict';
import test from 'node:test';

import { startKaNode, type Daemon } from '../../support/daemons.js';
import { exampleLab, vip } from '../../support/examples.js';
import type { LabHost } from '../../support/net-lab.js';
import { processTree } from '../../support/program.js';
import { OwnLateness } from '../../support/stalls.js';

const intervalMs = 200;
const freezes = 20;
/** Between a thaw and the line of `ip monitor` that is read here, so many processes have to be woken one after the other. */
const wakes = 8;

function text(priority: number): string {
  return `
global_defs {
  vrrp_rt_priority 50
}
vrrp_instance WEB {
  interface eth0
  virtual_router_id 6
  version 3
  priority ${priority}
  advert_int ${intervalMs / 1000}
  virtual_ipaddress {
    10.0.0.100/24 dev eth0
  }
}
`;
}

function stop(daemon: Daemon): () => number {
  const pids = processTree(daemon.program.pid);
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  return () => {
    for (const pid of pids.toReversed()) process.kill(pid, 'SIGCONT');
    return performance.now();
  };
}

async function macOf(host: LabHost): Promise<string> {
  return /link\/ether (\S+)/.exec(await host.ip('link', 'show', 'eth0'))?.[1] ?? '';
}

test('twenty freezes of the master: one owner an interval after the thaw, neighbours right within a second', async (t) => {
  await using lab = await exampleLab('frzm');
  const { ka1, ka2, client } = lab;
  using lateness = new OwnLateness();
  await using master = await startKaNode(ka1, text(150));
  await master.waitForLine(/\(WEB\) Entering MASTER STATE/);
  await using backup = await startKaNode(ka2, text(100));
  await backup.waitForLine(/\(WEB\) Entering BACKUP STATE/);
  const addresses = await ka2.monitor();
  const neighbours = await client.start(['ip', 'monitor', 'neigh']);
  assert.equal(await client.ping(vip), true);
  const knows = (mac: string): RegExp => new RegExp(`^10\\.0\\.0\\.100 .*lladdr ${mac}`);
  const [mac1, mac2] = [knows(await macOf(ka1)), knows(await macOf(ka2))];
  const seen: string[] = [];
  for (let i = 0; i < freezes; i++) {
    let from = neighbours.lines.length;
    const thaw = stop(master);
    await ka2.waitForAddress(vip);
    await neighbours.waitForLine(mac2, { from });
    from = neighbours.lines.length;
    const changes = addresses.lines.length;
    const thawMs = thaw();
    const gone = await addresses.waitForLine(/Deleted.* 10\.0\.0\.100\/24/, { from: changes });
    const known = await neighbours.waitForLine(mac1, { from });
    const [twoOwnersMs, knownMs] = [gone.atMs - thawMs, known.atMs - thawMs];
    const owedMs = wakes * lateness.worstMs(thawMs, thawMs + 1000);
    seen.push(`${twoOwnersMs.toFixed(0)}/${knownMs.toFixed(0)}/${owedMs.toFixed(0)}`);
    assert.ok(
      twoOwnersMs < intervalMs + owedMs,
      `two owners for ${twoOwnersMs} ms after thaw ${i}, the machine owed ${owedMs} ms`,
    );
    assert.ok(
      knownMs < 1000 + owedMs,
      `the client was right after ${knownMs} ms, the machine owed ${owedMs} ms`,
    );
    assert.equal(await ka1.hasAddress(vip), true);
  }
  t.diagnostic(`ms of two owners, until the client was right, owed by the machine: ${seen.join(' ')}`);
});

test('twenty freezes of the backup: it hears the master before it believes in its own timers', async () => {
  await using lab = await exampleLab('frzb');
  const { ka1, ka2 } = lab;
  await using master = await startKaNode(ka1, text(150));
  await master.waitForLine(/\(WEB\) Entering MASTER STATE/);
  await using backup = await startKaNode(ka2, text(100));
  await backup.waitForLine(/\(WEB\) Entering BACKUP STATE/);
  const from = backup.program.lines.length;
  const monitor = await ka2.monitor();
  const seen = monitor.lines.length;
  for (let i = 0; i < freezes; i++) {
    const thaw = stop(backup);
    // More than an interval longer than it would wait for the master, and a second at least: only that is told, and once a second.
    await new Promise((resolve) => setTimeout(resolve, 5 * intervalMs));
    const told = backup.program.lines.length;
    thaw();
    await backup.waitForLine(/the engine was not running for/, { from: told });
  }
  const lines = backup.program.lines.slice(from).map((line) => line.text);
  assert.deepEqual(
    lines.filter((line) => line.includes('Entering')),
    [],
  );
  assert.deepEqual(
    monitor.lines.slice(seen).filter((line) => line.text.includes(vip)),
    [],
  );
  assert.equal(await ka1.hasAddress(vip), true);
});
