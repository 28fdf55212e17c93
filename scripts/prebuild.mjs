// Makes prebuilds/linux-<arch>/ka-node.<libc>.node with prebuildify, in a temporary copy, so that the checkout's own build
// stays. The result loads where libnl-3 is installed and libstdc++ and libc are not older than here.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { nodeHeaders } from './node-headers.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);
const copy = mkdtempSync(join(tmpdir(), 'ka-node-prebuild-'));
try {
  for (const name of ['native', 'binding.gyp', 'package.json']) {
    cpSync(join(root, name), join(copy, name), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  const headers = nodeHeaders();
  const { status } = spawnSync(
    process.execPath,
    [
      join(dirname(require.resolve('prebuildify/package.json')), 'bin.js'),
      ...['--cwd', copy, '--out', root, '--napi', '--strip', '--tag-libc', '--target', process.versions.node],
    ],
    {
      stdio: 'inherit',
      env: {
        ...process.env,
        PREBUILD_NODE_GYP: join(root, 'node_modules/.bin/node-gyp'),
        ...(headers === undefined ? {} : { npm_config_nodedir: headers }),
      },
    },
  );
  process.exitCode = status ?? 1;
} finally {
  rmSync(copy, { recursive: true, force: true });
}
