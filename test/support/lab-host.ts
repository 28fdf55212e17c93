/** One host of a lab: runs programs in its namespace, tells and awaits its addresses, pulls its cables. */
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { hostFolder, writeWithFolder } from './lab-files.js';
import { Program, runOk, run, waitUntil, type Line, type Output, type ProgramOptions } from './program.js';

/** An address of a host, as `ip -j address` tells it. */
export interface Address {
  readonly device: string;
  readonly address: string;
  readonly prefixLength: number;
  /** '' when it has none. */
  readonly label: string;
  /** In iproute2's words: 'global', 'link', 'host'. */
  readonly scope: string;
}

/** The far ends of a host's cables. `ports` maps a device to '<port> <bridge>'. */
export interface Cabling {
  readonly namespace: string;
  readonly ports: ReadonlyMap<string, string>;
}

/** Between two looks at something that nothing tells of. */
const askAgainMs = 200;

/** Runs `ip` commands in a namespace, in one process. */
export async function ipBatch(namespace: string, commands: readonly string[]): Promise<void> {
  await runOk(['ip', '-n', namespace, '-batch', '-'], { input: `${commands.join('\n')}\n` });
}

export class LabHost {
  readonly #programs = new Set<Program>();
  readonly #cabling: Cabling;
  #monitor: Promise<Program> | undefined;

  constructor(
    readonly name: string,
    /** Name of its network namespace, for `ip netns exec`; its path is `/run/netns/<namespace>`. */
    readonly namespace: string,
    cabling: Cabling,
  ) {
    this.#cabling = cabling;
  }

  /** Path of a file in the host's private folder, which is removed with the lab. */
  path(file: string): string {
    return join(hostFolder(this.namespace), file);
  }

  /** Writes a file into the host's private folder, gives back its path. */
  write(file: string, text: string, mode?: number): string {
    writeWithFolder(this.path(file), text, mode);
    return this.path(file);
  }

  /**
   * Puts a file below the /etc that programs of this host see. `ip netns exec` mounts it over the machine's own, so a
   * folder that the machine lacks (/etc/keepalived without keepalived) is made there, and stays, empty: another lab may
   * have mounted over it meanwhile.
   */
  writeEtc(file: string, text: string, mode?: number): void {
    writeWithFolder(join('/etc/netns', this.namespace, file), text, mode);
    const folder = dirname(file).split('/')[0] ?? '.';
    mkdirSync(join('/etc', folder), { recursive: true });
  }

