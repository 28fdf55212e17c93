/** Two masters: the alarm, its end, and no alarm where there are none. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import test from 'node:test';

import { createNode, parseConfig, type SplitBrain, type VrrpNode } from '../../../lib/index.js';
import { RecordingLogger } from '../../support/recording-logger.js';
import { exampleLab, vip, type ExampleLab } from '../../support/examples.js';
import type { LabHost } from '../../support/net-lab.js';
import { Stalls } from '../../support/stalls.js';

const intervalMs = 500;

function instance(name: string, vrid: number, address: string, priority: number, interval: number): string {
  return `
vrrp_instance ${name} {
  interface eth0
  virtual_router_id ${vrid}
  version 3
  priority ${priority}
  advert_int ${interval}
  virtual_ipaddress {
    ${address}/24 dev eth0
  }
}
`;
}

async function start(host: LabHost, text: string, logger = new RecordingLogger()): Promise<VrrpNode> {
  const { model } = parseConfig({ text }, { offline: true });
  assert.ok(model !== undefined);
  return createNode(model, { netns: `/run/netns/${host.namespace}`, logger });
}

const web = (priority: number): string => instance('WEB', 6, vip, priority, intervalMs / 1000);

/** The next alarm, or its end, of the only router. */
function alarm(node: VrrpNode, active: boolean): Promise<SplitBrain> {
  const [router] = node.routers;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no split brain event, active ${active}`)), 30_000);
    const look = (event: SplitBrain): void => {
      if (event.active !== active) return;
      clearTimeout(timer);
      router?.off('splitBrain', look);
      resolve(event);
    };
    router?.on('splitBrain', look);
  });
}

async function both(
  lab: ExampleLab,
  logger?: RecordingLogger,
): Promise<{ readonly master: VrrpNode; readonly backup: VrrpNode }> {
  const master = await start(lab.ka1, web(150), logger);
  await master.router('WEB')?.reached('MASTER', AbortSignal.timeout(30_000));
  const backup = await start(lab.ka2, web(100));
  await backup.router('WEB')?.reached('BACKUP', AbortSignal.timeout(30_000));
  return { master, backup };
}

async function until(what: string, condition: () => Promise<boolean> | boolean): Promise<void> {
  for (const end = Date.now() + 30_000; !(await condition());) {
    assert.ok(Date.now() < end, what);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const announced = (node: VrrpNode): number => node.standings()[0]?.engine?.counters.announced ?? 0;

async function macOf(host: LabHost): Promise<string> {
  return /link\/ether (\S+)/.exec(await host.ip('link', 'show', 'eth0'))?.[1] ?? '';
}

/** The MAC address that a host knows for the virtual address. */
async function known(host: LabHost): Promise<string> {
  return /lladdr (\S+)/.exec(await host.ip('neigh', 'show', vip))?.[1] ?? '';
}

async function dropAdverts(host: LabHost): Promise<void> {
  const chain = 'add chain inet t in { type filter hook input priority 0; }';
  await host.runOk(['nft', `add table inet t; ${chain}; add rule inet t in meta l4proto 112 drop`]);
}

test('adverts lost both ways: the address answers from another MAC, and the winner announces again', async (t) => {
  await using lab = await exampleLab('split');
  const logger = new RecordingLogger();
  const { master, backup } = await both(lab, logger);
  await using first = master;
  await using second = backup;
  await using stalls = await Stalls.start();
  const here = alarm(first, true);
  const there = alarm(second, true);
  await Promise.all([dropAdverts(lab.ka1), dropAdverts(lab.ka2)]);
  await second.router('WEB')?.reached('MASTER', AbortSignal.timeout(30_000));
  const split = second.router('WEB')?.lastChange?.atMs ?? 0;
  const [mine, theirs] = await Promise.all([here, there]);
  const owedMs = 1000 * (await stalls.end());
  assert.deepEqual(
    [mine.sign, mine.address, mine.mac, theirs.mac],
    ['neighbour', vip, await macOf(lab.ka2), await macOf(lab.ka1)],
  );
  // Engine's time against engine's time.
  t.diagnostic(
    `alarms after ${mine.atMs - split} and ${theirs.atMs - split} ms, the machine owed ${owedMs} ms`,
  );
  for (const { atMs } of [mine, theirs])
    assert.ok(atMs - split < 3 * intervalMs + owedMs, `${atMs - split} ms, the machine owed ${owedMs} ms`);
  const log = logger.lines.join('\n');
  assert.match(log, new RegExp(`\\(WEB\\) SPLIT BRAIN: .*${await macOf(lab.ka2)}`));
  assert.equal(first.standings()[0]?.engine?.splitBrain, true);
  assert.equal(first.standings()[0]?.engine?.counters.splitBrains, 1);

  await lab.client.ping(vip);
  const before = announced(first);
  const over = alarm(first, false);
  await Promise.all([lab.ka1, lab.ka2].map((host) => host.runOk(['nft', 'delete table inet t'])));
  await second.router('WEB')?.reached('BACKUP', AbortSignal.timeout(30_000));
  await over;
  assert.equal(first.router('WEB')?.state, 'MASTER');
  assert.equal(first.standings()[0]?.engine?.splitBrain, false);
  await until('it announces again', () => announced(first) > before);
  const mac = await macOf(lab.ka1);
  await until('the client knows the winner', async () => (await known(lab.client)) === mac);
});

test('one-way loss: adverts of lower priority go on; log, pipe words and counter tell', async () => {
  await using lab = await exampleLab('oneway');
  const logger = new RecordingLogger();
  const fifo = lab.ka1.path('fifo');
  mkdirSync(dirname(fifo), { recursive: true });
  await lab.ka1.runOk(['mkfifo', fifo]);
  await using reader = await lab.ka1.start(['cat', fifo]);
  const globals = `global_defs {\n  vrrp_notify_fifo ${fifo}\n}\n`;
  await using first = await start(lab.ka1, globals + web(150), logger);
  await first.router('WEB')?.reached('MASTER', AbortSignal.timeout(30_000));
  await using second = await start(lab.ka2, web(100));
  await second.router('WEB')?.reached('BACKUP', AbortSignal.timeout(30_000));
  const raised = new Promise<SplitBrain>((resolve) => {
    first.router('WEB')?.on('splitBrain', (event) => {
      if (event.active && event.sign === 'adverts') resolve(event);
    });
  });
  await using stalls = await Stalls.start();
  await dropAdverts(lab.ka2);
  await second.router('WEB')?.reached('MASTER', AbortSignal.timeout(30_000));
  const split = second.router('WEB')?.lastChange?.atMs ?? 0;
  const { peer, peerPriority, atMs } = await raised;
  const owedMs = 1000 * (await stalls.end());
  assert.deepEqual([peer, peerPriority], ['10.0.0.28', 100]);
  assert.ok(atMs - split < 3 * intervalMs + owedMs, `${atMs - split} ms, the machine owed ${owedMs} ms`);
  assert.ok(
    logger.lines.some((text) => text.includes('(WEB) SPLIT BRAIN: 10.0.0.28 goes on advertising')),
    logger.lines.join('\n'),
  );
  await reader.waitForLine(/^INSTANCE "WEB" MASTER_SPLIT_BRAIN 150$/);
  assert.equal(first.standings()[0]?.engine?.counters.splitBrains, 1);
});

test('a network that was cut in two and is whole again: the winner announces although it heard of nobody', async () => {
  await using lab = await exampleLab('cut');
  const { master, backup } = await both(lab);
  await using first = master;
  await using second = backup;
  await lab.ka2.isolate();
  await second.router('WEB')?.reached('MASTER', AbortSignal.timeout(30_000));
  const before = announced(first);
  await lab.ka2.rejoin();
  await second.router('WEB')?.reached('BACKUP', AbortSignal.timeout(30_000));
  await until('it announces again', () => announced(first) > before);
  assert.equal(first.router('WEB')?.state, 'MASTER');
});

test('one per cent of loss, handovers and reloads are no alarm', async () => {
  await using lab = await exampleLab('loss');
  const many = (priority: number): string =>
    Array.from({ length: 20 }, (_, i) => instance(`V${i + 1}`, i + 1, `10.0.1.${i + 1}`, priority, 0.1)).join(
      '',
    );
  const chain = 'add chain inet t in { type filter hook input priority 0; }';
  for (const host of [lab.ka1, lab.ka2])
    await host.runOk([
      'nft',
      `add table inet t; ${chain}; add rule inet t in numgen random mod 100 == 0 counter drop`,
    ]);
  const alarms: string[] = [];
  await using first = await start(lab.ka1, many(150));
  await using second = await start(lab.ka2, many(100));
  for (const node of [first, second])
    node.on('engine', (event) => {
      if (event.kind === 'split-brain') alarms.push(JSON.stringify(event));
    });
  const masters = (node: VrrpNode): number => node.routers.filter(({ isMaster }) => isMaster).length;
  const parse = (text: string): ReturnType<typeof parseConfig>['model'] =>
    parseConfig({ text }, { offline: true }).model;
  for (const [priority, winner] of [
    [150, first],
    [50, second],
    [150, first],
  ] as const) {
    const model = parse(many(priority));
    assert.ok(model !== undefined);
    await first.reload(model);
    await until('all are master on one node', () => masters(winner) === 20);
    const sent = (): number => winner.standings()[0]?.engine?.counters.sent ?? 0;
    const from = sent();
    await until('thirty adverts of each', () => sent() >= from + 30);
  }
  const dropped = await lab.ka2.runOk(['nft', 'list', 'table', 'inet', 't']);
  assert.match(dropped, /packets [1-9]/);
  assert.deepEqual(alarms, []);
});
