/**
 * The tree of a whole configuration to its model: decodes the blocks, resolves what refers to what, applies the rules
 * across blocks.
 */
import { assembleGlobals } from './assemble-global.js';
import type { CheckerReferences } from './assemble-checkers.js';
import { withGroupMarks } from './group-marks.js';
import { assembleGroups, assembleServer, dependsOnOthers } from './assemble-lvs.js';
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
import { allByName, firstByName } from './by-name.js';
import { BlockDecoder } from './decode.js';
import { Diagnostics } from './diagnostic.js';
import { knownBlock, Witness, type KnownServer, type KnownServers } from './known-servers.js';
import type { FileAccess, Machine } from './load.js';
import { messages } from './messages.js';
import type { AddressEntry } from './model-routes.js';
import type { BfdInstance, TrackGroup, VrrpInstance, VrrpSyncGroup } from './model-vrrp.js';
import type { VirtualServer, VirtualServerGroup } from './model-lvs.js';
import type { Config, GlobalDefs } from './model.js';
import type { StatementSink } from './parser.js';
import type { Context, Decoded } from './schema/dsl.js';
import { root, type RawVirtualServer } from './schema/root.js';
import type { Section } from './schema/lists.js';
import type { Statement } from './syntax.js';
import { hasDefaultUser } from './scripts.js';
import {
  checkScripts,
  commandsOf,
  hasScripts,
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
  /** Known from an earlier reading. */
  readonly foreseen: Foreseen | undefined;
  /** Lines are read as they were meant, not as keepalived reads them. */
  readonly isAsMeant: boolean;
  /** What has been checked need not stay: virtual servers are missing in the model. */
  readonly diagnosticsOnly: boolean;
  /** Virtual servers of another reading that need not be read again. */
  readonly known: KnownServers | undefined;
  /** Another reading may want to know virtual servers of this one. */
  readonly learns: boolean;
}

type Root = Decoded<typeof root.rows>;

/** What counts for all of a configuration wherever it is written. */
export interface Foreseen {
  readonly isDynamic: boolean;
  readonly globals: GlobalDefs;
}

/** Takes the statements of the top level as they come, and makes the model of them in the end. */
export class Assembler implements StatementSink {
  readonly #options: AssembleOptions;
  readonly #context: Context;
  readonly #decoder: BlockDecoder<typeof root.rows>;
  /** Most are assembled at once: what a server becomes needs less memory than what was decoded. */
  readonly #servers: (VirtualServer | RawVirtualServer)[] = [];
  /** Of servers that are assembled at once. */
  readonly #serverContext: Context;
  #globals: GlobalDefs;
  #isDynamic: boolean;
  #isOutdated = false;
  #hasEarlyServers = false;
  #missedInterface = false;
  /** Undefined: nobody learns. */
  readonly #witness: Witness | undefined;
  /** Whether what is known was read under the settings of now; undefined: not yet looked at. */
  #isFitting: boolean | undefined;
  /** What the next reading may know. */
  readonly blocks: KnownServer[] = [];

