/** A director and a server in namespaces of their own, and checks that the director makes: each test's servers are programs there. */
import { after } from 'node:test';

import { Prober } from '../../bindings/prober.js';
import type { CheckContext } from '../../lib/checkers/network.js';
import { systemClock } from '../../lib/host.js';
import { projectRoot } from './daemons.js';
import { NetLab, type LabHost } from './net-lab.js';
import type { Program } from './program.js';

export interface CheckLab {
  readonly director: LabHost;
  readonly server: LabHost;
  /** The director's. */
  readonly context: CheckContext;
  /** Log lines of its checks so far. */
  readonly lines: readonly string[];
}

/** Addresses of the two hosts, joined by eth0; on a second cable, eth1, they are 10.8.0.1 and 10.8.0.2. */
export const directorAddress = '10.7.0.1';
export const serverAddress = '10.7.0.2';
export const serverAddress6 = 'fd07::2';

/** Lasts until the tests of the file are over. */
export async function checkLab(cables: 1 | 2 = 1): Promise<CheckLab> {
  const lab = await NetLab.create('check');
  const lan = await lab.switch('lan');
  const second = cables === 2 ? [await lab.switch('second')] : [];
  const place = (host: number) => [
    { switch: lan, addresses: [`10.7.0.${host}/24`, `10.7.0.1${host}/24`, `fd07::${host}/64`] },
    ...second.map((each) => ({ switch: each, addresses: [`10.8.0.${host}/24`] })),
  ];
  const director = await lab.host('director', place(1));
  const server = await lab.host('server', place(2));
  const lines: string[] = [];
  const prober = new Prober({ netns: director.namespace });
  after(async () => {
    prober.close();
    await lab[Symbol.asyncDispose]();
  });
  const host = {
    clock: systemClock,
    logger: { log: (_level: string, text: string) => void lines.push(text) },
  };
  const names = { serverName: '[10.7.0.2]:tcp:80', virtualName: '[10.0.0.1]:tcp:80' };
  return { director, server, lines, context: { prober, host, ...names } };
}

/** What one connection to a hostile peer came to, as the peer saw it. */
export interface HostileEnd {
  readonly mode: string;
  /** Bytes that left the peer's program. */
  readonly sent: number;
  /** Bytes that came to it. */
  readonly received: number;
  /** 'ECONNRESET', or '' for an orderly end. */
  readonly error: string;
}

/** The peers of hostile-peer.ts, each mode on a port of its own, in order from 4000. */
export class HostilePeers {
  readonly #program: Program;
  readonly #modes: readonly string[];

  private constructor(program: Program, modes: readonly string[]) {
    this.#program = program;
    this.#modes = modes;
  }

  static async start(
    server: LabHost,
    modes: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<HostilePeers> {
    const file = `${projectRoot}/dist/test/support/hostile-peer.js`;
    const program = await server.start([process.execPath, file, ...modes], { env });
    await program.waitForLine(/^ready$/);
    return new HostilePeers(program, modes);
  }

  port(mode: string): number {
    const index = this.#modes.indexOf(mode);
    if (index < 0) throw new Error(`no hostile peer is ${mode}`);
    return 4000 + index;
  }

  /** How the first connection to a mode ended. */
  async end(mode: string): Promise<HostileEnd> {
    const { text } = await this.#program.waitForLine(new RegExp(`^ended ${mode} `));
    const [, , sent, received, error = ''] = text.split(' ');
    return { mode, sent: Number(sent), received: Number(received), error };
  }
}
