// Puts the compiled command line and all it needs of lib/ and bindings/ into one file, dist/bundle/ka-node.cjs: Node then
// reads one file at start instead of a hundred, and does not start its loader of ES modules. Packages stay outside.
// Reading a large program takes longer than what a start has to do, so `-t`, the supervisor and its children have bundles
// of their own. Beside each goes V8's compiled form of it, for each of the ways in which bin/ka-node starts Node for it.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

const self = fileURLToPath(import.meta.url);
const root = join(dirname(self), '..');
const dist = join(root, 'dist');
const folder = join(dist, 'bundle');
const sample = join(root, 'examples/02-nopreempt/ka1.conf');
const plain = [];
const lean = [
  '--single-threaded',
  '--max-semi-space-size=2',
  '--always-sparkplug',
  '--interrupt-budget=135168',
];
const daemon = ['--single-threaded', '--max-semi-space-size=1', '--heap-growing-percent=50'];
/** `options`: how bin/ka-node starts Node for it; `use`: what is done once, so that V8 has compiled what a start needs. */
const bundles = [
  {
    entry: 'main.js',
    name: 'ka-node.cjs',
    options: [plain, lean, daemon],
    use: ({ main }) => main(['check', '--offline', sample]),
  },
  {
    entry: 'config-test-only.js',
    name: 'config-test.cjs',
    options: [lean],
    use: ({ main }) => main(['-t', '-f', sample]),
  },
  { entry: 'run-as-child.js', name: 'child.cjs', options: [daemon], use: ({ rehearse }) => rehearse(sample) },
  {
    entry: 'supervise.js',
    name: 'supervisor.cjs',
    options: [daemon],
    // It starts a child, hears that there is no such file, and ends.
    use: ({ main }) => main(['--dont-fork', '--no-syslog', '--use-file=/nonexistent/ka-node.conf']),
  },
];

if (process.argv[2] === '--write-cache') {
  await writeCache(process.argv[3]);
} else {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const { entry, name } of bundles) await writeBundle(entry, name);
  for (const { name, options } of bundles) {
    for (const each of options) {
      // In a process of its own: V8 takes no cache that was made with other options.
      const words = [...each, self, '--write-cache', name];
      const { status, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
      if (status !== 0) throw new Error(`the code cache could not be made:\n${stderr}`);
    }
  }
}

async function writeCache(name) {
  const program = join(root, 'bin/ka-node');
  const require = createRequire(program);
  const { cacheOf, compile, run } = require('./bundle.cjs');
  const { use } = bundles.find((bundle) => bundle.name === name);
  const file = join(folder, name);
  const script = compile(file);
  // Whoever starts processes starts this program.
  process.argv.splice(1, Infinity, program);
  await use(run(script, file, require));
  process.umask(0o022);
  writeFileSync(cacheOf(file), script.createCachedData());
  process.exit();
}

async function writeBundle(entry, name) {
  const { outputFiles } = await build({
    entryPoints: [join(dist, 'lib/cli', entry)],
    outfile: join(folder, name),
    write: false,
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    // import() of a script that V8 took from its cache throws for want of its options, so it becomes require().
    supported: { 'dynamic-import': false },
    packages: 'external',
    // Comments and white space cost reading time; names stay, for stack traces.
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    banner: {
      js: `const __moduleUrl=(file)=>require("node:url").pathToFileURL(require("node:path").join(__dirname,"..",file)).href;
const __whenUsed=(name)=>{let loaded;return new Proxy({},{get:(_,key)=>(loaded??=require(name))[key]})};`,
    },
    plugins: [moduleUrls()],
    logLevel: 'warning',
  });
  for (const { path, text } of outputFiles) {
    const head = '(function (exports, require, module, __filename, __dirname) {';
    writeFileSync(path, `${head} ${lateModules(text)}\n})`);
  }
}

/**
 * Node's modules are loaded when something of them is used: child_process alone brings fifty others. So are the packages of single
 * checkers: RE2 and DNS took 43 ms of every start of a checkers process.
 */
function lateModules(text) {
  return text.replace(/=require\("(node:[\w/]+|re2js|dns-packet)"\)/g, (whole, name) =>
    name === 'node:fs' || name === 'node:path' ? whole : `=__whenUsed("${name}")`,
  );
}

/** import.meta.url stays what it was in the file that says it. */
function moduleUrls() {
  return {
    name: 'module-urls',
    setup({ onLoad }) {
      onLoad({ filter: /\.js$/ }, ({ path }) => {
        const text = readFileSync(path, 'utf8');
        const file = JSON.stringify(relative(dist, path));
        return { contents: text.replaceAll('import.meta.url', `__moduleUrl(${file})`), loader: 'js' };
      });
    },
  };
}
