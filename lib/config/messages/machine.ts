/** KA5xxx. Scripts and the machine: users, files, interfaces. */
import { define } from './message.js';

export const machineMessages = {
  scriptInsecure: define(
    'KA5001',
    'security',
    'security',
    () => 'scripts are run without enable_script_security',
    { hint: 'add enable_script_security and script_user to global_defs' },
  ),
  scriptMissing: define(
    'KA5002',
    'error',
    'complaint',
    (name: string, path: string, why: string) =>
      `vrrp_script ${name} counts for nobody: ${path} cannot be run: ${why}`,
  ),
  scriptNotExecutable: define(
    'KA5016',
    'error',
    'none',
    (name: string, path: string, why: string) =>
      `vrrp_script ${name} counts for nobody: ${path} cannot be run: ${why}`,
    { hint: 'chmod +x' },
  ),
  scriptUnset: define(
    'KA5003',
    'error',
    'complaint',
    (name: string) => `vrrp_script ${name} has no script; it is removed`,
  ),
  notifyMissing: define(
    'KA5004',
    'warning',
    'none',
    (path: string, why: string) => `${path} will not run: ${why}`,
  ),
  unknownUser: define('KA5005', 'error', 'complaint', (user: string) => `there is no user '${user}'`),
  unknownGroup: define('KA5006', 'error', 'complaint', (group: string) => `there is no group '${group}'`),
  noDefaultUser: define(
    'KA5007',
    'error',
    'complaint',
    (what: string) =>
      `${what} has no user to run as: script_user is missing and there is no user keepalived_script`,
  ),
  unknownUserIgnored: define(
    'KA5008',
    'warning',
    'none',
    (user: string, path: string) => `there is no user '${user}'; ${path} will not run`,
  ),
  scriptUnsafe: define(
    'KA5009',
    'security',
    'complaint',
    (name: string, path: string, why: string) =>
      `vrrp_script ${name} counts for nobody: ${path} is not safe to run: ${why}`,
  ),
  interfaceAbsent: define(
    'KA5010',
    'warning',
    'missing',
    (name: string) => `the interface ${name} does not exist`,
  ),
  trackFileUnset: define(
    'KA5011',
    'error',
    'complaint',
    (name: string) => `track_file ${name} has no file; it is ignored`,
  ),
  namespaceMissing: define(
    'KA5012',
    'error',
    'none',
    (name: string) => `there is no network namespace '${name}'`,
    { isFatal: true, hint: 'ip netns add creates one' },
  ),
  noSuchDirectory: define('KA5013', 'error', 'complaint', (what: string) => what),
  hostUnknown: define(
    'KA5017',
    'warning',
    'complaint',
    (host: string) => `the host name ${host} has no address here`,
    { hint: 'write its address, which needs no name server' },
  ),
  pathNotAbsolute: define(
    'KA5014',
    'error',
    'none',
    (keyword: string, path: string) => `${keyword} needs an absolute path, not '${path}'`,
  ),
} as const;
