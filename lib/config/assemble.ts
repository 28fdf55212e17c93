/**
 * The tree of a whole configuration to its model: decodes the blocks, resolves what refers to what, applies the rules
 * across blocks.
 */
import { assembleGlobals } from './assemble-global.js';
import { assembleGroups, assembleServer } from './assemble-lvs.js';
import {
  assembleBfd,
  assembleFile,
  assembleGarpGroup,
  assembleProcess,
  assembleScript,
  RulePreferences,
  type Named,
} from './assemble-tracked.js';
import { assembleInstance, trackReferences, type Trackables } from './assemble-vrrp.js';
import { decodeItems } from './decode.js';
import type { Diagnostics } from './diagnostic.js';
import type { FileAccess, Machine } from './load.js';
import { messages } from './messages.js';
import type { AddressEntry, BfdInstance, TrackGroup, VrrpInstance, VrrpSyncGroup } from './model-vrrp.js';
import type { Config, GlobalDefs } from './model.js';
import type { Context, Decoded } from './schema/dsl.js';
import { root } from './schema/root.js';
import type { Section } from './schema/lists.js';
import type { Statement, Tree } from './syntax.js';
import {
  checkScripts,
  commandsOf,
  notifyScripts,
  syncGroups,
  trackingWeights,
  uniqueVrids,
  usableScripts,
} from './validate.js';

export interface AssembleOptions {
  readonly configId: string;
  readonly diagnostics: Diagnostics;
  readonly mode: 'test' | 'daemon';
  readonly isOffline: boolean;
  readonly machine: Machine;
  readonly files: FileAccess;
}

type Root = Decoded<typeof root.rows>;

export function assembleConfig(tree: Tree, options: AssembleOptions): Config {
  const { diagnostics, machine } = options;
  const isDynamic = saysDynamic(tree.items);
  const context: Context = {
    ...options,
    where: 'at the top level',
    isUnbalanced: false,
    isScriptUserBad: false,
    withoutEffect: new Map(),
    isInsideWithoutEffect: false,
    hasInterface: (name) => options.isOffline || isDynamic || machine.hasInterface(name),
  };
  const raw = decodeItems(root, tree.items, context);
  const globals = assembleGlobals(raw.globalDefs);
  if (raw.netNamespace !== undefined && !options.isOffline && !machine.hasNamespace(raw.netNamespace.text)) {
    diagnostics.report(messages.namespaceMissing, raw.netNamespace.at, raw.netNamespace.text);
  }
  const order = new Map(tree.items.map((item, index) => [item, index]));
  const vrrp = assembleVrrp(raw, globals, order, context);
  const virtualServerGroup = assembleGroups(raw.virtualServerGroup, context);
  const definedAt = new Map(
    raw.trackFile.map((section) => [section.name, order.get(section.statement) ?? 0]),
  );
  const servers = raw.virtualServer.flatMap((server) => {
    const place = order.get(server.section.statement) ?? 0;
    const value = assembleServer(server, virtualServerGroup, globals, context, {
      file: (name) =>
        (definedAt.get(name) ?? Infinity) < place
          ? vrrp.trackFile.find((file) => file.name === name)
          : undefined,
      hasBfd: (name) => vrrp.bfdInstance.some((session) => session.name === name),
    });
    return value === undefined ? [] : [value];
  });
  const virtualServer = checkScripts(servers, globals, context);
  for (const [keyword, at] of context.withoutEffect) diagnostics.report(messages.noEffectYet, at, keyword);
  return {
    configId: options.configId,
    netNamespace: raw.netNamespace?.text,
    netNamespaceIpvs: raw.netNamespaceIpvs,
    namespaceWithIpsets: raw.namespaceWithIpsets,
    usePidDir: raw.usePidDir || raw.instance !== undefined || raw.netNamespace !== undefined,
    instance: raw.instance,
    childWaitTime: raw.childWaitTime,
    linkbeatUsePolling: raw.linkbeatUsePolling,
    globalDefs: globals,
    ...vrrp,
    ssl: raw.SSL === undefined ? undefined : { ...raw.SSL.fields, at: raw.SSL.at },
    virtualServerGroup,
    virtualServer,
  };
}

/** dynamic_interfaces counts wherever it stands. */
function saysDynamic(items: readonly Statement[]): boolean {
  return items.some(
    (item) =>
      item.words[0] === 'global_defs' &&
      item.body?.items.some((inner) => inner.words[0] === 'dynamic_interfaces') === true,
  );
}

type Vrrp = Omit<
  Config,
  | 'configId'
  | 'netNamespace'
  | 'netNamespaceIpvs'
  | 'namespaceWithIpsets'
  | 'usePidDir'
  | 'instance'
  | 'childWaitTime'
  | 'linkbeatUsePolling'
  | 'globalDefs'
  | 'ssl'
  | 'virtualServerGroup'
  | 'virtualServer'
>;

