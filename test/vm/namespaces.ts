/** Small things that guest tests do with namespaces and programs in them. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';

export function ip(...args: readonly string[]): string {
  return execFileSync('ip', args, { encoding: 'utf8' });
}

/** A fresh namespace with `lo` up and the addresses on it; an old one of the name is removed first. */
export function freshNamespace(name: string, addresses: readonly string[]): void {
  try {
    execFileSync('ip', ['netns', 'del', name], { stdio: 'ignore' });
  } catch {
    // There was none.
  }
  ip('netns', 'add', name);
  ip('-n', name, 'link', 'set', 'lo', 'up');
  for (const address of addresses) ip('-n', name, 'addr', 'add', address, 'dev', 'lo');
}

/** The IPVS table of a namespace as ipvsadm saves it, sorted: the order of entries means nothing. */
export function savedTable(netns: string): string {
  const text = execFileSync('ip', ['netns', 'exec', netns, 'ipvsadm', '-Sn'], { encoding: 'utf8' });
  return text.split('\n').filter(Boolean).toSorted().join('\n');
}

/** Without `onText` nothing is heard of it, and what it leaves behind does not keep the test waiting. */
export function startIn(
  netns: string,
  argv: readonly string[],
  onText?: (text: string) => void,
): ChildProcess {
  const args = ['netns', 'exec', netns, ...argv];
  if (onText === undefined) return spawn('ip', args, { stdio: 'ignore' });
  const child = spawn('ip', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', onText);
  return child;
}

export async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill(signal);
  await exit;
}

/** Asks again until the answer is `wanted`; the last answer after `limitMs`. */
export async function until(ask: () => string, wanted: () => string, limitMs: number): Promise<string> {
  const endMs = performance.now() + limitMs;
  for (;;) {
    const answer = ask();
    if (answer === wanted() || performance.now() > endMs) return answer;
    await wait(50);
  }
}
