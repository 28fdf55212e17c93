/** Looks for what is lawful and hurts in production. `ka-node check` does; the daemon and keepalived's test mode do not. */
import { Diagnostics, type Diagnostic } from '../diagnostic.js';
import type { Config } from '../model.js';
import type { FileAccess, Machine } from '../load.js';
import * as lvs from './lvs.js';
import type { Subnet } from './networks.js';
import { runnableScripts, shellWords } from './scripts.js';
import * as vrrp from './vrrp.js';
import * as weights from './weights.js';

export interface LintContext {
  readonly diagnostics: Diagnostics;
  /** Subnets of an interface; empty: not known. */
  readonly networks: (device: string) => readonly Subnet[];
  /** The machine that the file is for; undefined: another one, whose scripts are not here. */
  readonly host: { readonly machine: Machine; readonly files: FileAccess } | undefined;
  /** What was said of the file already: the same is not said again. */
  readonly told: readonly Diagnostic[];
}

const rules: readonly ((config: Config, context: LintContext) => void)[] = [
  vrrp.vipUsedTwice,
  vrrp.ownerAsBackup,
  vrrp.masterWithoutPriority,
  weights.weightsWithoutRoom,
  weights.weightsBelowOne,
  weights.weightsWithoutPreemption,
  vrrp.openUnicast,
  vrrp.unusedGroup,
  vrrp.silentStrict,
  vrrp.strictUnicast,
  vrrp.vipOffSubnet,
  vrrp.namesTwice,
  vrrp.slowScripts,
  lvs.persistentOps,
  lvs.missingSorryServer,
  lvs.slowCheckers,
  lvs.serverIsVirtual,
  runnableScripts,
  shellWords,
];

/** @param known what is known of this machine; the default knows nothing, as for a file of another one. */
export function lintConfig(
  config: Config,
  known: Partial<Omit<LintContext, 'diagnostics'>> = {},
): readonly Diagnostic[] {
  const diagnostics = new Diagnostics();
  const { networks = (): readonly Subnet[] => [], host, told = [] } = known;
  for (const rule of rules) rule(config, { diagnostics, networks, host, told });
  return diagnostics.list;
}
