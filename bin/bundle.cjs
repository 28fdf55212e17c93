// Reads a bundle that scripts/bundle.mjs makes, with V8's compiled form of it when that fits this Node and its options.
'use strict';
const { readFileSync } = require('node:fs');
const { dirname } = require('node:path');
const { Script, constants } = require('node:vm');

/** V8 takes no cache that was made with other options: there is one for each of the two ways in which bin/ka-node starts Node. */
exports.cacheOf = (file) => `${file}${process.execArgv.includes('--single-threaded') ? '.lean' : ''}.cache`;

/** V8 refuses a cache of another version or source, and compiles as if there were none. */
exports.compile = (file) => {
  let cachedData;
  try {
    cachedData = readFileSync(exports.cacheOf(file));
  } catch {
    // Not made, or not packed: it only saves time.
  }
  // esbuild writes ASCII.
  return new Script(
    `(function (exports, require, module, __filename, __dirname) { ${readFileSync(file, 'latin1')}\n})`,
    {
      filename: file,
      cachedData,
      importModuleDynamically: constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    },
  );
};

/** What the bundle exports. `require` is that of a file beside it. */
exports.run = (script, file, require) => {
  const module = { exports: {} };
  script.runInThisContext()(module.exports, require, module, file, dirname(file));
  return module.exports;
};

exports.load = (file, require) => exports.run(exports.compile(file), file, require);
