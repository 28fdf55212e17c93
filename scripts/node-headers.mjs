// Where Node's own header files are on this machine, so that node-gyp need not download them.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * The prefix below which include/node/node_version.h of this Node's major version is: beside the node executable, where its
 * archive and its packages put it, or in /usr. Undefined when there is none: node-gyp then uses its own cache, or downloads.
 */
export function nodeHeaders() {
  const candidates = [
    process.env.npm_config_nodedir,
    dirname(dirname(process.execPath)),
    '/usr',
    '/usr/local',
  ];
  return candidates.find((prefix) => {
    if (prefix === undefined || prefix === '') return false;
    const version = join(prefix, 'include/node/node_version.h');
    if (!existsSync(version)) return false;
    const major = /#define NODE_MAJOR_VERSION (\d+)/.exec(readFileSync(version, 'utf8'))?.[1];
    return major === process.versions.node.split('.')[0];
  });
}
