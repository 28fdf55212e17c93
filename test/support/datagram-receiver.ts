/** A real receiver of Unix datagrams, as syslogd and systemd are: a process of its own (python3, which node-gyp needs too). */
import { Program } from './program.js';

const script = `
import json, os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
p = sys.argv[1]
s.bind('\\0' + p[1:] if p.startswith('@') else p)
print('ready', flush=True)
while True: print(json.dumps(s.recv(262144).decode('latin1')), flush=True)
`;

export class DatagramReceiver implements AsyncDisposable {
  private constructor(readonly program: Program) {}

  /** Listens at a path that does not exist yet, or at '@name'; resolves when it does. */
  static async start(path: string): Promise<DatagramReceiver> {
    const program = await Program.start(['python3', '-c', script, path]);
    await program.waitForLine(/^ready$/);
    return new DatagramReceiver(program);
  }

  /** What came so far, each datagram as Latin-1 text. */
  get received(): string[] {
    return this.program.lines.slice(1).map((line) => {
      const text: unknown = JSON.parse(line.text);
      return String(text);
    });
  }

  /** Resolves with all that came once there are `count`. */
  async waitFor(count: number): Promise<string[]> {
    await this.program.waitForLine(/./, { from: count });
    return this.received;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program.stop();
  }
}
