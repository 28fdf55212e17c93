/** What the messages of `messages/machine.ts` (KA5xxx) mean, and what to do. */
import type { machineMessages } from '../../messages/machine.js';
import type { Advice } from './advice.js';

export const machineAdvice: Readonly<Record<keyof typeof machineMessages, Advice>> = {
  scriptInsecure: [
    'Scripts run as root while others than root may be able to change them.',
    'Add enable_script_security and script_user to global_defs.',
  ],
  scriptMissing: [
    'The program of a vrrp_script does not exist, or may not be run; the script counts for nobody.',
    'Correct the path; give the program its x bit.',
  ],
  scriptNotExecutable: [
    'The program may not be executed by the user that it runs as.',
    'chmod +x; look at the directories above it too.',
  ],
  scriptUnset: ['A vrrp_script does not say what to run.', 'Add script.'],
  notifyMissing: [
    'The program of a notification does not exist, or may not be run.',
    'Correct the path; give the program its x bit.',
  ],
  unknownUser: [
    'There is no such user on this machine.',
    'Create the user or correct the name; check --offline takes users to exist.',
  ],
  unknownGroup: ['There is no such group on this machine.', 'Create the group or correct the name.'],
  noDefaultUser: [
    'A script has no user to run as.',
    'Add script_user to global_defs, or create the user keepalived_script.',
  ],
  unknownUserIgnored: [
    'The second word behind a notification is the user; there is none of that name.',
    'Quote the command with its arguments, or correct the user.',
  ],
  scriptUnsafe: [
    'Somebody else than root could change the program or a directory above it, and it would run as root.',
    'chown root and chmod go-w each part of the path, or run it as another user.',
  ],
  interfaceAbsent: [
    'An interface is named that this machine does not have; the entry is left out.',
    'Correct the name.',
  ],
  trackFileUnset: ['A track_file does not say which file.', 'Add file.'],
  namespaceMissing: [
    'The network namespace does not exist; keepalived checks nothing then.',
    'Create it: ip netns add NAME.',
  ],
  noSuchDirectory: ['The directory does not exist.', 'Create it.'],
  hostUnknown: [
    'keepalived looks the mail server up when it reads the file, and complains when the name has no address.',
    'Write the address, or mend the name server or /etc/hosts.',
  ],
  pathNotAbsolute: [
    'The daemon changes its directory; a relative path would mean something else.',
    'Write the path from / on.',
  ],
};
