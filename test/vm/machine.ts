/**
 * Runs one command as root under a kernel of its own: qemu, this machine's files as an overlaid root, output live.
 * Hardware virtualisation is used where it works and plain emulation elsewhere, so times inside mean little.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { accessSync, constants, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { cpio, type CpioEntry } from './cpio.js';
import { cacheDirectory, kernel, loadOrder, type Kernel } from './kernel.js';

export interface MachineOptions {
  /** The command. `exchange` is a directory where guest and host both may write. */
  readonly argv: (exchange: string) => readonly string[];
  /** Working directory; it must be visible to the guest, as every host file is. */
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Seconds until the machine is ended. */
  readonly timeoutS?: number;
  readonly memoryMb?: number;
  /** Kernel modules beyond those that every machine has. */
  readonly modules?: readonly string[];
  /** Receives what the command prints, as it comes. */
  readonly onOutput?: (text: string) => void;
  /** Called after the end while the exchange directory still exists. */
  readonly collect?: (exchange: string) => void;
}

/** How the machine ended. `failed` says why the command has no exit status; `console` then helps to see it. */
export type MachineResult =
  | { readonly kind: 'exited'; readonly status: number; readonly accelerator: Accelerator }
  | { readonly kind: 'failed'; readonly reason: string; readonly console: string };

type Accelerator = 'kvm' | 'tcg';

/** What the tests of this project need: root over 9p, the checksum that libcrc32c asks for at run time, IPVS with every scheduler, tunnels, virtual links. */
const baseModules = `crc32c_generic virtio_pci virtio_rng 9p 9pnet_virtio overlay af_packet
  ip_vs ip_vs_rr ip_vs_wrr ip_vs_lc ip_vs_wlc ip_vs_lblc ip_vs_lblcr ip_vs_dh ip_vs_sh ip_vs_sed ip_vs_nq ip_vs_fo
  ip_vs_ovf ip_vs_mh ip_vs_twos ip_vs_ftp ip_vs_pe_sip nf_conntrack nf_tables nft_chain_nat nft_compat xt_mark nft_ct
  veth macvlan ipvlan dummy vrf bonding bridge ipip fou fou6 ip6_tunnel gre ip_gre sit ah4 ah6 ip_set ip_set_hash_ip`
  .split(/\s+/)
  .filter(Boolean);

/** Seconds until the first sign of life; a KVM that opens but does not run the guest is found out with it. */
const aliveWithinS: Readonly<Record<Accelerator, number>> = { kvm: 8, tcg: 240 };

