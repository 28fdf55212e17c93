/** When servers refused connections, by the kernel's clock: tcpdump on the loopback of a namespace. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';

export interface Refusals extends AsyncDisposable {
  /** Milliseconds since 1970 of the first refusal by an address. */
  first(address: string): Promise<number>;
}

export async function watchRefusals(netns: string): Promise<Refusals> {
  const filter = 'src port 8080 and tcp[tcpflags] & tcp-rst != 0';
  const argv = ['netns', 'exec', netns, 'tcpdump', '-i', 'lo', '-n', '-tt', '-l', '--immediate-mode', filter];
  const child = spawn('ip', argv, { stdio: ['ignore', 'pipe', 'pipe'] });
  const seen = new Map<string, number>();
  let text = '';
  child.stdout.setEncoding('latin1').on('data', (more: string) => {
    const lines = (text + more).split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) {
      const found = /^([\d.]+) IP (\d+\.\d+\.\d+\.\d+)\.8080 >/.exec(line);
      const address = found?.[2] ?? '';
      if (found !== null && !seen.has(address)) seen.set(address, Number(found[1]) * 1000);
    }
  });
  let said = '';
  child.stderr.setEncoding('latin1').on('data', (more: string) => (said += more));
  while (!said.includes('listening on')) await once(child.stderr, 'data');
  return {
    async first(address) {
      for (let i = 0; i < 200; i++) {
        const at = seen.get(address);
        if (at !== undefined) return at;
        await wait(50);
      }
      throw new Error(`${address} never refused`);
    },
    async [Symbol.asyncDispose]() {
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    },
  };
}
