/** kill -9 of the daemon's processes at random moments: addresses never stay, nor stand on both nodes. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import test from 'node:test';

import { startKaNode, type Daemon } from '../../support/daemons.js';
import { NetLab, type LabHost } from '../../support/net-lab.js';

/** Advert interval of the test, seconds; its master-down interval is below 0.8 s. */
const intervalS = 0.2;
const deaths = 25;
const pairs = 2;
/** Fixed, so that a failure can be repeated. */
const seed = 20260;

function configuration(priority: number): string {
  return `vrrp_instance WEB {
  interface eth0
  virtual_router_id 6
  version 3
  priority ${priority}
  advert_int ${intervalS}
  virtual_ipaddress {
    10.0.0.100/24 dev eth0
  }
}
`;
}

/** Times at which an address came or went, as `ip monitor` of its host saw them. */
interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

function spansOf(monitor: Awaited<ReturnType<LabHost['monitor']>>, endMs: number): readonly Span[] {
  const spans: Span[] = [];
  let fromMs: number | undefined;
  for (const { text, atMs } of monitor.lines) {
    if (!text.includes('10.0.0.100/24')) continue;
    if (text.includes('Deleted')) {
      if (fromMs !== undefined) spans.push({ fromMs, toMs: atMs });
      fromMs = undefined;
    } else {
      fromMs ??= atMs;
    }
  }
  return fromMs === undefined ? spans : [...spans, { fromMs, toMs: endMs }];
}

test('fifty deaths at random moments: no address is left behind, none is on both nodes for long', async () => {
  await using lab = await NetLab.create('killed');
  const longest = await Promise.all(Array.from({ length: pairs }, (_, index) => suffer(lab, index)));
  // A process has to start before what it left is seen to; machines that run tests are busy.
  for (const overlapMs of longest) assert.ok(overlapMs < 5000, `on both nodes for ${overlapMs} ms`);
});

/** Kills processes of one pair of nodes; the longest time that the address was on both, milliseconds. */
async function suffer(lab: NetLab, index: number): Promise<number> {
  const random = generator(seed + index);
  const lan = await lab.switch(`s${index}`);
  const hosts = await Promise.all(
    [1, 2].map((id) => lab.host(`h${index}${id}`, [{ switch: lan, addresses: [`10.0.0.${id}/24`] }])),
  );
  const monitors = await Promise.all(hosts.map((host) => host.monitor()));
  const nodes: Daemon[] = [];
  for (const [id, host] of hosts.entries()) nodes.push(await startKaNode(host, configuration(100 + id)));
  for (let count = 0; count < deaths; count++) {
    const which = random() < 0.5 ? 0 : 1;
    const node = nodes[which];
    const host = hosts[which];
    assert.ok(node !== undefined && host !== undefined);
    await host.waitFor('an owner', () => owned(hosts));
    await pause(random() * 400);
    const child = childOf(node);
    if (child !== undefined && random() < 0.7) {
      const at = node.program.lines.length;
      kill(child);
      await node.waitForLine(/died: Respawning/, { from: at });
      continue;
    }
    kill(node.program.pid);
    await node.program.exited;
    await host.waitForAddress('10.0.0.100', false, 5000);
    nodes[which] = await startKaNode(host, configuration(100 + which));
  }
  await Promise.all(nodes.map((node) => node.stop()));
  for (const host of hosts) await host.waitForAddress('10.0.0.100', false);
  const endMs = performance.now();
  const [first = [], second = []] = monitors.map((monitor) => spansOf(monitor, endMs));
  await Promise.all(monitors.map((monitor) => monitor.stop()));
  assert.ok(first.length + second.length > 1, 'the address was seen');
  const overlaps = first.flatMap((a) =>
    second.map((b) => Math.min(a.toMs, b.toMs) - Math.max(a.fromMs, b.fromMs)),
  );
  return Math.max(0, ...overlaps);
}

async function owned(hosts: readonly LabHost[]): Promise<boolean> {
  const has = await Promise.all(hosts.map((host) => host.hasAddress('10.0.0.100')));
  return has.includes(true);
}

/** The VRRP process that its pid file names, if it lives. */
function childOf(node: Daemon): number | undefined {
  const file = node.host.path(node.configuration.replace('.conf', '-vrrp.pid'));
  if (!existsSync(file)) return undefined;
  const pid = Number(readFileSync(file, 'utf8'));
  return pid > 0 && existsSync(`/proc/${pid}`) ? pid : undefined;
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It died of the last one.
  }
}

/** A random moment is not an event: this is what the test is about. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Uniform numbers in [0, 1): mulberry32. */
function generator(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
