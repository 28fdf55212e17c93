/**
 * Runs test files where IPVS is: in this kernel when it has it, else all together in one boot of the virtual machine.
 * `KA_VM=always` insists on the machine, `KA_VM=never` on this kernel.
 */
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { GuestResult } from './guest-main.js';
import { machineObstacle, runInMachine } from './machine.js';

export interface SuiteResult {
  readonly where: string;
  readonly results: readonly GuestResult[];
  /** Set when the run broke off; what had run until then is in `results`. */
  readonly failure: string | undefined;
}

/** Kernel modules without which the tests cannot run here. */
const needed = ['ip_vs', 'ip_vs_mh', 'ip_vs_fo', 'ip_vs_ovf', 'ip_vs_pe_sip', 'fou'];

/** Why neither way is possible, or undefined. */
export async function suiteObstacle(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'must be root';
  return (await wantsHost()) ? undefined : machineObstacle();
}

/** Runs the compiled test files `files` (absolute paths). Never rejects for a failing test. */
export async function runSuite(files: readonly string[], timeoutS: number): Promise<SuiteResult> {
  return (await wantsHost()) ? runHere(files, timeoutS) : runInVm(files, timeoutS);
}

async function wantsHost(): Promise<boolean> {
  if (process.env['KA_VM'] === 'always') return false;
  if (process.env['KA_VM'] === 'never') return true;
  return hostHasIpvs();
}

async function hostHasIpvs(): Promise<boolean> {
  for (const name of needed) {
    if (existsSync(`/sys/module/${name}`)) continue;
    try {
      await promisify(execFile)('modprobe', ['-q', name]);
    } catch {
      return false;
    }
  }
  return true;
}

const guestMain = fileURLToPath(new URL('./guest-main.js', import.meta.url));
const projectRoot = dirname(dirname(dirname(dirname(guestMain))));

async function runInVm(files: readonly string[], timeoutS: number): Promise<SuiteResult> {
  let output = '';
  let results: readonly GuestResult[] = [];
  const result = await runInMachine({
    argv: (exchange) => [process.execPath, guestMain, join(exchange, 'results'), ...files],
    cwd: projectRoot,
    timeoutS,
    env: passedOn(),
    onOutput: (text) => (output = (output + text).slice(-20_000)),
    collect: (exchange) => (results = readResults(join(exchange, 'results'))),
  });
  if (result.kind === 'failed')
    return { where: 'virtual machine', results, failure: `${result.reason}\n${output}\n${result.console}` };
  const failure = result.status === 0 ? undefined : `the test runner ended with ${result.status}\n${output}`;
  return { where: `virtual machine (${result.accelerator})`, results, failure };
}

async function runHere(files: readonly string[], timeoutS: number): Promise<SuiteResult> {
  const work = mkdtempSync(join(tmpdir(), 'ka-suite-'));
  try {
    const lines = join(work, 'results');
    const status = await new Promise<number | null>((resolve) => {
      // A namespace of its own keeps the tests away from the host's network.
      const child = spawn('unshare', ['-n', process.execPath, guestMain, lines, ...files], {
        cwd: projectRoot,
        stdio: ['ignore', 'inherit', 'inherit'],
        timeout: timeoutS * 1000,
        // A runner within a test file, which this would make of it, runs no files.
        env: { ...process.env, ...passedOn(), NODE_TEST_CONTEXT: undefined },
      });
      child.once('error', () => resolve(null));
      child.once('close', resolve);
    });
    const failure = status === 0 ? undefined : `the test runner ended with ${String(status)}`;
    return { where: 'this kernel', results: readResults(lines), failure };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Settings of this project's tests are the guest's too. */
function passedOn(): Record<string, string> {
  const entries = Object.entries(process.env).filter(([name]) => name.startsWith('KA_'));
  return Object.fromEntries(entries.map(([name, value]) => [name, value ?? '']));
}

function readResults(path: string): readonly GuestResult[] {
  if (!existsSync(path)) return [];
  // What follows the last newline is a line that the end of the machine cut off.
  return readFileSync(path, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line): unknown => JSON.parse(line))
    .filter(isGuestResult);
}

/** The guest writes nothing else. */
function isGuestResult(value: unknown): value is GuestResult {
  return (
    typeof value === 'object' && value !== null && 'outcome' in value && 'path' in value && 'file' in value
  );
}
