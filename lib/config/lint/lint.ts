/** Looks for what is lawful and hurts in production. `ka-node check` does; the daemon and keepalived's test mode do not. */
import { Diagnostics, type Diagnostic } from '../diagnostic.js';
import type { Config } from '../model.js';
import * as lvs from './lvs.js';
import type { Subnet } from './networks.js';
import * as vrrp from './vrrp.js';

export interface LintContext {
  readonly diagnostics: Diagnostics;
  /** Subnets of an interface; empty: not known. */
  readonly networks: (device: string) => readonly Subnet[];
}

const rules: readonly ((config: Config, context: LintContext) => void)[] = [
  vrrp.vipUsedTwice,
  vrrp.ownerAsBackup,
  vrrp.weightsWithoutRoom,
  vrrp.openUnicast,
  vrrp.unusedGroup,
  vrrp.silentStrict,
  vrrp.vipOffSubnet,
  vrrp.slowScripts,
  lvs.persistentOps,
  lvs.missingSorryServer,
  lvs.slowCheckers,
  lvs.serverIsVirtual,
];

/** @param networks what is known of this machine; the default knows nothing, as for a file of another one. */
export function lintConfig(
  config: Config,
  networks: LintContext['networks'] = () => [],
): readonly Diagnostic[] {
  const diagnostics = new Diagnostics();
  for (const rule of rules) rule(config, { diagnostics, networks });
  return diagnostics.list;
}
