/** Where the control sockets are. */
import { dirname, join } from 'node:path';

/** Folder of the sockets unless told otherwise. */
export const controlFolder = '/run/ka-node';

/** Environment variable that says where the socket is: to the daemon, and to the commands that talk to it. */
export const controlVariable = 'KA_NODE_CONTROL';

export interface ControlPathOptions {
  /** --control-socket; `none`: no socket. */
  readonly given?: string | undefined;
  /** `instance` of the configuration. */
  readonly instance?: string | undefined;
  /** -s, or `net_namespace` of the configuration. */
  readonly namespace?: string | undefined;
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/**
 * The path of the control socket: as given, else as the environment says, else /run/ka-node/control.sock with the instance and
 * the namespace in its name. Undefined: there is to be none.
 */
export function controlPath(options: ControlPathOptions): string | undefined {
  const { given, instance, namespace, environment = process.env } = options;
  const told = given ?? environment[controlVariable];
  if (told === 'none') return undefined;
  if (told !== undefined && told !== '') return told;
  const parts = ['control', namespace, instance].filter((part) => part !== undefined && part !== '');
  return join(controlFolder, `${parts.join('-')}.sock`);
}

/** The socket beside it that only the daemon's user may open, and that takes changes. */
export function adminPath(path: string): string {
  return join(dirname(path), path.slice(dirname(path).length + 1).replace(/(\.sock)?$/, '.admin.sock'));
}
