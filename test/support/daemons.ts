/** VRRP daemons on the hosts of a lab: ka-node of this checkout, and real peers: Debian's keepalived, FRR's vrrpd. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { type LabHost, ipBatch } from './lab-host.js';
import {
  hasProgram,
  type Exit,
  type Line,
  type Program,
  type ProgramOptions,
  type WaitOptions,
} from './program.js';

/** The checkout: the nearest folder above this file that has a package.json. */
export const projectRoot = findRoot(dirname(fileURLToPath(import.meta.url)));

/** Run as users run it: it starts Node with options of its own. */
export const kaNodeProgram = join(projectRoot, 'bin/ka-node');

/** A running daemon with its configuration file. */
export class Daemon implements AsyncDisposable {
  constructor(
    readonly host: LabHost,
    readonly program: Program,
    readonly configuration: string,
  ) {}

  waitForLine(pattern: RegExp, options?: WaitOptions): Promise<Line> {
    return this.program.waitForLine(pattern, options);
  }

  /** Rewrites its configuration file, if a text is given, and sends SIGHUP. */
  reload(text?: string): void {
    if (text !== undefined) this.host.write(this.configuration, text);
    this.program.signal('SIGHUP');
  }

  /** Ends it in order: it says goodbye on the wire. */
  stop(): Promise<Exit> {
    return this.program.stop();
  }