/** Boots, runs the command, halts. */
export async function runInMachine(options: MachineOptions): Promise<MachineResult> {
  const guest = kernel();
  const work = mkdtempSync(join(tmpdir(), 'ka-vm-'));
  try {
    const initrd = join(work, 'initrd');
    writeFileSync(initrd, initramfs(guest, [...baseModules, ...(options.modules ?? [])]));
    const exchange = mkdtempSync(join(tmpdir(), 'ka-exchange-'));
    try {
      writeFileSync(join(exchange, 'command'), script(options, options.argv(exchange)));
      const result = await boot(guest, initrd, exchange, work, options);
      options.collect?.(exchange);
      return result;
    } finally {
      rmSync(exchange, { recursive: true, force: true });
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Names what is missing on this host, or undefined when a machine can be started. */
export function machineObstacle(): string | undefined {
  if (process.getuid?.() !== 0) return 'must be root';
  if (!onPath(qemu())) return `${qemu()} is missing (Debian: qemu-system-x86)`;
  if (!existsSync(busybox)) return `${busybox} is missing (Debian: busybox-static)`;
  return undefined;
}

const busybox = '/bin/busybox';

function qemu(): string {
  return process.arch === 'arm64' ? 'qemu-system-aarch64' : 'qemu-system-x86_64';
}

function onPath(name: string): boolean {
  return (process.env['PATH'] ?? '').split(':').some((directory) => existsSync(join(directory, name)));
}

async function boot(
  guest: Kernel,
  initrd: string,
  exchange: string,
  work: string,
  options: MachineOptions,
): Promise<MachineResult> {
  for (const accelerator of accelerators()) {
    writeFileSync(join(exchange, 'now'), String(Math.floor(Date.now() / 1000)));
    const consoleLog = join(work, `console-${accelerator}`);
    const run = await runQemu(qemuArguments(guest, initrd, exchange, consoleLog, accelerator, options), {
      ...options,
      aliveWithinS: aliveWithinS[accelerator],
    });
    const text = existsSync(consoleLog) ? readFileSync(consoleLog, 'latin1') : '';
    if (!run.wasAlive && accelerator === 'kvm') {
      writeFileSync(kvmVerdict(), bootId());
      continue;
    }
    if (run.timedOut) return { kind: 'failed', reason: 'time limit passed', console: text };
    const status = join(exchange, 'status');
    if (existsSync(status))
      return { kind: 'exited', status: Number(readFileSync(status, 'utf8')), accelerator };
    return { kind: 'failed', reason: `the guest ended early: ${run.stderr}`, console: text };
  }
  return { kind: 'failed', reason: 'no accelerator', console: '' };
}

interface QemuRun {
  readonly wasAlive: boolean;
  readonly timedOut: boolean;
  readonly stderr: string;
}

function runQemu(
  args: readonly string[],
  options: MachineOptions & { readonly aliveWithinS: number },
): Promise<QemuRun> {
  return new Promise((resolve, reject) => {
    const child: ChildProcess = spawn(qemu(), args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let head = '';
    let stderr = '';
    let wasAlive = false;
    let timedOut = false;
    const alive = setTimeout(() => child.kill('SIGKILL'), options.aliveWithinS * 1000);
    const limit = setTimeout(
      () => {
        timedOut = true;
        child.kill('SIGKILL');
      },
      (options.timeoutS ?? 300) * 1000,
    );
    const onExit = (): void => void child.kill('SIGKILL');
    process.once('exit', onExit);
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      if (wasAlive) {
        options.onOutput?.(text);
        return;
      }
      head += text;
      const at = head.indexOf('ka-vm: alive\n');
      if (at < 0) return;
      wasAlive = true;
      clearTimeout(alive);
      options.onOutput?.(head.slice(at + 'ka-vm: alive\n'.length));
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-4000)));
    child.once('error', reject);
    child.once('close', () => {
      clearTimeout(alive);
      clearTimeout(limit);
      process.removeListener('exit', onExit);
      resolve({ wasAlive, timedOut, stderr });
    });
  });
}

function qemuArguments(
  guest: Kernel,
  initrd: string,
  exchange: string,
  consoleLog: string,
  accelerator: Accelerator,
  options: MachineOptions,
): readonly string[] {
  const cpu = accelerator === 'kvm' ? 'host' : 'qemu64,+ssse3,+sse4.1,+sse4.2,+popcnt,+cx16';
  // An emulated timer interrupt may come too late for the kernel's test of it.
  const timer = process.arch === 'arm64' ? [] : ['no_timer_check'];
  const boot = ['console=ttyS0', 'panic=-1', 'quiet', 'loglevel=4', 'edd=off', 'mitigations=off', ...timer];
  return [
    ...['-accel', accelerator, '-cpu', cpu, '-smp', '2', '-m', String(options.memoryMb ?? 1536)],
    ...['-display', 'none', '-no-reboot', '-nic', 'none', '-monitor', 'none'],
    ...['-serial', `file:${consoleLog}`, '-serial', 'stdio'],
    ...['-kernel', guest.image, '-initrd', initrd, '-device', 'virtio-rng-pci'],
    ...['-virtfs', 'local,path=/,mount_tag=host,security_model=none,multidevs=remap,readonly=on'],
    ...['-virtfs', `local,path=${exchange},mount_tag=exchange,security_model=none`],
    ...['-append', [...boot, `ka_exchange=${exchange}`].join(' ')],
  ];
}

function accelerators(): readonly Accelerator[] {
  return kvmMayWork() ? ['kvm', 'tcg'] : ['tcg'];
}

/** KVM is tried once per boot of the host: where it opens but hangs (broken nesting), that is remembered. */
function kvmMayWork(): boolean {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
  } catch {
    return false;
  }
  return !existsSync(kvmVerdict()) || readFileSync(kvmVerdict(), 'utf8') !== bootId();
}

function kvmVerdict(): string {
  return join(cacheDirectory(), 'kvm-does-not-work');
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

function initramfs(guest: Kernel, wanted: readonly string[]): Buffer {
  const modules = loadOrder(guest, wanted);
  const init = new URL('../../../test/vm/guest-init.sh', import.meta.url);
  const entries: CpioEntry[] = [
    { path: 'bin' },
    { path: 'bin/busybox', content: readFileSync(busybox) },
    { path: 'lib' },
    ...modules.map(({ name, content }) => ({ path: `lib/${name}.ko`, content, mode: 0o644 })),
    { path: 'modules', content: Buffer.from(modules.map(({ name }) => `${name}.ko\n`).join('')) },
    { path: 'init', content: readFileSync(init) },
  ];
  return gzipSync(cpio(entries), { level: 1 });
}

function script(options: MachineOptions, argv: readonly string[]): string {
  const env = { PATH: process.env['PATH'] ?? '', HOME: '/root', ...options.env };
  const exports = Object.entries(env).map(([name, value]) => `export ${name}=${quote(value)}`);
  return [...exports, `cd ${quote(options.cwd)}`, `exec ${argv.map(quote).join(' ')}`, ''].join('\n');
}

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