  /** Starts a program on this host. It is stopped with the lab, if not before. */
  async start(argv: readonly string[], options?: ProgramOptions): Promise<Program> {
    const program = await Program.start(['ip', 'netns', 'exec', this.namespace, ...argv], options);
    this.#programs.add(program);
    void program.exited.then(() => this.#programs.delete(program));
    return program;
  }

  /** Runs a program on this host to its end. */
  run(argv: readonly string[], options?: ProgramOptions): Promise<Output> {
    return run(['ip', 'netns', 'exec', this.namespace, ...argv], options);
  }

  /** Runs a program on this host that must succeed; gives back what it printed. */
  runOk(argv: readonly string[], options?: ProgramOptions): Promise<string> {
    return runOk(['ip', 'netns', 'exec', this.namespace, ...argv], options);
  }

  /** `ip -n <namespace> ...`, which must succeed. */
  ip(...args: readonly string[]): Promise<string> {
    return runOk(['ip', '-n', this.namespace, ...args]);
  }

  /** Its addresses in the kernel now, in the kernel's order. */
  async addresses(device?: string): Promise<readonly Address[]> {
    const all = readAddresses(JSON.parse(await this.ip('-j', 'address', 'show')));
    return device === undefined ? all : all.filter((each) => each.device === device);
  }

  /** Does the kernel have this address (without prefix length) on any device? */
  async hasAddress(address: string): Promise<boolean> {
    return (await this.addresses()).some((each) => each.address === address);
  }

  /** Resolves when the kernel has the address, or, with `present` false, has it no more. */
  async waitForAddress(address: string, present = true, timeoutMs?: number): Promise<void> {
    await this.waitFor(
      `${address} ${present ? 'on' : 'gone from'} ${this.name}`,
      async () => (await this.hasAddress(address)) === present,
      timeoutMs,
    );
  }

  /**
   * Resolves when `condition` holds. It is asked now, after each change of links, addresses or routes, and now and then in between:
   * it may look at something that no such change tells of.
   */
  async waitFor(what: string, condition: () => Promise<boolean>, timeoutMs?: number): Promise<void> {
    const monitor = await this.monitor();
    const subscribe = (changed: () => void): (() => void) => {
      const unsubscribe = monitor.onChange(changed);
      const timer = setInterval(changed, askAgainMs);
      return () => {
        clearInterval(timer);
        unsubscribe();
      };
    };
    await waitUntil(what, condition, subscribe, {
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      describe: () => `Changes seen on ${this.name}:\n${monitor.text()}`,
    });
  }

  /**
   * The host's `ip -ts monitor` of links, addresses and routes, started at the first call. Its lines tell what came and
   * went, and when: what a look at the state would miss.
   */
  monitor(): Promise<Program> {
    this.#monitor ??= this.#startMonitor();
    return this.#monitor;
  }

  /** Does one ping of `address` come back within a second? */
  async ping(address: string): Promise<boolean> {
    return (await this.run(['ping', '-n', '-c', '1', '-W', '1', address])).code === 0;
  }

  /** The cable is pulled: both ends lose their carrier. */
  unplug(device = 'eth0'): Promise<void> {
    return ipBatch(this.#cabling.namespace, [`link set ${this.#port(device).port} down`]);
  }

  plug(device = 'eth0'): Promise<void> {
    return ipBatch(this.#cabling.namespace, [`link set ${this.#port(device).port} up`]);
  }

  /** Nothing passes in either direction, yet the host keeps its carrier: what a broken switch does. */
  isolate(device = 'eth0'): Promise<void> {
    return ipBatch(this.#cabling.namespace, [`link set ${this.#port(device).port} nomaster`]);
  }

  rejoin(device = 'eth0'): Promise<void> {
    const { port, bridge } = this.#port(device);
    return ipBatch(this.#cabling.namespace, [`link set ${port} master ${bridge}`]);
  }

  /** Stops everything that was started on it. */
  async close(): Promise<void> {
    await Promise.all([...this.#programs].map((program) => program.stop()));
  }

  #port(device: string): { readonly port: string; readonly bridge: string } {
    const [port, bridge] = this.#cabling.ports.get(device)?.split(' ') ?? [];
    if (port === undefined || bridge === undefined) throw new Error(`${this.name} has no cable at ${device}`);
    return { port, bridge };
  }

  async #startMonitor(): Promise<Program> {
    const monitor = await this.start(['ip', '-ts', 'monitor', 'link', 'address', 'route']);
    // It says nothing when it is ready; the kernel shows whether its socket has joined its groups.
    for (const deadline = Date.now() + 10_000; !listensToNetlink(monitor.pid);) {
      if (Date.now() > deadline)
        throw new Error(`'ip monitor' does not start on ${this.name}:\n${monitor.text()}`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    return monitor;
  }
}

/** When `ip -ts monitor` read what a line of it tells, seconds since 1970. */
export function monitorTimeS({ text }: Line): number {
  const [, second = '', fraction = ''] = /^\[(.{19})(\.\d+)\]/.exec(text) ?? [];
  return Date.parse(second) / 1000 + Number(fraction);
}

/** Has the process, in its own network namespace, a netlink socket that is member of a group? */
function listensToNetlink(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/net/netlink`, 'utf8')
      .split('\n')
      .some((row) => {
        const [, , port, groups] = row.trim().split(/\s+/);
        return port === String(pid) && groups !== undefined && /[1-9a-f]/.test(groups);
      });
  } catch {
    return false;
  }
}

/** Reads what `ip -j address` printed. */
function readAddresses(links: unknown): Address[] {
  if (!Array.isArray(links)) throw new Error('ip -j address printed no list');
  return links.flatMap((link: unknown) => {
    const device = text(link, 'ifname');
    const infos = field(link, 'addr_info');
    if (!Array.isArray(infos)) return [];
    return infos.map((info: unknown) => ({
      device,
      address: text(info, 'local'),
      prefixLength: Number(field(info, 'prefixlen')),
      label: text(info, 'label'),
      scope: text(info, 'scope'),
    }));
  });
}

function field(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return new Map<string, unknown>(Object.entries(value)).get(name);
}

function text(value: unknown, name: string): string {
  const found = field(value, name);
  return typeof found === 'string' ? found : '';
}
