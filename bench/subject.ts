/** Who is measured: the bare C loop, Debian's keepalived, ka-node of this checkout. All are started alike. */
import { existsSync, readFileSync } from 'node:fs';

import { kaNodeProgram } from '../test/support/daemons.js';
import type { LabHost } from '../test/support/net-lab.js';
import { hasProgram, waitUntil, type Program } from '../test/support/program.js';
import { baseline } from './baseline.js';
import type { SubjectName } from './result.js';
import { configuration, type Routers } from './routers.js';

export interface StartOptions {
  readonly env?: Readonly<Record<string, string>>;
}

/** A started subject. */
export interface Running {
  readonly pid: number;
  /** CLOCK_MONOTONIC right before its execve. */
  readonly startedNs: number;
  /** Ends in order. */
  stop(): Promise<void>;
  /** kill -9 of all its processes. */
  crash(): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  /** What it has printed so far. */
  log(): string;
}

export interface Subject {
  readonly name: SubjectName;
  /** Why it cannot be measured here, if so. */
  missing(): string | undefined;
  start(host: LabHost, routers: Routers, options?: StartOptions): Promise<Running>;
}

let started = 0;

/** The loop plays the master when its priority is above 100, else the backup; several routers are staggered. */
export const bareLoop: Subject = {
  name: 'bare loop',
  missing: () => undefined,
  start: (host, routers, options) => {
    const role = routers.priority > 100 ? 'master' : 'backup';
    const realtime = routers.realtime === undefined ? [] : ['rt', String(routers.realtime)];
    const shape = [
      String(routers.intervalMs * 1000),
      String(routers.priority),
      '1',
      String(routers.perInterface),
    ];
    const command = [baseline('loop'), role, routers.interfaces.join(','), ...shape, 'stagger', ...realtime];
    return launch(host, `bare-${++started}`, command, options);
  },
};

/** Beside the daemons that run 200 scripts a second. */
export function startSpawner(host: LabHost, script: readonly string[]): Promise<Running> {
  return launch(host, `spawn-${++started}`, [baseline('spawn'), ...script]);
}

export const keepalived: Subject = {
  name: 'keepalived',
  missing: () => (hasProgram('keepalived') ? undefined : 'keepalived is missing: apt-get install keepalived'),
  start: (host, routers, options) => daemon(host, ['keepalived'], routers, options),
};

export const kaNode: Subject = {
  name: 'ka-node',
  missing: () => (existsSync(kaNodeProgram) ? undefined : 'ka-node is not built: npm run build'),
  start: (host, routers, options) => daemon(host, [kaNodeProgram], routers, options),
};

/** Both daemons take the same options: in the foreground, VRRP alone, log on the console. */
function daemon(
  host: LabHost,
  command: readonly string[],
  routers: Routers,
  options?: StartOptions,
): Promise<Running> {
  const id = `daemon-${++started}`;
  const files = ['-f', host.write(`${id}.conf`, configuration(routers)), '-p', host.path(`${id}.pid`)];
  return launch(
    host,
    id,
    [...command, '-n', '-l', '-P', ...files, '-r', host.path(`${id}-vrrp.pid`)],
    options,
  );
}

/** The log goes to a file, so that reading it costs the machine nothing meanwhile. */
async function launch(
  host: LabHost,
  id: string,
  command: readonly string[],
  options?: StartOptions,
): Promise<Running> {
  const stamp = host.path(`${id}.stamp`);
  const log = host.write(`${id}.log`, '');
  const program = await host.start([baseline('launch'), stamp, log, ...command], options);
  const startedNs = await readStamp(stamp, program);
  const text = (): string => readFileSync(log, 'utf8');
  void program.exited.then((exit) => {
    if (exit.code !== 0 && exit.signal === null) {
      process.stderr.write(`${command[0] ?? ''} exited with ${String(exit.code)}:\n${text().slice(-2000)}\n`);
    }
  });
  return {
    pid: program.pid,
    startedNs,
    stop: async () => {
      await program.stop();
    },
    crash: () => program.crash(),
    signal: (signal) => program.signal(signal),
    log: text,
  };
}

async function readStamp(file: string, program: Program): Promise<number> {
  let stamp = '';
  const look = (): boolean => {
    if (existsSync(file)) stamp = readFileSync(file, 'latin1');
    return stamp.endsWith('\n');
  };
  await waitUntil('the start of the program', look, (changed) => {
    const timer = setInterval(() => changed(), 1);
    const stopListening = program.onChange(() => changed());
    return () => {
      clearInterval(timer);
      stopListening();
    };
  });
  return Number(stamp);
}
