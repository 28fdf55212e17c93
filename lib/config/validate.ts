/**
 * Rules across blocks, one function each. What keepalived corrects is corrected in the result.
 */
import { firstByName, groupByMember } from './by-name.js';
import { messages } from './messages.js';
import type { Checker, VirtualServer } from './model-lvs.js';
import type { TrackReference, VrrpInstance, VrrpScript, VrrpSyncGroup } from './model-vrrp.js';
import type { GlobalDefs, ScriptCommand } from './model.js';
import type { Context } from './schema/dsl.js';
import { faultText, hasDefaultUser, reportNoUser, scriptFault } from './scripts.js';

/** Two instances must not share a VRID on one interface, family and destination. */
export function uniqueVrids(instances: readonly VrrpInstance[], context: Context): void {
  const seen = new Map<string, VrrpInstance[]>();
  for (const instance of instances) {
    const where = instance.interface?.text ?? '';
    const how = instance.isUnicast ? `unicast ${instance.mcastSrcIp ?? ''}` : instance.mcastDstIp;
    const key = `${where} ${String(instance.virtualRouterId)} ${String(instance.family)} ${how}`;
    const others = seen.get(key) ?? [];
    seen.set(key, others);
    const twin = others.find((other) => !instance.isUnicast || sharePeer(instance, other));
    others.push(instance);
    if (twin === undefined) continue;
    const place = `IPv${String(instance.family)} on ${where === '' ? 'no interface' : `interface ${where}`}`;
    const { name, virtualRouterId, virtualRouterIdAt } = instance;
    const isThere = context.isOffline || context.machine.hasInterface(where);
    context.diagnostics.report(
      isThere ? messages.duplicateVrid : messages.duplicateVridAbsent,
      virtualRouterIdAt,
      name,
      twin.name,
      String(virtualRouterId),
      place,
    );
    context.diagnostics.relate(`${twin.name} uses it here`, twin.virtualRouterIdAt);
  }
}

function sharePeer(a: VrrpInstance, b: VrrpInstance): boolean {
  return a.unicastPeer.some((peer) => b.unicastPeer.some((other) => other.address === peer.address));
}

/** Members exist, are in one group only, and there are at least two. */
export function syncGroups(
  groups: readonly VrrpSyncGroup[],
  instances: readonly VrrpInstance[],
  context: Context,
): readonly VrrpSyncGroup[] {
  const taken = new Map<string, string>();
  const known = firstByName(instances);
  const owners = new Set(instances.filter(({ priority }) => priority === 255).map(({ name }) => name));
  const result: VrrpSyncGroup[] = [];
  for (const group of groups) {
    const members = group.group.filter((member) => {
      if (!known.has(member.text)) {
        context.diagnostics.report(messages.unknownMember, member.at, member.text, group.name);
        return false;
      }
      const other = taken.get(member.text);
      if (other !== undefined) {
        context.diagnostics.report(messages.entryDropped, member.at, member.text, `it is in group ${other}`);
        return false;
      }
      taken.set(member.text, group.name);
      return true;
    });
    if (members.length === 0) {
      context.diagnostics.report(messages.emptyGroup, group.at, group.name);
      continue;
    }
    if (members.length === 1) context.diagnostics.report(messages.loneMember, group.at, group.name);
    const hasOwner = members.some(({ text }) => owners.has(text));
    result.push({ ...group, group: members, ...(hasOwner ? weightless(group, context) : {}) });
  }
  return result;
}

/** Entries of a group with an address owner have no weights. */
function weightless(group: VrrpSyncGroup, context: Context): Partial<VrrpSyncGroup> {
  const without = <T extends { readonly weight: number; readonly at: VrrpSyncGroup['at'] }>(
    list: readonly T[],
  ): readonly T[] =>
    list.map((entry) => {
      if (entry.weight === 0) return entry;
      context.diagnostics.report(
        messages.weightDropped,
        entry.at,
        'a member has priority 255; the weight is ignored',
      );
      return { ...entry, weight: 0 };
    });
  return {
    trackInterface: without(group.trackInterface),
    trackScript: without(group.trackScript),
    trackFile: without(group.trackFile),
    trackProcess: without(group.trackProcess),
    trackBfd: without(group.trackBfd),
  };
}

