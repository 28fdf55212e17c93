/**
 * Several hosts on one machine: network namespaces, joined by veth pairs to bridges in a namespace of their own. Names are
 * unique to the lab, so labs run side by side; everything is removed when the lab is disposed of, when the process ends, on
 * Ctrl-C, and, should it have been killed, by the next lab that is created. Needs root and iproute2.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { hostFolder, registry } from './lab-files.js';
import { LabHost, ipBatch } from './lab-host.js';
import { runOk } from './program.js';

export { LabHost, type Address } from './lab-host.js';

/** A cable from a host to a switch. */
export interface PortOptions {
  readonly switch: Switch;
  /** Name on the host; eth0, eth1 ... in order when absent. */
  readonly name?: string;
  /** With prefix length: '10.0.0.18/16', 'fd00::1/64'. IPv6 ones are usable at once (nodad). */
  readonly addresses?: readonly string[];
  readonly mac?: string;
}

/** A switch: a bridge that forwards at once and floods multicast. */
export interface Switch {
  readonly name: string;
  /** The bridge's name in the lab's fabric namespace. */
  readonly bridge: string;
}

const alive = new Set<NetLab>();
let labs = 0;

export class NetLab implements AsyncDisposable {
  readonly hosts = new Map<string, LabHost>();
  readonly #fabric: string;
  #switches = 0;
  #ports = 0;
  #disposed = false;

  private constructor(
    /** What every namespace of this lab begins with. */
    readonly prefix: string,
  ) {
    this.#fabric = `${prefix}-fabric`;
  }

  /**
   * A lab without hosts yet. `name` shows in the names of its namespaces: ka-<name>-<pid>-<number>-<host>.
   * @throws when not root, or iproute2 is missing.
   */
  static async create(name = 'lab'): Promise<NetLab> {
    mkdirSync(registry, { recursive: true });
    sweep();
    const lab = new NetLab(`ka-${name}-${process.pid}-${++labs}`);
    watchProcess();
    writeFileSync(join(registry, lab.prefix), `${process.pid} ${startTime(process.pid) ?? ''}\n`);
    alive.add(lab);
    await runOk(['ip', 'netns', 'add', lab.#fabric]);
    return lab;
  }

  /** Adds a switch. */
  async switch(name: string): Promise<Switch> {
    const bridge = `sw${++this.#switches}`;
    const fabric = ['ip', 'netns', 'exec', this.#fabric];
    await runOk([...fabric, 'sysctl', '-qw', 'net.ipv6.conf.default.disable_ipv6=1']);
    await ipBatch(this.#fabric, [
      `link add ${bridge} type bridge forward_delay 0 stp_state 0 mcast_snooping 0`,
      `link set ${bridge} up`,
    ]);
    return { name, bridge };
  }

  /** Adds a host with its ports up. Its loopback is up, forwarding off, and IPv6 addresses are not probed for duplicates. */
  async host(name: string, ports: readonly PortOptions[] = []): Promise<LabHost> {
    if (this.hosts.has(name)) throw new Error(`the lab has a host ${name} already`);
    const namespace = `${this.prefix}-${name}`;
    await runOk(['ip', 'netns', 'add', namespace]);
    await runOk([
      ...['ip', 'netns', 'exec', namespace, 'sysctl', '-qw'],
      ...['all', 'default'].flatMap((scope) => [
        `net.ipv6.conf.${scope}.accept_dad=0`,
        `net.ipv6.conf.${scope}.router_solicitations=0`,
      ]),
    ]);
    const peers = new Map<string, string>();
    for (const [index, port] of ports.entries()) {
      const device = port.name ?? `eth${index}`;
      const peer = `p${++this.#ports}`;
      const mac = port.mac === undefined ? '' : ` address ${port.mac}`;
      await ipBatch(namespace, [
        `link add ${device}${mac} type veth peer name ${peer} netns ${this.#fabric}`,
        ...(port.addresses ?? []).map((address) => {
          const nodad = address.includes(':') ? ' nodad' : ' brd +';
          return `addr add ${address}${nodad} dev ${device}`;
        }),
      ]);
      await ipBatch(this.#fabric, [`link set ${peer} master ${port.switch.bridge} up`]);
      await ipBatch(namespace, [`link set ${device} up`]);
      peers.set(device, `${peer} ${port.switch.bridge}`);
    }
    await ipBatch(namespace, ['link set lo up']);
    const host = new LabHost(name, namespace, { namespace: this.#fabric, ports: peers });
    this.hosts.set(name, host);
    return host;
  }

  /** Stops what still runs in the lab and removes it. Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#disposed) return;
    await Promise.all([...this.hosts.values()].map((host) => host.close()));
    this.removeNow();
  }

  /** The same without waiting for anything, for the end of the process. */
  removeNow(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    alive.delete(this);
    removeNamespaces(this.prefix);
  }
}

let watching = false;

/** Once: remove all labs when the process ends, also by a signal. */
function watchProcess(): void {
  if (watching) return;
  watching = true;
  const removeAll = (): void => {
    for (const lab of alive) lab.removeNow();
  };
  process.once('exit', removeAll);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      removeAll();
      process.kill(process.pid, signal); // the handler is gone: this ends the process as the signal would have
    });
  }
}

/** Removes the labs of processes that are no more. */
function sweep(): void {
  for (const prefix of readdirSync(registry)) {
    let owner: string[];
    try {
      owner = readFileSync(join(registry, prefix), 'utf8').trim().split(' ');
    } catch {
      continue; // another lab swept it
    }
    const [pid = '0', started = ''] = owner;
    if (startTime(Number(pid)) !== started) removeNamespaces(prefix);
  }
}

function removeNamespaces(prefix: string): void {
  const names = existsSync('/run/netns') ? readdirSync('/run/netns') : [];
  for (const name of names.filter((each) => each.startsWith(`${prefix}-`))) {
    const pids = spawnSync('ip', ['netns', 'pids', name], { encoding: 'utf8' }).stdout.split('\n');
    for (const pid of pids.filter((each) => each !== '' && Number(each) !== process.pid)) {
      try {
        process.kill(Number(pid), 'SIGKILL');
      } catch {
        // ended meanwhile
      }
    }
    spawnSync('ip', ['netns', 'del', name], { stdio: 'ignore' });
    rmSync(join('/etc/netns', name), { recursive: true, force: true });
    rmSync(hostFolder(name), { recursive: true, force: true });
  }
  rmSync(join(registry, prefix), { force: true });
}

/** When a process started (field 22 of /proc/PID/stat), so that a reused process id is told apart; undefined when gone. */
function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}
