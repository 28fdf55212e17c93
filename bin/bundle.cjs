// Reads a bundle that scripts/bundle.mjs makes, with V8's compiled form of it when that fits this Node and its options.
'use strict';
const { readFileSync } = require('node:fs');
const { dirname } = require('node:path');
const { Script, constants } = require('node:vm');

/** By the option that tells them apart. */
const ways = { lean: '--always-sparkplug', daemon: '--single-threaded' };

/** V8 takes no cache that was made with other options: a bundle has one for each of the ways in which bin/ka-node starts Node for it. */
exports.cacheOf = (file) => {
  const [way] = Object.entries(ways).find(([, option]) => process.execArgv.includes(option)) ?? [];
  return `${file}${way === undefined ? '' : `.${way}`}.cache`;
};

/** V8 refuses a cache of another version or source, and compiles as if there were none. */
exports.compile = (file) => {
  let cachedData;
  try {
    cachedData = readFileSync(exports.cacheOf(file));
  } catch {
    // Not made, or not packed: it only saves time.
  }
  // esbuild writes ASCII, in the function that a module is; to put it around here would be one more copy.
  return new Script(readFileSync(file, 'latin1'), {
    filename: file,
    cachedData,
    importModuleDynamically: constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
};

/** What the bundle exports. `require` is that of a file beside it. */
exports.run = (script, file, require) => {
  const module = { exports: {} };
  script.runInThisContext()(module.exports, require, module, file, dirname(file));
  return module.exports;
};

exports.load = (file, require) => exports.run(exports.compile(file), file, require);