  constructor(given: AssembleOptions) {
    const witness = given.learns ? new Witness(given.machine, given.files) : undefined;
    const options = { ...given, ...witness?.watched };
    this.#witness = witness;
    this.#options = options;
    this.#isDynamic = options.foreseen?.isDynamic ?? false;
    this.#globals = options.foreseen?.globals ?? assembleGlobals(undefined);
    this.#context = {
      ...options,
      block: undefined,
      blockName: undefined,
      blockStatement: undefined,
      isUnbalanced: false,
      isIrregular: false,
      badScriptUser: undefined,
      withoutEffect: new Map(),
      misspelt: new Map(),
      strays: new Map(),
      isInsideWithoutEffect: false,
      sectionCount: 0,
      hasInterface: (name) => this.#hasInterface(name),
    };
    this.#serverContext = { ...this.#context, diagnostics: new Diagnostics(options.diagnostics) };
    this.#decoder = new BlockDecoder(root, this.#context);
  }

  /** keepalived reads otherwise than the tree has it. */
  get isIrregular(): boolean {
    return this.#context.isIrregular;
  }

  /** A context like the assembler's whose diagnostics nobody sees. */
  scratch(): Context {
    return { ...this.#context, diagnostics: new Diagnostics(), withoutEffect: new Map() };
  }

  take(statement: Statement): void {
    if (!this.#isDynamic && saysDynamic(statement)) {
      this.#isDynamic = true;
      this.#isOutdated ||= this.#missedInterface;
    }
    const asked = this.#witness?.count;
    this.#decoder.take(statement);
    if (statement.words[0] === 'global_defs') this.#takeGlobals();
    const servers = this.#decoder.drain('virtualServer');
    for (const raw of servers) {
      const server = this.#takeServer(raw);
      if (asked === undefined || server === undefined || servers.length > 1) continue;
      const block = knownBlock(statement, server);
      if (block !== undefined && this.#witness?.count === asked) this.blocks.push(block);
    }
  }

  known(text: string, at: number): KnownServer | undefined {
    const { known } = this.#options;
    if (known === undefined || known.isEmpty) return undefined;
    this.#isFitting ??= known.fits(this.#globals);
    return this.#isFitting ? known.find(text, at) : undefined;
  }

  takeKnown(block: KnownServer): void {
    this.#hasEarlyServers = true;
    this.blocks.push(block);
    this.#servers.push(block.server);
  }

  /** Settings that the virtual servers were read under. */
  get globals(): GlobalDefs {
    return this.#globals;
  }

  /**
   * Something that counts for everything came too late for what had been read before: all must be read again, and this is
   * what to expect. Asked when there are no more statements.
   */
  outdated(): Foreseen | undefined {
    if (!this.#isOutdated || this.#options.foreseen !== undefined) return undefined;
    return { isDynamic: this.#isDynamic, globals: this.#globals };
  }

  /** The model, when there are no more statements. */
  finish(): Config {
    const raw = this.#decoder.finish();
    for (const server of raw.virtualServer) this.#takeServer(server);
    return assembleConfig(raw, this.#servers, this.#serverContext.diagnostics, this.#options, this.#context);
  }

  #takeGlobals(): void {
    if (this.#options.foreseen !== undefined) return;
    const globals = assembleGlobals(this.#decoder.peek('globalDefs'));
    this.#isFitting = undefined;
    this.#isOutdated ||= this.#hasEarlyServers && !meansSame(globals, this.#globals);
    this.#globals = globals;
  }

  /** @returns what it became, unless that is not yet known. */
  #takeServer(raw: RawVirtualServer): VirtualServer | undefined {
    if (dependsOnOthers(raw)) {
      this.#servers.push(raw);
      return undefined;
    }
    const server = assembleServer(raw, noGroups, this.#globals, this.#serverContext, noReferences);
    this.#hasEarlyServers = true;
    if (server === undefined || (this.#options.diagnosticsOnly && !hasScripts(server))) return undefined;
    this.#servers.push(server);
    return server;
  }

  #hasInterface(name: string): boolean {
    const { isOffline, machine } = this.#options;
    if (isOffline || this.#isDynamic || machine.hasInterface(name)) return true;
    this.#missedInterface = true;
    return false;
  }
}

/** Settings that virtual servers inherit. */
function meansSame(a: GlobalDefs, b: GlobalDefs): boolean {
  return (
    a.smtpAlert === b.smtpAlert &&
    a.smtpAlertChecker === b.smtpAlertChecker &&
    a.checkerLogAllFailures === b.checkerLogAllFailures
  );
}

const noReferences: CheckerReferences = { file: () => undefined, hasBfd: () => false };
const noGroups: ReadonlyMap<string, VirtualServerGroup> = new Map();

function assembleConfig(
  raw: Root,
  servers: readonly (VirtualServer | RawVirtualServer)[],
  early: Diagnostics,
  options: AssembleOptions,
  context: Context,
): Config {
  const { diagnostics, machine } = options;
  const globals = assembleGlobals(raw.globalDefs);
  if (raw.netNamespace !== undefined && !options.isOffline && !machine.hasNamespace(raw.netNamespace.text)) {
    diagnostics.report(messages.namespaceMissing, raw.netNamespace.at, raw.netNamespace.text);
  }
  const vrrp = assembleVrrp(raw, globals, context);
  const virtualServerGroup = assembleGroups(raw.virtualServerGroup, context);
  const definedAt = new Map(raw.trackFile.map((section) => [section.name, section.order]));
  diagnostics.append(early);
  const files = firstByName(vrrp.trackFile);
  const sessions = firstByName(vrrp.bfdInstance);
  const groups = firstByName(virtualServerGroup);
  const late = ({ section }: RawVirtualServer): CheckerReferences => ({
    file: (name) => ((definedAt.get(name) ?? Infinity) < section.order ? files.get(name) : undefined),
    hasBfd: (name) => sessions.has(name),
  });
  const assembled = present(
    servers.map((server) =>
      'section' in server ? assembleServer(server, groups, globals, context, late(server)) : server,
    ),
  );
  const ownScripts = [globals.startupScript, globals.shutdownScript].filter(
    (script) => script?.user !== undefined || hasDefaultUser(globals, context),
  );
  notifyScripts(ownScripts, globals, context);
  const marked = withGroupMarks(assembled, virtualServerGroup, globals);
  const virtualServer = checkScripts(marked, globals, context);
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

function saysDynamic({ words, body }: Statement): boolean {
  return (
    words[0] === 'global_defs' &&
    body?.items.some((inner) => inner.words[0] === 'dynamic_interfaces') === true
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

function assembleVrrp(raw: Root, globals: GlobalDefs, context: Context): Vrrp {
  const named = <R, T>(
    sections: readonly Section<R>[],
    assemble: (section: Section<R>) => T | undefined,
  ): readonly Named<T>[] =>
    sections.map((section) => ({
      name: section.name,
      value: assemble(section),
      order: section.order,
      statement: section.statement,
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
  const known: Trackables = {
    scripts: allByName(scripts),
    files: allByName(files),
    processes: allByName(processes),
    // Those of which the checkers alone hear cannot be tracked.
    bfds: allByName(bfds.map((each) => (each.value?.vrrp === false ? { ...each, value: undefined } : each))),
  };
  const preferences = new RulePreferences(context);
  const staticRules = preferences.fill(raw.staticRules);
  const withGroupsWish = priorityWishes(raw.vrrpSyncGroup, globals);
  const instances = present(
    raw.vrrpInstance.map((section) =>
      assembleInstance(section, withGroupsWish(section.name), known, preferences, context),
    ),
  );
  const drafts = raw.vrrpSyncGroup.map((section) => draftGroup(section, globals, known, context));
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
  const byName = firstByName(instances);
  const trackGroup = raw.trackGroup.map((section) => memberGroup(section, byName, context));
  const garpGroup = present(raw.garpGroup.map((section) => assembleGarpGroup(section, context)));
  diagnostics.isLate = false;
  const runnable = firstByName(usable);
  return {
    vrrpInstance: weighted.map((instance) => withUsable(instance, runnable)),
    vrrpSyncGroup: groups.map((group) => withUsable(group, runnable)),
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

/** keepalived: an instance without a word of its own on notify_priority_changes goes by its sync group, then by global_defs. */
function priorityWishes(
  groups: Root['vrrpSyncGroup'],
  globals: GlobalDefs,
): (instance: string) => GlobalDefs {
  const wishes = new Map<string, GlobalDefs>();
  for (const { fields } of groups) {
    const { notifyPriorityChanges, group = [] } = fields;
    if (notifyPriorityChanges === undefined) continue;
    const wish = { ...globals, vrrpNotifyPriorityChanges: notifyPriorityChanges };
    for (const { text } of group) if (!wishes.has(text)) wishes.set(text, wish);
  }
  return (instance) => wishes.get(instance) ?? globals;
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
function withUsable<T extends VrrpInstance | VrrpSyncGroup>(
  item: T,
  scripts: ReadonlyMap<string, unknown>,
): T {
  const trackScript = item.trackScript.filter(({ name }) => scripts.has(name));
  return trackScript.length === item.trackScript.length ? item : { ...item, trackScript };
}

function draftGroup(
  section: Root['vrrpSyncGroup'][number],
  globals: GlobalDefs,
  known: Trackables,
  context: Context,
): VrrpSyncGroup | undefined {
  const { fields, name, at, order } = section;
  const references = trackReferences(fields, known, order, context);
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
  instances: ReadonlyMap<string, VrrpInstance>,
  context: Context,
): TrackGroup {
  const group = (section.fields.group ?? []).filter((member) => {
    if (instances.has(member.text)) return true;
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
