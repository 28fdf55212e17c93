/** The files that signals ask for, of a running node. */
import { readFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { systemAccounts, type Accounts } from '../accounts.js';
import type { Config } from '../config/model.js';
import type { VrrpNode } from '../vrrp/node.js';
import { dataText } from './dump-data.js';
import { dumpDirectory, dumpName, writeDump } from './dump-file.js';
import { globalLines, type IdentityOf } from './dump-global.js';
import { jsonText, statsText, type ClearedStats } from './dump-stats.js';

/** `stats-clear`: as `stats`; the caller counts from there on. */
export type DumpKind = 'data' | 'stats' | 'stats-clear' | 'json';

export interface DumpOptions {
  readonly directory?: string;
  readonly cleared?: ClearedStats | undefined;
}

/**
 * Writes keepalived.data, keepalived.stats or keepalived.json.
 * @returns its path; undefined when there is nothing to write (JSON without instances).
 * @throws {KaError} KA_DUMP_WRITE
 */
export function dumpNode(
  kind: DumpKind,
  node: VrrpNode,
  config: Config,
  options: DumpOptions = {},
): string | undefined {
  const { directory = dumpDirectory(), cleared } = options;
  const instances = node.standings();
  const { globalDefs } = config;
  switch (kind) {
    case 'data': {
      const { dataUseInstance } = globalDefs;
      const parts = dataUseInstance ? [config.netNamespace, config.instance] : [];
      const file = globalDefs.stateDumpFile ?? dumpName('keepalived.data', parts);
      return write(directory, file, nodeText(node, config));
    }
    case 'stats':
    case 'stats-clear':
      return write(directory, globalDefs.statsDumpFile ?? 'keepalived.stats', statsText(instances, cleared));
    case 'json': {
      const text = jsonText(config, instances, cleared);
      return text === undefined
        ? undefined
        : write(directory, globalDefs.jsonDumpFile ?? 'keepalived.json', text);
    }
  }
}

/** What keepalived.data says. */
export function nodeText(node: VrrpNode, config: Config): string {
  return dataText({
    config,
    instances: node.standings(),
    groups: node.groupStates,
    scripts: new Map(config.vrrpScript.map(({ name }) => [name, node.verdictOn(name)] as const)),
    identity: identities(config, systemAccounts),
    umask: ownUmask(),
  });
}

/** `file` is a name in `directory`, or a path of its own. */
function write(directory: string, file: string, text: string): string {
  const path = resolve(directory, file);
  return writeDump(dirname(path), basename(path), text);
}

/** Writes keepalived_parent.data: what the whole daemon goes by. @throws {KaError} KA_DUMP_WRITE */
export function dumpGlobal(config: Config): string {
  const { dataUseInstance } = config.globalDefs;
  const parts = dataUseInstance ? [config.netNamespace, config.instance] : [];
  const name = dumpName('keepalived_parent.data', parts);
  return writeDump(dumpDirectory(), name, globalText(config, systemAccounts));
}

/** The section that every such file begins with. */
export function globalText(config: Config, accounts: Accounts): string {
  return `${globalLines(config, identities(config, accounts), ownUmask()).join('\n')}\n`;
}

/** This process's umask. process.umask() would set it for a moment, under the feet of other threads. */
function ownUmask(): number {
  const [, digits = '22'] = /^Umask:\s*([0-7]+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return parseInt(digits, 8);
}

/** Accounts as numbers: the given one, else script_user, else this process. */
export function identities(config: Config, accounts: Accounts): IdentityOf {
  return ({ user, group }) => {
    const fallback = config.globalDefs.scriptUser;
    const name = user ?? fallback?.user;
    const account = name === undefined ? undefined : accounts.user(name);
    const groupName = user === undefined ? fallback?.group : group;
    const gid = groupName === undefined ? account?.gid : accounts.group(groupName);
    return `${account?.uid ?? process.getuid?.() ?? 0}:${gid ?? process.getgid?.() ?? 0}`;
  };
}