/** Weights that cannot count: of owners, and of members of groups without sync_group_tracking_weight. */
export function trackingWeights(
  instances: readonly VrrpInstance[],
  groups: readonly VrrpSyncGroup[],
  context: Context,
): readonly VrrpInstance[] {
  const groupOf = groupByMember(groups);
  return instances.map((instance) => {
    const group = groupOf.get(instance.name);
    const isOwner = instance.priority === 255;
    const isHeld = group !== undefined && !group.syncGroupTrackingWeight;
    const own = withoutGroupTwins(instance, group, context);
    if (!isOwner && !isHeld) return own;
    const why = isOwner
      ? 'priority 255 is the address owner'
      : `${group?.name ?? ''} has no sync_group_tracking_weight`;
    return {
      ...own,
      trackScript: unweighted(own.trackScript, why, context),
      trackBfd: unweighted(own.trackBfd, why, context),
      trackFile: filesOf(own.trackFile, why, context),
      trackInterface: own.trackInterface.flatMap((entry) => {
        if (entry.weight === 0) return [entry];
        context.diagnostics.report(
          messages.weightDropped,
          entry.at,
          `${why}; the weight of ${entry.interface} cannot count`,
        );
        return isOwner ? [] : [{ ...entry, weight: 0 }];
      }),
    };
  });
}

function unweighted(
  list: readonly TrackReference[],
  why: string,
  context: Context,
): readonly TrackReference[] {
  return list.filter((entry) => {
    if (entry.weight === 0) return true;
    context.diagnostics.report(
      messages.weightDropped,
      entry.at,
      `${why}; ${entry.name} with a weight is left out`,
    );
    return false;
  });
}

function filesOf(list: readonly TrackReference[], why: string, context: Context): readonly TrackReference[] {
  return list.flatMap((entry) => {
    if (entry.weight === 0) return [entry];
    context.diagnostics.report(
      messages.weightDropped,
      entry.at,
      `${why}; the weight of ${entry.name} cannot count`,
    );
    return entry.weight === 1 ? [{ ...entry, weight: 0 }] : [];
  });
}

function withoutGroupTwins(
  instance: VrrpInstance,
  group: VrrpSyncGroup | undefined,
  context: Context,
): VrrpInstance {
  if (group === undefined) return instance;
  const trackInterface = instance.trackInterface.filter((entry) => {
    if (!group.trackInterface.some((other) => other.interface === entry.interface)) return true;
    context.diagnostics.report(messages.trackedTwice, entry.at, entry.interface);
    return false;
  });
  const once = (
    list: readonly TrackReference[],
    others: readonly TrackReference[],
  ): readonly TrackReference[] =>
    list.filter((entry) => {
      if (!others.some((other) => other.name === entry.name)) return true;
      context.diagnostics.report(messages.trackedTwice, entry.at, entry.name);
      return false;
    });
  return {
    ...instance,
    trackInterface,
    trackScript: once(instance.trackScript, group.trackScript),
    trackFile: once(instance.trackFile, group.trackFile),
    trackProcess: once(instance.trackProcess, group.trackProcess),
    trackBfd: once(instance.trackBfd, group.trackBfd),
  };
}

/**
 * Tracked scripts that can be run. Scripts are looked at only when there is an instance. The daemon keeps those that cannot, so that
 * whoever was to be tracked by them is seen to go without; none of them counts.
 */
export function usableScripts(
  scripts: readonly VrrpScript[],
  globals: GlobalDefs,
  context: Context,
): readonly VrrpScript[] {
  const security = new ScriptSecurity(globals, context);
  return scripts.filter((script) => {
    const user = script.user?.user ?? globals.scriptUser?.user;
    const fault = security.fault(script.script, user);
    if (fault === undefined) return true;
    const message =
      fault.kind === 'not-executable'
        ? messages.scriptNotExecutable
        : fault.kind === 'missing'
          ? messages.scriptMissing
          : messages.scriptUnsafe;
    context.diagnostics.report(message, script.script.at, script.name, fault.path, faultText(fault));
    return context.mode === 'daemon';
  });
}

