/** kill -9 of the daemon's processes at random moments: addresses never stay, nor stand on both nodes. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import test from 'node:test';

import { startKaNode, type Daemon } from '../../support/daemons.js';
import { addressSpans, overlaps, owners, randomNumbers, type Span } from '../../support/killing.js';
import { NetLab } from '../../support/net-lab.js';
import type { Line } from '../../support/program.js';
import { OwnLateness } from '../../support/stalls.js';

/** Advert interval of the test, seconds; its master-down interval is below 0.8 s. */
const intervalS = 0.2;
const pairs = 5;
const deathsPerPair = 20;
/** From the fourth death in a row on, a child is started with a delay, which grows: the daemon is ended before that takes long. */
const childDeaths = 4;
/** Fixed, so that a failure can be repeated. */
const seed = 20260;
/** An address of a process that died may stay for so long. */
const leftMs = 1000;
/** Between a death and the line of `ip monitor` that is read here, so many processes have to be woken one after the other. */
const wakes = 8;

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

/** One kill of a process that stood for an address or not. */
interface Death {
  readonly host: number;
  readonly what: 'vrrp' | 'supervisor';
  readonly atMs: number;
  /** When another process of the node went on with the mastership; undefined: none did. */
  readonly resumedMs: number | undefined;
}

test('a hundred deaths at random moments: no address is left behind, none is on both nodes for long', async () => {
  await using lab = await NetLab.create('killed');
  using lateness = new OwnLateness();
  const tales = await Promise.all(Array.from({ length: pairs }, (_, index) => suffer(lab, index)));
  assert.equal(tales.flatMap(({ deaths }) => deaths).length, 100);
  for (const { deaths, spans } of tales) {
    for (const death of deaths) judgeLeft(death, spans[death.host] ?? [], lateness);
    judgeOverlaps(spans, lateness);
  }
});

/** The address goes within a second, unless another process of the node takes it over in that time. */
function judgeLeft(
  { what, atMs, resumedMs = Infinity }: Death,
  spans: readonly Span[],
  lateness: OwnLateness,
): void {
  const span = spans.find(({ fromMs, toMs }) => fromMs < atMs && toMs > atMs);
  if (span === undefined) return;
  const stayedMs = Math.min(span.toMs, resumedMs) - atMs;
  const owedMs = wakes * lateness.worstMs(atMs, atMs + leftMs);
  assert.ok(
    stayedMs < leftMs + owedMs,
    `kill -9 of ${what}: the address stayed for ${stayedMs.toFixed(0)} ms, the machine owed ${owedMs.toFixed(0)} ms`,
  );
}

/** Two that are master hear each other within an interval. */
function judgeOverlaps([first = [], second = []]: readonly (readonly Span[])[], lateness: OwnLateness): void {
  for (const { fromMs, toMs } of overlaps(first, second)) {
    const owedMs = wakes * lateness.worstMs(fromMs, toMs);
    const text = `on both nodes for ${(toMs - fromMs).toFixed(0)} ms, the machine owed ${owedMs.toFixed(0)} ms`;
    assert.ok(toMs - fromMs < intervalS * 1000 + owedMs, text);
  }
}

/** Kills processes of one pair of nodes. */
async function suffer(
  lab: NetLab,
  index: number,
): Promise<{ readonly deaths: readonly Death[]; readonly spans: readonly (readonly Span[])[] }> {
  const random = randomNumbers(seed + index);
  const lan = await lab.switch(`s${index}`);
  const hosts = await Promise.all(
    [1, 2].map((id) => lab.host(`h${index}${id}`, [{ switch: lan, addresses: [`10.0.0.${id}/24`] }])),
  );
  const monitors = await Promise.all(hosts.map((host) => host.monitor()));
  const nodes: Daemon[] = [];
  // In the first pair the second node owns the address.
  const priorities = [100, index === 0 ? 255 : 101];
  const configurationOf = (id: number): string => configuration(priorities[id] ?? 100);
  for (const [id, host] of hosts.entries()) nodes.push(await startKaNode(host, configurationOf(id)));
  const deaths: Death[] = [];
  /** Of the children of each daemon. */
  const inLife = [0, 0];
  while (deaths.length < deathsPerPair) {
    const which = random() < 0.5 ? 0 : 1;
    const node = nodes[which];
    const host = hosts[which];
    assert.ok(node !== undefined && host !== undefined);
    await host.waitFor('an owner', async () => (await owners(hosts, '10.0.0.100')).length > 0, 60_000);
    await pause(random() * 400);
    const child = childOf(node);
    const from = node.program.lines.length;
    const atMs = performance.now();
    if (child !== undefined && random() < 0.7 && (inLife[which] ?? 0) < childDeaths) {
      inLife[which] = (inLife[which] ?? 0) + 1;
      kill(child);
      await node.waitForLine(/died: Respawning/, { from, timeoutMs: 60_000 });
      // What follows is heard of at the end, so that the next death may come in the middle of it.
      deaths.push({
        host: which,
        what: 'vrrp',
        atMs,
        get resumedMs() {
          return resumption(node.program.lines.slice(from));
        },
      });
      continue;
    }
    inLife[which] = 0;
    kill(node.program.pid);
    await node.program.exited;
    deaths.push({ host: which, what: 'supervisor', atMs, resumedMs: undefined });
    await host.waitForAddress('10.0.0.100', false, 60_000);
    nodes[which] = await startKaNode(host, configurationOf(which));
  }
  await Promise.all(nodes.map((node) => node.stop()));
  for (const host of hosts) await host.waitForAddress('10.0.0.100', false, 60_000);
  const endMs = performance.now();
  const spans = monitors.map((monitor) => addressSpans(monitor, '10.0.0.100/24', endMs));
  await Promise.all(monitors.map((monitor) => monitor.stop()));
  assert.ok(spans.flat().length > 1, 'the address was seen');
  return { deaths, spans };
}

/** When a process that followed went on with the mastership, before the state was told otherwise. */
function resumption(lines: readonly Line[]): number | undefined {
  const next = lines.find(({ text }) => /resumes the mastership|Entering/.test(text));
  return next?.text.includes('resumes') === true ? next.atMs : undefined;
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
