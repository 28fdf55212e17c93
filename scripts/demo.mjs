// `npm run demo`: a failover on real packets, with the files of examples/ or with two of your own. Does its own set-up.
//
//   npm run demo                    examples/01-master-backup
//   npm run demo -- a.conf b.conf   your own
import { spawn } from 'node:child_process';
import { join } from 'node:path';

import { SetupError, ensureBuilt, ensureDebianPackages, ensureNodeModules, root } from './setup.mjs';

process.exitCode = await main(process.argv.slice(2));

async function main(files) {
  if (process.getuid() !== 0) {
    console.error(
      'The demo makes network namespaces and sends VRRP packets in them, which needs root: sudo npm run demo',
    );
    return 1;
  }
  try {
    const missing = ensureDebianPackages(['build', 'lab']);
    if (missing.length > 0) throw new SetupError(`these packages are missing: ${missing.join(' ')}`);
    ensureNodeModules();
    ensureBuilt();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(error.message);
    return 1;
  }
  const child = spawn(process.execPath, [join(root, 'dist/test/demo/demo.js'), ...files], {
    stdio: 'inherit',
  });
  // Ctrl-C reaches the demo too: it cleans up, and this waits for it.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  return new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
}
