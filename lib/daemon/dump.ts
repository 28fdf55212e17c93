/** The files that signals ask for, of a running node. */
import { readFileSync } from 'node:fs';
import { systemAccounts, type Accounts } from '../accounts.js';
import type { Config } from '../config/model.js';
import type { VrrpNode } from '../vrrp/node.js';
import { dataText } from './dump-data.js';
import { dumpDirectory, dumpName, writeDump } from './dump-file.js';
import type { IdentityOf } from './dump-global.js';
import { jsonText, statsText } from './dump-stats.js';

export type DumpKind = 'data' | 'stats' | 'json';

/**
 * Writes keepalived.data, keepalived.stats or keepalived.json.
 * @returns its path; undefined when there is nothing to write (JSON without instances).
 * @throws {KaError} KA_DUMP_WRITE
 */
export function dumpNode(
  kind: DumpKind,
  node: VrrpNode,
  config: Config,
  directory: string = dumpDirectory(),
): string | undefined {
  const instances = node.standings();
  switch (kind) {
    case 'data': {
      const { dataUseInstance } = config.globalDefs;
      const parts = dataUseInstance ? [config.netNamespace, config.instance] : [];
      const scripts = new Map(config.vrrpScript.map(({ name }) => [name, node.verdictOn(name)] as const));
      const identity = identities(config, systemAccounts);
      const umask = ownUmask();
      const text = dataText({ config, instances, groups: node.groupStates, scripts, identity, umask });
      return writeDump(directory, dumpName('keepalived.data', parts), text);
    }
    case 'stats':
      return writeDump(directory, 'keepalived.stats', statsText(instances));
    case 'json': {
      const text = jsonText(config, instances);
      return text === undefined ? undefined : writeDump(directory, 'keepalived.json', text);
    }
  }
}

/** This process's umask. process.umask() would set it for a moment, under the feet of other threads. */
function ownUmask(): number {
  const [, digits = '22'] = /^Umask:\s*([0-7]+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return parseInt(digits, 8);
}

/** Accounts as numbers: the given one, else script_user, else this process. */
function identities(config: Config, accounts: Accounts): IdentityOf {
  return ({ user, group }) => {
    const fallback = config.globalDefs.scriptUser;
    const name = user ?? fallback?.user;
    const account = name === undefined ? undefined : accounts.user(name);
    const groupName = user === undefined ? fallback?.group : group;
    const gid = groupName === undefined ? account?.gid : accounts.group(groupName);
    return `${account?.uid ?? process.getuid?.() ?? 0}:${gid ?? process.getgid?.() ?? 0}`;
  };
}
