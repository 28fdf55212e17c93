// Reads the bundle that scripts/bundle.mjs makes, with V8's compiled form of it when that fits this Node.
'use strict';
const { readFileSync } = require('node:fs');
const { dirname } = require('node:path');
const { Script, constants } = require('node:vm');

/** V8 refuses a cache of another version or source, and compiles as if there were none. */
exports.compileBundle = (file, cacheFile) => {
  let cachedData;
  try {
    cachedData = readFileSync(cacheFile);
  } catch {
    // Not made, or not packed: it only saves time.
  }
  const source = `(function (exports, require, module, __filename, __dirname) { ${readFileSync(file, 'utf8')}\n})`;
  return new Script(source, {
    filename: file,
    cachedData,
    importModuleDynamically: constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
};

/** What the bundle exports. `require` is that of a file beside it. */
exports.runBundle = (script, file, require) => {
  const module = { exports: {} };
  script.runInThisContext()(module.exports, require, module, file, dirname(file));
  return module.exports;
};
