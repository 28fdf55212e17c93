// Puts the compiled command line and all it needs of lib/ and bindings/ into one file, dist/bundle/ka-node.cjs: Node then
// reads one file at start instead of a hundred, and does not start its loader of ES modules. Packages stay outside.
// Beside it goes V8's compiled form of it, with the functions that reading a configuration needs (ka-node.cjs.cache).
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

const self = fileURLToPath(import.meta.url);
const root = join(dirname(self), '..');
const dist = join(root, 'dist');
const bundle = join(dist, 'bundle/ka-node.cjs');
const cache = `${bundle}.cache`;
const sample = 'examples/02-nopreempt/ka1.conf';

if (process.argv[2] === '--write-cache') {
  await writeCache();
} else {
  await writeBundle();
  // In a process of its own: reading a configuration tells on the console what it finds.
  const { status, stderr } = spawnSync(process.execPath, [self, '--write-cache'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the code cache could not be made:\n${stderr}`);
}

async function writeCache() {
  const require = createRequire(join(root, 'bin/ka-node'));
  const { compileBundle, runBundle } = require('./bundle.cjs');
  const script = compileBundle(bundle, cache);
  await runBundle(script, bundle, require).main(['-t', '-f', join(root, sample)]);
  writeFileSync(cache, script.createCachedData());
}

async function writeBundle() {
  // V8 knows a source by its length alone: the cache of another bundle must never stay.
  rmSync(cache, { force: true });
  await build({
    entryPoints: [join(dist, 'lib/cli/main.js')],
    outfile: bundle,
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    // Comments and white space cost reading time; names stay, for stack traces.
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    banner: {
      js: 'const __moduleUrl=(file)=>require("node:url").pathToFileURL(require("node:path").join(__dirname,"..",file)).href;',
    },
    plugins: [moduleUrls()],
    logLevel: 'warning',
  });
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
