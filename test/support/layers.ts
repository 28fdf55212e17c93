/** The allowed directions between the rooms of the project, as tables, and what breaks them in a given text. */
import { preProcessFile } from 'typescript';

/** What a room may import beside itself. `base` is the files directly in lib/. */
export const rooms: Readonly<Record<string, readonly string[]>> = {
  bindings: [],
  base: ['bindings'], // exec.ts launches through the addon
  config: ['base'],
  policy: ['base'],
  plan: ['base', 'bindings', 'config', 'policy'],
  log: ['base', 'bindings'],
  // What happened and why: the node writes to it, whoever shows it reads.
  recorder: ['base', 'bindings'],
  track: ['base', 'bindings', 'config', 'plan', 'policy'],
  notify: ['base', 'bindings', 'config', 'plan', 'log'],
  checkers: ['base', 'bindings', 'config', 'plan', 'policy'],
  lvs: ['base', 'bindings', 'config', 'plan', 'policy', 'checkers', 'notify'],
  vrrp: ['base', 'bindings', 'config', 'plan', 'policy', 'recorder', 'track', 'notify'],
  control: [
    'base',
    'bindings',
    'config',
    'plan',
    'policy',
    'log',
    'recorder',
    'track',
    'notify',
    'checkers',
    'lvs',
    'vrrp',
  ],
  daemon: [
    'base',
    'bindings',
    'config',
    'plan',
    'policy',
    'log',
    'recorder',
    'track',
    'notify',
    'checkers',
    'lvs',
    'vrrp',
    'control',
  ],
  cli: [
    'base',
    'bindings',
    'config',
    'plan',
    'log',
    'recorder',
    'checkers',
    'lvs',
    'vrrp',
    'control',
    'daemon',
  ],
  // lib/index.ts: the public API re-exports from everywhere but the command line.
  index: [
    'base',
    'bindings',
    'config',
    'plan',
    'policy',
    'log',
    'recorder',
    'track',
    'notify',
    'checkers',
    'lvs',
    'vrrp',
    'control',
    'daemon',
  ],
};

/** Which room uses which npm package. A new dependency is a decision: it is entered here. */
export const packages: Readonly<Record<string, readonly string[]>> = {
  commander: ['cli'],
  'dns-packet': ['checkers'],
  'node-gyp-build': ['bindings'],
  nodemailer: ['notify'],
  'prom-client': ['control'],
  re2js: ['checkers'],
  zod: ['control'],
};

/** What a native room may include beside itself. */
export const nativeRooms: Readonly<Record<string, readonly string[]>> = {
  base: [],
  vrrp: ['base'],
  wire: ['base', 'vrrp'], // the codec speaks in the protocol's values (vrrp/types.h)
  net: ['base', 'wire'],
  probe: ['base', 'net'],
  launch: ['base', 'net'],
  ipvs: ['base', 'net'],
  engine: ['base', 'wire', 'vrrp', 'net', 'ipvs'],
  napi: ['base', 'wire', 'vrrp', 'net', 'ipvs', 'probe', 'launch', 'engine'],
};

/** Standard headers that would let the pure core wait, share, print or look at files. */
const impure =
  /^(thread|mutex|shared_mutex|condition_variable|future|semaphore|latch|barrier|fstream|iostream|filesystem)$/;

/** Room of a TypeScript file, given from the project's root. */
export function roomOf(file: string): string {
  if (file === 'lib/index.ts') return 'index';
  const [top = '', second = '', third] = file.split('/');
  if (top === 'bindings') return 'bindings';
  return third === undefined ? 'base' : second;
}

/** Wrong imports of one TypeScript file, each in words; `file` from the project's root. */
export function wrongImports(file: string, text: string): string[] {
  const room = roomOf(file);
  const allowed = rooms[room];
  if (allowed === undefined) return [`${file}: the room '${room}' is not in test/support/layers.ts`];
  const specifiers = preProcessFile(text).importedFiles.map((each) => each.fileName);
  return specifiers.flatMap((specifier) => {
    if (specifier.startsWith('node:')) return [];
    if (!specifier.startsWith('.')) {
      const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
      const isAllowed = packages[name]?.includes(room) === true;
      return isAllowed ? [] : [`${file}: room '${room}' may not use the package '${name}'`];
    }
    const target = new URL(specifier, `file:///${file}`).pathname.slice(1).replace(/\.js$/, '.ts');
    if (target === 'bindings/load.ts' && room !== 'bindings') {
      return [`${file}: only bindings/ sees the raw addon, import its typed face instead of ${target}`];
    }
    const there = roomOf(target);
    return there === room || allowed.includes(there)
      ? []
      : [`${file}: room '${room}' may not import ${target}`];
  });
}

/** Wrong includes of one C++ file; `isCore` when sources.json counts its folder to the core. */
export function wrongIncludes(file: string, text: string, isCore: boolean): string[] {
  const room = file.split('/')[1] ?? '';
  const allowed = nativeRooms[room];
  if (allowed === undefined) return [`${file}: the room '${room}' is not in test/support/layers.ts`];
  const wrong: string[] = [];
  for (const [, quoted, angled] of text.matchAll(/^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)/gm)) {
    if (quoted !== undefined) {
      const there = /^native\/(\w+)\//.exec(quoted)?.[1];
      if (there === undefined) wrong.push(`${file}: write "${quoted}" from the project's root (native/...)`);
      else if (there !== room && !allowed.includes(there))
        wrong.push(`${file}: room '${room}' may not include ${quoted}`);
    } else if (angled !== undefined) {
      if (/^(node_)?napi\.h$|^node_api\.h$/.test(angled) && room !== 'napi') {
        wrong.push(`${file}: only native/napi/ may include <${angled}>`);
      }
      // Only C++'s own headers have neither a folder nor an ending.
      if (isCore && (/[/.]/.test(angled) || impure.test(angled))) {
        wrong.push(`${file}: the core is pure, it may not include <${angled}>`);
      }
    }
  }
  if (isCore && /\b\w*clock\w*::now\s*\(|\bclock_gettime\s*\(|\bgettimeofday\s*\(/.test(text)) {
    wrong.push(`${file}: the core is given the time, it may not ask for it`);
  }
  return wrong;
}
