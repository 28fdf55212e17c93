/**
 * The network namespace that a process of the daemon works in. As with keepalived it is all of the process: its sockets, mails,
 * scripts and name look-ups are there, not only the adverts.
 */
import { openSync } from 'node:fs';
import { enterNamespace } from '../../bindings/namespace.js';
import type { Config } from '../config/model.js';
import type { DaemonOptions } from './options.js';
import type { SideContext } from './side.js';

/** Path of a namespace by its name, as `ip netns` keeps it. */
export function namespacePath(name: string): string {
  return `/run/netns/${name}`;
}

/**
 * Enters the namespace that the command line (-s) or else the configuration (net_namespace) names; to be called before other threads
 * are started.
 * @returns path of the namespace that it leaves; undefined: it stays where it is.
 * @throws {NativeError} KA_NAMESPACE
 */
export function enterOwnNamespace(
  { namespace }: Pick<DaemonOptions, 'namespace'>,
  { netNamespace }: Pick<Config, 'netNamespace'>,
): string | undefined {
  const name = namespace ?? netNamespace;
  if (name === undefined) return undefined;
  // Held open for the life of the process: without a descriptor there is no way back.
  const home = `/proc/self/fd/${openSync('/proc/self/ns/net', 'r')}`;
  enterNamespace(namespacePath(name));
  return home;
}

/** Path of the namespace whose IPVS table is kept; undefined: that of the process, where the checks are made. */
export function ipvsNamespace(
  { netNamespaceIpvs: name }: Config,
  {
    options,
    homeNamespace,
  }: Pick<SideContext, 'homeNamespace'> & { readonly options: Pick<SideContext['options'], 'namespace'> },
): string | undefined {
  if (name === undefined || options.namespace !== undefined) return undefined;
  return name === '' ? homeNamespace : namespacePath(name);
}
