/** What the control socket tells of a running node: instances with causes, trackers and addresses, in words. */
import { networkInterfaces } from 'node:os';
import { plain } from '../plain-text.js';
import type { NativeEngineStatus, NativeHold } from '../../bindings/native.js';
import type { TrackedState } from '../policy/priority.js';
import type { RouterInspection, VrrpNode } from '../vrrp/node.js';
import { describeHold } from '../vrrp/words.js';
import type { MaintenanceState } from './maintenance.js';
import type { DaemonStatus, InstanceStatus } from './schema.js';

/** Longest output of a script that is told, characters. */
const maxOutput = 200;

/** The part of the daemon's status that the node knows. */
export type VrrpStatus = Pick<DaemonStatus, 'atMs' | 'instances' | 'groups'>;

export interface StatusSource {
  readonly node: VrrpNode;
  readonly maintenanceOf: (name: string) => MaintenanceState | undefined;
  readonly wallMs: () => number;
}

export function vrrpStatus({ node, maintenanceOf, wallMs }: StatusSource): VrrpStatus {
  const engine = node.status();
  const present = hostAddresses();
  const inspected = node.inspect();
  const groups = new Map<string, string[]>();
  for (const { plan } of inspected) {
    if (plan.group === undefined) continue;
    groups.set(plan.group, [...(groups.get(plan.group) ?? []), plan.name]);
  }
  return {
    atMs: wallMs(),
    instances: inspected.map((each) => instanceStatus(each, engine, maintenanceOf(each.plan.name), present)),
    groups: [...groups].map(([name, members]) => ({
      name,
      state: node.groupStates.get(name) ?? 'INIT',
      members,
    })),
  };
}

/** State as people see it: a hold that the engine has now counts more than what led there. */
export function shownState({ view, engine, isStandby }: RouterInspection): InstanceStatus['state'] {
  if (engine?.state !== 'initialize') return view.state;
  if (isStandby) return 'STANDBY';
  return view.state === 'STANDBY' ? 'FAULT' : view.state;
}

function instanceStatus(
  inspected: RouterInspection,
  status: NativeEngineStatus | undefined,
  maintenance: MaintenanceState | undefined,
  present: ReadonlySet<string>,
): InstanceStatus {
  const { plan, view, engine, faults } = inspected;
  const { params } = plan;
  const change = view.lastChange;
  const isMaster = view.state === 'MASTER';
  const master = isMaster ? (engine?.source ?? engine?.master) : engine?.master;
  return {
    name: plan.name,
    vrid: params.vrid,
    version: params.version,
    family: params.family === 6 ? 'IPv6' : 'IPv4',
    interface: params.interface,
    ...(plan.group === undefined ? {} : { group: plan.group }),
    state: shownState(inspected),
    ...(change === undefined ? {} : { sinceMs: change.atMs, cause: change.cause.kind }),
    reason: change?.reason ?? 'it has not been started yet',
    holds: (engine?.holds ?? []).map((hold) => holdText(hold, faults)),
    priority: engine?.priority ?? view.priority,
    basePriority: plan.basePriority,
    priorityChanges: priorityChanges(inspected, status),
    advertIntervalMs: params.advertIntervalUs / 1000,
    ...(master === undefined ? {} : { master, masterPriority: engine?.masterPriority ?? 0 }),
    splitBrain: engine?.splitBrain ?? false,
    ...(maintenance === undefined
      ? {}
      : {
          maintenance: {
            kind: maintenance.kind,
            sinceMs: maintenance.sinceMs,
            ...(maintenance.untilMs === undefined ? {} : { untilMs: maintenance.untilMs }),
          },
        }),
    trackers: [...objectTrackers(inspected), ...linkTrackers(inspected, status)],
    addresses: [...params.addresses, ...params.excludedAddresses].map(({ address, dev }) => ({
      address,
      dev,
      isPresent: isInstalled(engine?.installed ?? [], address) || present.has(bare(address)),
    })),
  };
}

function holdText(hold: NativeHold, faults: readonly string[]): string {
  return hold === 'policy' && faults.length > 0 ? `${faults.join(', ')} failed` : describeHold(hold);
}

/** What moves the priority away from the configured one. */
function priorityChanges(
  { plan, tracked }: RouterInspection,
  status: NativeEngineStatus | undefined,
): InstanceStatus['priorityChanges'] {
  const objects = tracked.flatMap(({ what, effect }) =>
    effect?.kind === 'weight' && effect.amount !== 0 ? [{ what, amount: effect.amount }] : [],
  );
  const links = plan.params.trackedLinks.flatMap(({ name, weight, reverse }) => {
    const amount = linkAmount(isUp(status, name), weight, reverse);
    return amount === 0 ? [] : [{ what: `interface ${name}`, amount }];
  });
  return [...objects, ...links];
}

/** keepalived: a positive weight counts while the interface is up, a negative one while it is down. */
function linkAmount(up: boolean, weight: number, reverse: boolean): number {
  const counts = up ? weight > 0 : weight < 0;
  return counts ? (reverse ? -weight : weight) : 0;
}

/** up, down, unknown, or the number of a file. */
export function stateWord(state: TrackedState): string {
  return state.kind === 'value' ? String(state.value) : state.kind;
}

function objectTrackers({ tracked }: RouterInspection): InstanceStatus['trackers'] {
  return tracked.map(({ what, state, detail, output, weight, effect }) => ({
    what,
    state: state === undefined ? 'not followed' : stateWord(state),
    detail: plain(detail),
    ...(output === undefined || output === '' ? {} : { output: plain(output).trim().slice(0, maxOutput) }),
    weight,
    effect: effect === undefined ? '' : effect.kind === 'weight' ? signed(effect.amount) : effect.kind,
  }));
}

function linkTrackers(
  { plan }: RouterInspection,
  status: NativeEngineStatus | undefined,
): InstanceStatus['trackers'] {
  return plan.params.trackedLinks.map(({ name, weight, reverse }) => {
    const up = isUp(status, name);
    const amount = linkAmount(up, weight, reverse);
    const isFault = weight === 0 && up === reverse;
    return {
      what: `interface ${name}`,
      state: up ? 'up' : 'down',
      detail: up ? 'up and running' : 'down or missing',
      weight,
      effect: isFault ? 'fault' : signed(amount),
    };
  });
}

function isUp(status: NativeEngineStatus | undefined, name: string): boolean {
  return status?.links.some((link) => link.name === name && link.up) === true;
}

function signed(amount: number): string {
  return amount === 0 ? '' : amount > 0 ? `+${amount}` : String(amount);
}

function bare(address: string): string {
  return address.split('/', 1)[0] ?? address;
}

function isInstalled(installed: readonly string[], address: string): boolean {
  return installed.some((each) => each === address || bare(each) === bare(address));
}

/** Every address that the kernel has on an interface that is up. */
function hostAddresses(): ReadonlySet<string> {
  return new Set(
    Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address)),
  );
}
