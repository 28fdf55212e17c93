/**
 * A stock Debian kernel for the virtual machine: its package is downloaded and unpacked, never installed, and kept in
 * the user's cache. It knows which modules exist and in which order they load; it does not boot anything (machine.ts).
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';

export interface Kernel {
  readonly version: string;
  /** Path of the boot image. */
  readonly image: string;
  /** Directory of the modules, with modules.dep. */
  readonly modules: string;
}

export interface LoadableModule {
  readonly name: string;
  readonly content: Buffer;
}

/** `$XDG_CACHE_HOME/ka-node/vm`, made when missing. */
export function cacheDirectory(): string {
  const base = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const directory = join(base, 'ka-node', 'vm');
  mkdirSync(directory, { recursive: true });
  return directory;
}

/**
 * The cached kernel, fetched with apt when there is none.
 * `KA_VM_KERNEL_PACKAGE` names another package than the newest of linux-image-amd64.
 * @throws when the package cannot be downloaded; the message says what to install.
 */
export function kernel(): Kernel {
  const root = join(cacheDirectory(), 'kernel');
  if (!existsSync(root)) fetchKernel(root);
  const version = readdirSync(join(root, 'lib', 'modules'))[0];
  if (version === undefined) throw new Error(`${root} holds no kernel: remove it and try again`);
  return {
    version,
    image: join(root, 'boot', `vmlinuz-${version}`),
    modules: join(root, 'lib', 'modules', version),
  };
}

/** The wanted modules with all that they need, in loading order; what the kernel lacks or has built in is left out. */
export function loadOrder(from: Kernel, wanted: readonly string[]): readonly LoadableModule[] {
  const files = new Map<string, { readonly path: string; readonly needs: readonly string[] }>();
  for (const line of readFileSync(join(from.modules, 'modules.dep'), 'utf8').split('\n')) {
    const [path, needs] = line.split(':');
    if (path === undefined || needs === undefined) continue;
    files.set(moduleName(path), { path, needs: needs.trim().split(/\s+/).filter(Boolean) });
  }
  const order = new Map<string, LoadableModule>();
  const add = (name: string): void => {
    const file = files.get(name);
    if (file === undefined || order.has(name)) return;
    for (const need of file.needs) add(moduleName(need));
    order.set(name, { name, content: readModule(join(from.modules, file.path)) });
  };
  for (const name of wanted) add(name.replaceAll('-', '_'));
  return [...order.values()];
}

function moduleName(path: string): string {
  return basename(path)
    .replace(/\.ko(\.\w+)?$/, '')
    .replaceAll('-', '_');
}

function readModule(path: string): Buffer {
  if (path.endsWith('.gz')) return gunzipSync(readFileSync(path));
  const unpack = path.endsWith('.xz') ? 'xz' : path.endsWith('.zst') ? 'zstd' : undefined;
  if (unpack === undefined) return readFileSync(path);
  return execFileSync(unpack, ['-dc', path], { maxBuffer: 64 << 20 });
}

/** Unpacks beside the final place and renames, so that a broken download never looks like a kernel. */
function fetchKernel(root: string): void {
  const work = mkdtempSync(join(cacheDirectory(), 'fetch-'));
  try {
    const name = process.env['KA_VM_KERNEL_PACKAGE'] ?? newestImage();
    execFileSync('apt-get', ['download', '-q', name], { cwd: work, stdio: ['ignore', 'ignore', 'pipe'] });
    const deb = readdirSync(work).find((file) => file.endsWith('.deb'));
    if (deb === undefined) throw new Error(`apt-get download ${name} brought no package`);
    execFileSync('dpkg-deb', ['-x', deb, 'root'], { cwd: work });
    const version = readdirSync(join(work, 'root', 'lib', 'modules'))[0] ?? '';
    execFileSync('depmod', ['-b', join(work, 'root'), version]);
    renameSync(join(work, 'root'), root);
  } catch (error) {
    // Another process may have been faster; its result is as good.
    if (existsSync(root)) return;
    throw new Error('no kernel for the virtual machine (needs apt package lists, dpkg-deb and depmod)', {
      cause: error,
    });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The versioned package that the unversioned one depends on. */
function newestImage(): string {
  const meta = process.arch === 'arm64' ? 'linux-image-arm64' : 'linux-image-amd64';
  const text = execFileSync('apt-cache', ['depends', meta], { encoding: 'utf8' });
  const found = /Depends: (linux-image-\S+)/.exec(text)?.[1];
  if (found === undefined) throw new Error(`apt-cache knows no kernel behind ${meta}: run apt-get update`);
  return found;
}