function assembleVrrp(
  raw: Root,
  globals: GlobalDefs,
  order: ReadonlyMap<Statement, number>,
  context: Context,
): Vrrp {
  const named = <R, T>(
    sections: readonly Section<R>[],
    assemble: (section: Section<R>) => T | undefined,
  ): readonly Named<T>[] =>
    sections.map((section) => ({
      name: section.name,
      value: assemble(section),
      order: order.get(section.statement) ?? 0,
    }));
  const scripts = named(raw.vrrpScript, (section) => assembleScript(section, globals, context));
  const files = named(raw.trackFile, (section) => assembleFile(section, context));
  const processes = named(raw.vrrpTrackProcess, (section) => assembleProcess(section, context));
  const sessions: BfdInstance[] = [];
  const bfds = named(raw.bfdInstance, (section) => {
    const session = assembleBfd(section, sessions, context);
    if (session !== undefined) sessions.push(session);
    return session;
  });
  const known: Trackables = { scripts, files, processes, bfds };
  const preferences = new RulePreferences(context);
  const staticRules = preferences.fill(raw.staticRules);
  const instances = present(
    raw.vrrpInstance.map((section) =>
      assembleInstance(section, globals, known, order.get(section.statement) ?? 0, preferences, context),
    ),
  );
  const drafts = raw.vrrpSyncGroup.map((section) => draftGroup(section, globals, known, order, context));
  const { diagnostics } = context;
  diagnostics.isLate = true;
  uniqueVrids(instances, context);
  const groups = syncGroups(present(drafts), instances, context);
  const weighted = trackingWeights(instances, groups, context);
  const usable =
    raw.vrrpInstance.length > 0
      ? usableScripts(present(scripts.map((item) => item.value)), globals, context)
      : present(scripts.map((item) => item.value));
  if (raw.vrrpInstance.length > 0) {
    const sections = [...raw.vrrpInstance, ...raw.vrrpSyncGroup];
    notifyScripts(
      sections.flatMap((section) => commandsOf(section.fields)),
      globals,
      context,
    );
  }
  const trackGroup = raw.trackGroup.map((section) => memberGroup(section, instances, context));
  const garpGroup = present(raw.garpGroup.map((section) => assembleGarpGroup(section, context)));
  diagnostics.isLate = false;
  return {
    vrrpInstance: weighted.map((instance) => withUsable(instance, usable)),
    vrrpSyncGroup: groups.map((group) => withUsable(group, usable)),
    vrrpScript: usable,
    vrrpTrackProcess: present(processes.map((item) => item.value)),
    trackFile: present(files.map((item) => item.value)),
    bfdInstance: sessions,
    trackGroup,
    garpGroup,
    staticIpaddress: withDevice(raw.staticIpaddress, globals, context),
    staticRoutes: raw.staticRoutes,
    staticRules,
    linkbeatInterfaces: raw.linkbeatInterfaces,
    interfaceUpDownDelays: raw.interfaceUpDownDelays,
  };
}

/** Static addresses without `dev` are on `default_interface`, which must exist then. */
function withDevice(
  entries: readonly AddressEntry[],
  globals: GlobalDefs,
  context: Context,
): readonly AddressEntry[] {
  const device = globals.defaultInterface?.text ?? 'eth0';
  return entries.flatMap((entry) => {
    if (entry.dev !== undefined) return [entry];
    if (context.hasInterface(device)) return [{ ...entry, dev: device }];
    context.diagnostics.report(messages.interfaceAbsent, entry.at, device);
    return [];
  });
}

/** Scripts that were removed leave the tracking lists too. */
function withUsable<T extends VrrpInstance | VrrpSyncGroup>(item: T, scripts: Config['vrrpScript']): T {
  const trackScript = item.trackScript.filter((entry) =>
    scripts.some((script) => script.name === entry.name),
  );
  return trackScript.length === item.trackScript.length ? item : { ...item, trackScript };
}

function draftGroup(
  section: Root['vrrpSyncGroup'][number],
  globals: GlobalDefs,
  known: Trackables,
  order: ReadonlyMap<Statement, number>,
  context: Context,
): VrrpSyncGroup | undefined {
  const { fields, name, at, statement } = section;
  const references = trackReferences(fields, known, order.get(statement) ?? 0, context);
  return {
    name,
    at,
    group: fields.group ?? [],
    trackInterface: fields.trackInterface.map((entry) => ({
      interface: entry.name,
      weight: entry.weight ?? 0,
      reverse: entry.reverse ?? false,
      at: entry.at,
    })),
    ...references,
    notifyMaster: fields.notifyMaster,
    notifyBackup: fields.notifyBackup,
    notifyFault: fields.notifyFault,
    notifyStop: fields.notifyStop,
    notify: fields.notify,
    smtpAlert: fields.smtpAlert ?? globals.smtpAlertVrrp ?? globals.smtpAlert ?? false,
    syncGroupTrackingWeight: fields.syncGroupTrackingWeight,
    notifyPriorityChanges: fields.notifyPriorityChanges ?? globals.vrrpNotifyPriorityChanges,
  };
}

function memberGroup(
  section: Root['trackGroup'][number],
  instances: readonly VrrpInstance[],
  context: Context,
): TrackGroup {
  const group = (section.fields.group ?? []).filter((member) => {
    if (instances.some((instance) => instance.name === member.text)) return true;
    context.diagnostics.report(
      messages.silentlyIgnored,
      member.at,
      `there is no vrrp_instance '${member.text}'`,
    );
    return false;
  });
  return { name: section.name, at: section.at, group };
}

function present<T>(list: readonly (T | undefined)[]): readonly T[] {
  return list.filter((item) => item !== undefined);
}
