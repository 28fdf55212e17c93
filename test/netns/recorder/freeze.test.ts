/** Nodes that are stopped for longer than their peers wait, and continued: who owns the address then, and what neighbours know. */
import assert from 'node:assert/strict';
import test from 'node:test';

import { startKaNode, type Daemon } from '../../support/daemons.js';
import { exampleLab, vip } from '../../support/examples.js';
import type { LabHost } from '../../support/net-lab.js';
import { processTree } from '../../support/program.js';

const intervalMs = 200;
const freezes = 20;
/** Monitors and this test itself run late on a busy machine. */
const slackMs = 300;

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
    return Date.now();
  };
}

async function until(what: string, limitMs: number, condition: () => Promise<boolean>): Promise<number> {
  const begin = Date.now();
  while (!(await condition())) {
    assert.ok(Date.now() - begin < limitMs, `${what}: not within ${limitMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return Date.now() - begin;
}

async function macOf(host: LabHost): Promise<string> {
  return /link\/ether (\S+)/.exec(await host.ip('link', 'show', 'eth0'))?.[1] ?? '';
}

async function known(host: LabHost): Promise<string> {
  return /lladdr (\S+)/.exec(await host.ip('neigh', 'show', vip))?.[1] ?? '';
}

test('twenty freezes of the master: one owner an interval after the thaw, neighbours right within a second', async () => {
  await using lab = await exampleLab('frzm');
  const { ka1, ka2, client } = lab;
  await using master = await startKaNode(ka1, text(150));
  await master.waitForLine(/\(WEB\) Entering MASTER STATE/);
  await using backup = await startKaNode(ka2, text(100));
  await backup.waitForLine(/\(WEB\) Entering BACKUP STATE/);
  assert.equal(await client.ping(vip), true);
  const [mac1, mac2] = [await macOf(ka1), await macOf(ka2)];
  for (let i = 0; i < freezes; i++) {
    const thaw = stop(master);
    await ka2.waitForAddress(vip);
    await until('the client knows the new master', 5000, async () => (await known(client)) === mac2);
    thaw();
    const twoOwners = await until('one owner after the thaw', 5000, async () => !(await ka2.hasAddress(vip)));
    assert.ok(twoOwners < intervalMs + slackMs, `two owners for ${twoOwners} ms after thaw ${i}`);
    await until('the client knows the owner', 1000, async () => (await known(client)) === mac1);
    assert.equal(await ka1.hasAddress(vip), true);
  }
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
    await new Promise((resolve) => setTimeout(resolve, 5 * intervalMs)); // how long it is frozen
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