/** Notify scripts that cannot be run are told, but change nothing else. */
export function notifyScripts(
  commands: readonly (ScriptCommand | 'state' | undefined)[],
  globals: GlobalDefs,
  context: Context,
): void {
  const security = new ScriptSecurity(globals, context);
  for (const command of commands) {
    if (command === undefined || command === 'state') continue;
    if (command.user === undefined && !hasDefaultUser(globals, context)) {
      reportEarly(context, command);
      continue;
    }
    const fault = security.fault(command, command.user ?? globals.scriptUser?.user);
    if (fault !== undefined)
      context.diagnostics.report(messages.notifyMissing, command.at, fault.path, faultText(fault));
  }
}

/** keepalived reports this while it reads. */
function reportEarly(context: Context, command: ScriptCommand): void {
  const { isLate } = context.diagnostics;
  context.diagnostics.isLate = false;
  reportNoUser(context, command.at, command.argv[0] ?? '');
  context.diagnostics.isLate = isLate;
}

type Commands = Pick<
  VrrpInstance,
  'notifyMaster' | 'notifyBackup' | 'notifyFault' | 'notifyStop' | 'notify'
> &
  Partial<Pick<VrrpInstance, 'notifyDeleted' | 'notifyMasterRxLowerPri'>>;

/** The scripts of one instance or group. */
export function commandsOf(item: Commands): readonly (ScriptCommand | 'state' | undefined)[] {
  return [
    item.notifyMaster,
    item.notifyBackup,
    item.notifyFault,
    item.notifyStop,
    item.notify,
    item.notifyDeleted,
    item.notifyMasterRxLowerPri,
  ];
}

/** Scripts of virtual servers, real servers and checkers. Checkers whose script cannot run are left out. */
export function checkScripts(
  servers: readonly VirtualServer[],
  globals: GlobalDefs,
  context: Context,
): readonly VirtualServer[] {
  const security = new ScriptSecurity(globals, context);
  const mayRun = (checker: Checker): boolean => {
    if (checker.kind !== 'MISC_CHECK') return true;
    const fault = security.fault(checker.miscPath, checker.user?.user ?? globals.scriptUser?.user);
    if (fault === undefined) return true;
    context.diagnostics.report(
      messages.checkerDroppedSilently,
      checker.miscPath.at,
      checker.kind,
      `${fault.path} cannot be run: ${faultText(fault)}`,
    );
    return false;
  };
  return servers.map((server) => {
    if (!hasScripts(server)) return server;
    const commands = [
      server.quorumUp,
      server.quorumDown,
      ...server.realServer.flatMap((real) => [real.notifyUp, real.notifyDown]),
    ];
    notifyScripts(commands, globals, context);
    const realServer = server.realServer.map((real) => ({ ...real, checkers: real.checkers.filter(mayRun) }));
    return { ...server, realServer };
  });
}

/** Something of it is run: a notification or a check. */
export function hasScripts({ quorumUp, quorumDown, realServer }: VirtualServer): boolean {
  if (quorumUp !== undefined || quorumDown !== undefined) return true;
  return realServer.some(
    ({ notifyUp, notifyDown, checkers }) =>
      notifyUp !== undefined ||
      notifyDown !== undefined ||
      checkers.some(({ kind }) => kind === 'MISC_CHECK'),
  );
}

/** Looks at scripts, and says once per configuration that they run unsecured. */
class ScriptSecurity {
  static readonly #reported = new WeakSet<Context>();
  readonly #globals: GlobalDefs;
  readonly #context: Context;

  constructor(globals: GlobalDefs, context: Context) {
    this.#globals = globals;
    this.#context = context;
  }

  fault(command: ScriptCommand, user: string | undefined): ReturnType<typeof scriptFault> {
    const { machine, isOffline, diagnostics } = this.#context;
    if (isOffline) return undefined;
    const account = user === undefined ? machine.user('keepalived_script') : machine.user(user);
    const fault = scriptFault(command, account?.uid ?? machine.uid, account?.gid ?? 0, this.#context);
    const isSecured = this.#globals.enableScriptSecurity;
    if (fault?.kind === 'missing') return fault;
    if (!isSecured && !ScriptSecurity.#reported.has(this.#context)) {
      ScriptSecurity.#reported.add(this.#context);
      diagnostics.report(messages.scriptInsecure, command.at);
    }
    return isSecured || fault?.kind === 'not-executable' ? fault : undefined;
  }
}
