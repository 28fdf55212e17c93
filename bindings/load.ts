/** Finds and loads the compiled addon. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { NativeError } from './errors.js';
import type { NativeAddon } from './native.js';

/** Version of the native surface that this package was written for. */
export const nativeAbi = 1;

let loaded: NativeAddon | undefined;

/**
 * The addon, loaded once: `$KA_NODE_ADDON` when set (a path), else build/Release or a prebuilt one.
 * @throws {NativeError} KA_NATIVE_MISSING with all that was tried, KA_NATIVE_ABI when it is of another version.
 */
export function loadAddon(): NativeAddon {
  loaded ??= load();
  return loaded;
}

function load(): NativeAddon {
  const require = createRequire(import.meta.url);
  const root = fileURLToPath(new URL('../../', import.meta.url));
  const path = process.env['KA_NODE_ADDON'];
  let addon: NativeAddon;
  try {
    addon = (path === undefined ? builtOrPacked(require, root) : require(path)) as NativeAddon;
  } catch (cause) {
    const tried =
      path === undefined ? `${root}build/Release and ${root}prebuilds` : `${path} (KA_NODE_ADDON)`;
    throw new NativeError(
      'KA_NATIVE_MISSING',
      `the native addon could not be loaded from ${tried}; build it with "npm run build:native" ` +
        '(needs a C++20 compiler, libnl-3-dev, libnl-route-3-dev and libnl-genl-3-dev)',
      { cause },
    );
  }
  if (addon.abi !== nativeAbi)
    throw new NativeError(
      'KA_NATIVE_ABI',
      `the native addon has version ${String(addon.abi)}, this package needs ${nativeAbi}: build it again`,
    );
  return addon;
}

/** node-gyp-build looks there first, too; it takes as long to load and to look as the addon itself. */
function builtOrPacked(require: NodeJS.Require, root: string): unknown {
  const built = `${root}build/Release/ka_node.node`;
  return existsSync(built) ? require(built) : (require('node-gyp-build') as Loader)(root);
}

type Loader = (root: string) => unknown;
