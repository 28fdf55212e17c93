/** Makes folders. The recursive form of Node.js never ends below /proc (nodejs/node: mkdirp tries the same parent again and again). */
import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/** Makes the last folder of a path, mode 0755 whatever the umask. False: it was there. @throws the error of mkdir(2). */
export function makeFolder(folder: string): boolean {
  if (existsSync(folder)) return false;
  try {
    mkdirSync(folder);
    // The daemon's own umask would lock everybody out.
    chmodSync(folder, 0o755);
    return true;
  } catch (error) {
    // Another process may have been quicker.
    if (!existsSync(folder)) throw error;
    return false;
  }
}

/** Makes every folder of a path that is missing. False: nothing was missing. @throws the error of mkdir(2). */
export function makeFolders(folder: string): boolean {
  const missing: string[] = [];
  for (let at = folder; !existsSync(at) && dirname(at) !== at; at = dirname(at)) missing.push(at);
  for (const each of missing.reverse()) makeFolder(each);
  return missing.length > 0;
}
