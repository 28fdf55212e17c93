/** Which programs of this machine speak VRRP: they hold a raw socket of protocol 112. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface Speaker {
  /** The first of its processes: that which starts the others. */
  readonly pid: number;
  /** As `ps` shows it. */
  readonly name: string;
  /** The systemd unit that it belongs to. */
  readonly unit: string | undefined;
}

/** Those of this network namespace; of others' processes only root is told. */
export function vrrpSpeakers(): readonly Speaker[] {
  const sockets = new Set(['raw', 'raw6'].flatMap(vrrpSockets));
  if (sockets.size === 0) return [];
  const found = new Map<number, Speaker>();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    if (!holdsOne(pid, sockets)) continue;
    const first = firstOf(Number(pid));
    const name = text(`/proc/${first}/comm`).trim();
    found.set(first, { pid: first, name, unit: unitOf(first) });
  }
  return [...found.values()];
}

/** What ends a program, and keeps it from coming back where something would start it again. */
export function endingOf({ pid, unit }: Speaker): string {
  return unit === undefined ? `kill ${pid}` : `systemctl disable --now ${unit}`;
}

/** Inodes of the sockets in /proc/net/raw, whose "port" is the protocol. */
function vrrpSockets(table: string): readonly string[] {
  return text(`/proc/thread-self/net/${table}`)
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local]) => local?.endsWith(':0070') === true)
    .map((columns) => columns[9] ?? '');
}

function holdsOne(pid: string, sockets: ReadonlySet<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) =>
      sockets.has(/^socket:\[(\d+)\]$/.exec(link(`/proc/${pid}/fd/${fd}`))?.[1] ?? ''),
    );
  } catch {
    return false; // It has ended, or is somebody else's.
  }
}

/** Up to the last ancestor that runs the same program: ending a child alone would have it started again. */
function firstOf(pid: number): number {
  const parent = Number(/^PPid:\s*(\d+)/m.exec(text(`/proc/${pid}/status`))?.[1] ?? 0);
  const program = link(`/proc/${pid}/exe`);
  return parent > 1 && program !== '' && link(`/proc/${parent}/exe`) === program ? firstOf(parent) : pid;
}

function unitOf(pid: number): string | undefined {
  return /\/([^/\n]+\.service)(?:\/|$)/m.exec(text(`/proc/${pid}/cgroup`))?.[1];
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function text(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
