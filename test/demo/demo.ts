/**
 * The main job before your eyes: two nodes, a switch and a client; the node that holds the address loses its power, the other
 * takes over, the first comes back. Run by `npm run demo [-- A.conf B.conf]`.
 */
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';

import { projectRoot } from '../support/daemons.js';
import { waitUntil, type Program } from '../support/program.js';
import { SceneError, buildScene, type Node, type Scene } from './scene.js';

/** Both nodes together must settle within this; a preempt_delay or a long interval may need it. */
const patienceMs = 90_000;

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof SceneError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

async function main(files: readonly string[]): Promise<number> {
  const example = (file: string): string => join(projectRoot, 'examples/01-master-backup', file);
  const [first = example('ka1.conf'), second = example('ka2.conf')] = files;
  await using scene = await buildScene([first, second]);
  const [a, b] = scene.nodes;
  console.log(`\nTwo nodes and a client in network namespaces of their own:
  ${a.name}   ka-node on ${first}
  ${b.name}   ka-node on ${second}
  client pings ${scene.address} every 50 ms\n`);

  const running = new Map<Node, Program>();
  for (const node of scene.nodes) running.set(node, await start(node));
  const master = await whoHolds(scene);
  await show(scene, 'started');

  const ping = await scene.client.start(['ping', '-n', '-O', '-i', '0.05', scene.address]);
  await ping.waitForLine(/icmp_seq=\d+ ttl/, { timeoutMs: patienceMs });

  console.log(`\n⚡ ${master.name} loses its power (kill -9, and its cables are dead)`);
  const other = master === a ? b : a;
  const log = running.get(other);
  const survivorLine = log?.lines.length ?? 0;
  const died = performance.now();
  await powerOff(master, running.get(master));
  await other.host.waitForAddress(scene.address, true, patienceMs);
  const tookMs = performance.now() - died;
  await ping.waitForLine(/icmp_seq=\d+ ttl/, { from: ping.lines.length, timeoutMs: patienceMs });
  const cause = await log?.waitForLine(/cause: (.*)/, { from: survivorLine, timeoutMs: patienceMs });
  await show(scene, `${other.name} took over after ${(tookMs / 1000).toFixed(2)} s`, master);
  console.log(`  why: ${/\(.*\) cause: (.*)/.exec(cause?.text ?? '')?.[1] ?? 'unknown'}`);
  console.log(`  pings without an answer so far: ${lostPings(ping)}`);

  console.log(`\n⏻ ${master.name} gets its power back`);
  const returnLine = log?.lines.length ?? 0;
  await powerOn(master, running);
  const returned = await settled(scene, master, other);
  await show(
    scene,
    returned ? `${master.name} took the address back` : `${other.name} keeps the address, as the files say`,
  );
  if (returned) {
    const why = await log?.waitForLine(/cause: (.*)/, { from: returnLine, timeoutMs: patienceMs });
    console.log(
      `  why ${other.name} gave way: ${/\(.*\) cause: (.*)/.exec(why?.text ?? '')?.[1] ?? 'unknown'}`,
    );
  }
  await ping.stop('SIGINT');
  console.log(`  pings without an answer in all: ${lostPings(ping)} of ${sentPings(ping)}`);

  console.log('\nStopping both nodes in order.');
  for (const program of running.values()) await program.stop();
  const left = await leftovers(scene);
  console.log(left.length === 0 ? 'No address is left behind.' : `LEFT BEHIND: ${left.join(', ')}`);
  return left.length === 0 ? 0 : 1;
}

function start(node: Node): Promise<Program> {
  const { host, file } = node;
  const daemon = [process.execPath, join(projectRoot, 'bin/ka-node')];
  const pids = ['-p', host.path('ka-node.pid'), '-r', host.path('vrrp.pid'), '-c', host.path('checkers.pid')];
  return host.start([...daemon, '-n', '-l', '-D', '-G', '-f', file, ...pids]);
}

/** What a power cut does: no goodbye, and nothing answers any more. */
async function powerOff(node: Node, program: Program | undefined): Promise<void> {
  await Promise.all([...(await devicesOf(node)).map((device) => node.host.unplug(device)), program?.crash()]);
}

