#!/usr/bin/env node
// Prints the C++ files of the named sections of sources.json, one a line, as paths from the project's root.
// sources.json names folders; every .cc file in a section's folder belongs to it, so a new file needs no entry anywhere.
// CommonJS and free of dependencies: gyp runs it before anything is built. `--headers` lists the .h files as well.
'use strict';

const fs = require('node:fs');
const path = require('node:path');

const root = path.dirname(__dirname);
const sections = JSON.parse(fs.readFileSync(path.join(__dirname, 'sources.json'), 'utf8'));

/** Files of one section, sorted. A folder that does not exist yet has none. */
function filesOf(section, extensions) {
  const folders = sections[section];
  if (folders === undefined) {
    throw new Error(`unknown section '${section}' (sources.json has: ${Object.keys(sections).join(', ')})`);
  }
  return folders.flatMap((folder) => {
    const absolute = path.join(__dirname, folder);
    if (!fs.existsSync(absolute)) return [];
    return fs
      .readdirSync(absolute)
      .filter((name) => extensions.includes(path.extname(name)))
      .sort()
      .map((name) => path.relative(root, path.join(absolute, name)));
  });
}

module.exports = { sections, filesOf };

if (require.main === module) {
  const args = process.argv.slice(2);
  const extensions = args.includes('--headers') ? ['.cc', '.h'] : ['.cc'];
  const named = args.filter((arg) => !arg.startsWith('--'));
  const wanted = named.length > 0 ? named : Object.keys(sections);
  for (const file of wanted.flatMap((section) => filesOf(section, extensions))) console.log(file);
}