  /** kill -9 of all its processes at once: it says nothing. */
  crash(): Promise<void> {
    return this.program.crash();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

export interface DaemonOptions extends ProgramOptions {
  /** Logs what a daemon logs that is not asked for more: no -D. */
  readonly isTerse?: boolean;
}

let started = 0;

/** Starts ka-node of this checkout (built: `npm run build`) on a configuration text. */
export function startKaNode(
  host: LabHost,
  text: string,
  args: readonly string[] = [],
  options: DaemonOptions = {},
): Promise<Daemon> {
  // Each its own control socket: there may be several daemons on the machine.
  const control = args.includes('--control-socket')
    ? []
    : ['--control-socket', host.path(`${started + 1}.sock`)];
  return startDaemon(host, [kaNodeProgram], text, [...control, ...args], options);
}

/** Starts Debian's keepalived on a configuration text. @throws when it is not installed. */
export function startKeepalived(host: LabHost, text: string, args: readonly string[] = []): Promise<Daemon> {
  if (!hasProgram('keepalived')) throw new Error('keepalived is missing: apt-get install keepalived');
  return startDaemon(host, ['keepalived', '--no-syslog'], text, args);
}

/** Both take the same options: in the foreground, detailed log (unless terse) on the console, pid files of their own. */
async function startDaemon(
  host: LabHost,
  command: readonly string[],
  text: string,
  args: readonly string[],
  { isTerse = false, ...options }: DaemonOptions = {},
): Promise<Daemon> {
  const id = `daemon-${++started}`;
  const configuration = `${id}.conf`;
  const files = ['-f', host.write(configuration, text), '-p', host.path(`${id}.pid`)];
  const pids = ['-r', host.path(`${id}-vrrp.pid`), '-c', host.path(`${id}-checkers.pid`)];
  const log = isTerse ? ['-l'] : ['-l', '-D'];
  const program = await host.start([...command, '-n', ...log, ...files, ...pids, ...args], options);
  return new Daemon(host, program, configuration);
}

/** One virtual router of FRR's vrrpd; version 3 unless said otherwise. */
export interface FrrRouter {
  readonly device?: string;
  readonly vrid: number;
  readonly version?: 2 | 3;
  readonly priority?: number;
  /** Milliseconds, a multiple of 10. */
  readonly intervalMs?: number;
  readonly preempt?: boolean;
  /** Virtual addresses with prefix length, all of one family. For IPv6 the first ought to be link-local. */
  readonly addresses: readonly string[];
}

/** FRR on one host: zebra and vrrpd. */
export class Frr implements AsyncDisposable {
  private constructor(
    readonly host: LabHost,
    readonly zebra: Program,
    readonly vrrpd: Program,
    /** Folder of its sockets. */
    readonly sockets: string,
  ) {}

  /**
   * Makes the macvlan devices that vrrpd wants (vrrp4-<vrid>, vrrp6-<vrid>, with the router's MAC and addresses), and
   * starts both daemons. Their state is to be asked for by `show`, since they log little.
   * @throws when FRR is not installed.
   */
  static async start(host: LabHost, routers: readonly FrrRouter[]): Promise<Frr> {
    const programs = '/usr/lib/frr';
    if (!existsSync(join(programs, 'vrrpd'))) throw new Error('vrrpd is missing: apt-get install frr');
    for (const router of routers) await ipBatch(host.namespace, macvlan(router));
    const sockets = host.path('frr');
    host.write('frr/zebra.conf', 'log stdout\n');
    host.write('frr/vrrpd.conf', ['log stdout', 'debug vrrp', ...routers.flatMap(frrLines), ''].join('\n'));
    await host.runOk(['chown', '-R', 'frr:frr', sockets]);
    const common = (name: string): string[] => [
      ...[
        join(programs, name),
        '--log',
        'stdout',
        '--log-level',
        'debug',
        '-f',
        join(sockets, `${name}.conf`),
      ],
      ...[
        '-i',
        join(sockets, `${name}.pid`),
        '--vty_socket',
        sockets,
        '-z',
        join(sockets, 'zserv.api'),
        '-P',
        '0',
      ],
    ];
    const zebra = await host.start(common('zebra'));
    await zebra.waitForLine(/starting: vty@/);
    const vrrpd = await host.start(common('vrrpd'));
    await vrrpd.waitForLine(/starting: vty@/); // said once its control socket listens
    return new Frr(host, zebra, vrrpd, sockets);
  }

  /** Answer of vrrpd to a command, e.g. 'show vrrp json'. */
  show(command: string): Promise<string> {
    return this.host.runOk(['vtysh', '--vty_socket', this.sockets, '-d', 'vrrpd', '-c', command]);
  }

  waitForLine(pattern: RegExp, options?: WaitOptions): Promise<Line> {
    return this.vrrpd.waitForLine(pattern, options);
  }

  async stop(): Promise<void> {
    await this.vrrpd.stop();
    await this.zebra.stop();
  }

  /** kill -9 of vrrpd. */
  async crash(): Promise<void> {
    await this.vrrpd.crash();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

function macvlan(router: FrrRouter): string[] {
  const family = isV6(router) ? 6 : 4;
  const device = `vrrp${family}-${router.vrid}`;
  const mac = `00:00:5e:00:0${family === 6 ? 2 : 1}:${router.vrid.toString(16).padStart(2, '0')}`;
  return [
    `link add ${device} link ${router.device ?? 'eth0'} type macvlan mode bridge`,
    `link set ${device} addrgenmode random`, // the MAC is on both nodes, the link-local address must not be
    `link set ${device} address ${mac}`,
    ...router.addresses.map((address) => `addr add ${address}${family === 6 ? ' nodad' : ''} dev ${device}`),
    `link set ${device} up`,
  ];
}

function frrLines(router: FrrRouter): string[] {
  const of = (setting: string): string => ` vrrp ${router.vrid} ${setting}`;
  return [
    `interface ${router.device ?? 'eth0'}`,
    of(`version ${router.version ?? 3}`),
    of(`priority ${router.priority ?? 100}`),
    of(`advertisement-interval ${router.intervalMs ?? 1000}`),
    ...(router.preempt === false ? [` no vrrp ${router.vrid} preempt`] : []),
    ...router.addresses.map((each) => of(`${isV6(router) ? 'ipv6' : 'ip'} ${each.split('/')[0] ?? each}`)),
    'exit',
  ];
}

function isV6(router: FrrRouter): boolean {
  return router.addresses.some((address) => address.includes(':'));
}

function findRoot(folder: string): string {
  if (existsSync(join(folder, 'package.json'))) return folder;
  const parent = dirname(folder);
  if (parent === folder) throw new Error('no package.json above this file');
  return findRoot(parent);
}