/** A machine that boots has forgotten the virtual addresses only if ka-node clears what was left: so they stay here. */
async function powerOn(node: Node, running: Map<Node, Program>): Promise<void> {
  for (const device of await devicesOf(node)) await node.host.plug(device);
  running.set(node, await start(node));
}

async function devicesOf({ host }: Node): Promise<readonly string[]> {
  return [...new Set((await host.addresses()).map(({ device }) => device))].filter(
    (device) => device !== 'lo',
  );
}

/** Resolves with the only node that has the watched address, once a better node has taken it from whoever was up first. */
async function whoHolds(scene: Scene): Promise<Node> {
  const better = scene.nodes.find((node) => takesBack(node, scene.nodes));
  let holder: Node | undefined;
  const ask = async (): Promise<boolean> => {
    const has = await Promise.all(scene.nodes.map(({ host }) => host.hasAddress(scene.address)));
    holder = has.filter(Boolean).length === 1 ? scene.nodes[has[0] === true ? 0 : 1] : undefined;
    if (holder === undefined || (better !== undefined && holder !== better)) return false;
    return scene.client.ping(scene.address);
  };
  await waitForEither(scene, `${better?.name ?? 'one node'} holds the address and answers`, ask);
  if (holder === undefined) throw new Error('nobody holds the address');
  return holder;
}

/** Once both run again: does the address go back, as the files say? */
async function settled(scene: Scene, master: Node, other: Node): Promise<boolean> {
  const returns = takesBack(master, scene.nodes);
  const [holder, standby] = returns ? [master, other] : [other, master];
  await holder.host.waitForAddress(scene.address, true, patienceMs);
  await standby.host.waitForAddress(scene.address, false, patienceMs);
  return returns;
}

/** Whether its file makes this node take the address from the other one. */
function takesBack({ instance }: Node, nodes: Scene['nodes']): boolean {
  const priorities = nodes.map((node) => node.instance?.priority ?? 0);
  return (
    instance !== undefined &&
    instance.preempt &&
    instance.priority === Math.max(...priorities) &&
    priorities[0] !== priorities[1]
  );
}

async function waitForEither(scene: Scene, what: string, condition: () => Promise<boolean>): Promise<void> {
  const monitors = await Promise.all(scene.nodes.map(({ host }) => host.monitor()));
  await waitUntil(
    what,
    condition,
    (changed) => {
      const unsubscribe = monitors.map((monitor) => monitor.onChange(changed));
      return () => unsubscribe.forEach((stop) => stop());
    },
    { timeoutMs: patienceMs },
  );
}

async function show(scene: Scene, title: string, dead?: Node): Promise<void> {
  console.log(`\n${title}:`);
  for (const { name, host } of scene.nodes) {
    if (name === dead?.name) {
      console.log(`  ${name}  without power`);
      continue;
    }
    const present = (await host.addresses()).filter(({ address }) => scene.addresses.includes(address));
    const list = present.map(({ address, prefixLength, device, label }) => {
      const shown = label !== '' && label !== device ? ` (${label})` : '';
      return `${address}/${prefixLength} on ${device}${shown}`;
    });
    console.log(`  ${name}  ${list.length === 0 ? '-' : list.join(', ')}`);
  }
}

async function leftovers(scene: Scene): Promise<readonly string[]> {
  const found = await Promise.all(
    scene.nodes.map(async ({ name, host }) =>
      (await host.addresses())
        .filter(({ address }) => scene.addresses.includes(address))
        .map(({ address }) => `${address} on ${name}`),
    ),
  );
  return found.flat();
}

/** Sequence numbers that ping reported as answered. */
function answered(ping: Program): readonly number[] {
  return ping.lines.flatMap(({ text }) => {
    const found = /bytes from .*icmp_seq=(\d+) /.exec(text)?.[1];
    return found === undefined ? [] : [Number(found)];
  });
}

function sentPings(ping: Program): number {
  return Math.max(0, ...answered(ping));
}

function lostPings(ping: Program): number {
  return sentPings(ping) - new Set(answered(ping)).size;
}
