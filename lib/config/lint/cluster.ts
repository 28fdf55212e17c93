/** What the files of one cluster must agree on. Instances belong together by family and virtual_router_id. */
import { groupByMember } from '../by-name.js';
import { Diagnostics, type Diagnostic } from '../diagnostic.js';
import type { VrrpInstance, VrrpSyncGroup } from '../model-vrrp.js';
import type { Config } from '../model.js';
import { lintMessages as say } from './messages.js';
import { priorityRange, type PriorityRange } from './weights.js';
import type { Span } from '../source.js';

/** An instance with the node that it is on. */
interface Member {
  readonly instance: VrrpInstance;
  readonly node: number;
  readonly group: VrrpSyncGroup | undefined;
  /** For messages: `VI_1 of a.conf`. */
  readonly name: string;
}

/** Compares the nodes of a cluster; `name` is how messages call a node. */
export function lintCluster(
  nodes: readonly { readonly name: string; readonly model: Config }[],
): readonly Diagnostic[] {
  const diagnostics = new Diagnostics();
  const all = nodes.flatMap(({ name, model }, node) => {
    const groupOf = groupByMember(model.vrrpSyncGroup);
    return model.vrrpInstance.map((instance): Member => {
      return { instance, node, group: groupOf.get(instance.name), name: `${instance.name} of ${name}` };
    });
  });
  const lonely: Member[] = [];
  for (const members of routersOf(all)) {
    const [first, ...others] = members;
    if (first === undefined) continue;
    if (members.every(({ node }) => node === first.node)) {
      lonely.push(...members);
      continue;
    }
    for (const other of others) if (other.node !== first.node) agree(first, other, diagnostics);
    for (const rule of [samePriorities, masterBelow, listEachOther, wrongWayRound, movable, preemptible])
      rule(members, diagnostics);
  }
  tellLonely(lonely, diagnostics);
  return diagnostics.list;
}

/**
 * Instances that are one virtual router: of one family and VRID. Where a node has several of these, on networks of their own, those
 * of one name belong together when every node has the same names, else those of one interface.
 */
function routersOf(all: readonly Member[]): readonly (readonly Member[])[] {
  const numbered = grouped(all, ({ instance }) => `${instance.family} ${instance.virtualRouterId}`);
  return numbered.flatMap((members) => {
    const nodes = grouped(members, ({ node }) => String(node));
    if (nodes.length === members.length) return [members];
    const names = nodes.map((own) =>
      own
        .map(({ instance }) => instance.name)
        .toSorted()
        .join(' '),
    );
    return new Set(names).size === 1
      ? grouped(members, ({ instance }) => instance.name)
      : grouped(members, ({ instance }) => instance.interface?.text ?? '');
  });
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): readonly (readonly T[])[] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return [...groups.values()];
}

/** Routers of one node. Two that share an address were meant to be one, under one number. */
function tellLonely(lonely: readonly Member[], diagnostics: Diagnostics): void {
  const told = new Set<Member>();
  for (const member of lonely) {
    if (told.has(member)) continue;
    const mine = addressesOf(member.instance);
    const { name, virtualRouterId, virtualRouterIdAt } = member.instance;
    const twins = lonely.filter(
      (other) =>
        other.node !== member.node &&
        !told.has(other) &&
        [...addressesOf(other.instance).keys()].some((address) => mine.has(address)),
    );
    for (const twin of twins) {
      told.add(twin);
      const { instance } = twin;
      const [theirs, ours] = [String(instance.virtualRouterId), String(virtualRouterId)];
      diagnostics.report(say.vridsDiffer, instance.virtualRouterIdAt, twin.name, member.name, theirs, ours);
      diagnostics.relate(`${member.name} is here`, virtualRouterIdAt);
    }
    if (twins.length === 0) diagnostics.report(say.alone, virtualRouterIdAt, name, String(virtualRouterId));
  }
}

/** Both must say the same; the second one is shown, the first one related. */
function agree(first: Member, other: Member, diagnostics: Diagnostics): void {
  const [a, b] = [first.instance, other.instance];
  const relate = (at: Span | undefined): void => diagnostics.relate(`${first.name} is here`, at ?? a.at);
  const mine = addressesOf(a);
  const theirs = addressesOf(b);
  const missing = [...mine.keys()].filter((address) => !theirs.has(address));
  const surplus = [...theirs.keys()].filter((address) => !mine.has(address));
  if (missing.length + surplus.length > 0) {
    const at = theirs.get(surplus[0] ?? '') ?? b.at;
    diagnostics.report(say.vipsDiffer, at, other.name, first.name, [...missing, ...surplus].join(', '));
    relate(mine.get(missing[0] ?? ''));
  }
  if (a.version !== b.version) {
    diagnostics.report(
      say.versionsDiffer,
      b.versionAt ?? b.at,
      other.name,
      first.name,
      String(b.version),
      String(a.version),
    );
    relate(a.versionAt);
  }
  const [older, newer] = a.version === 2 ? [first, other] : [other, first];
  const { advertInt, advertIntAt, at } = newer.instance;
  if (a.version !== b.version && advertInt % 1_000_000 !== 0)
    diagnostics.report(
      say.intervalNotCarried,
      advertIntAt ?? at,
      newer.name,
      older.name,
      String(advertInt / 1e6),
    );
  else if (a.advertInt !== b.advertInt) {
    const [theirInt, ourInt] = [String(b.advertInt / 1e6), String(a.advertInt / 1e6)];
    diagnostics.report(say.intervalsDiffer, b.advertIntAt ?? b.at, other.name, first.name, theirInt, ourInt);
    relate(a.advertIntAt);
  }
  if (transportOf(a) !== transportOf(b)) {
    const at = b.unicastPeer[0]?.at ?? b.at;
    diagnostics.report(say.transportsDiffer, at, other.name, first.name, transportOf(b), transportOf(a));
    relate(a.unicastPeer[0]?.at);
  }
  if (authenticationOf(a) !== authenticationOf(b)) {
    const at = b.authentication?.at ?? b.authHmac?.at ?? b.at;
    diagnostics.report(say.authDiffers, at, other.name, first.name);
    relate(a.authentication?.at ?? a.authHmac?.at);
  }
}

/** Addresses of the adverts, and those beside them, which are marked, with their places. */
function addressesOf(instance: VrrpInstance): ReadonlyMap<string, Span> {
  return new Map([
    ...instance.virtualIpaddress.map(({ address, at }) => [address, at] as const),
    ...instance.virtualIpaddressExcluded.map(({ address, at }) => [`${address} (excluded)`, at] as const),
  ]);
}

function transportOf({ isUnicast, mcastDstIp }: VrrpInstance): string {
  return isUnicast ? 'its unicast peers' : mcastDstIp;
}

function authenticationOf({ authentication, authHmac }: VrrpInstance): string {
  const keys = authHmac?.key.map((key) => `${String(key.id)} ${key.kind === 'bytes' ? key.bytes : key.path}`);
  return JSON.stringify([authentication?.authType, authentication?.authPass, authHmac?.activeKey, keys]);
}

/** state MASTER on a node that another one is above. */
function masterBelow(members: readonly Member[], diagnostics: Diagnostics): void {
  const [first] = byPriority(members);
  if (first === undefined) return;
  for (const { instance, node, name } of members) {
    if (instance.state !== 'MASTER' || node === first.node) continue;
    if (instance.priority === first.instance.priority) continue;
    const [mine, theirs] = [String(instance.priority), String(first.instance.priority)];
    diagnostics.report(say.masterBelow, instance.stateAt ?? instance.at, name, first.name, mine, theirs);
    diagnostics.relate(`${first.name} is here`, first.instance.priorityAt ?? first.instance.at);
  }
}

function byPriority(members: readonly Member[]): readonly Member[] {
  return [...members].sort((a, b) => b.instance.priority - a.instance.priority);
}

/** Positive weights that turn the order of the priorities round while nothing has failed. */
function wrongWayRound(members: readonly Member[], diagnostics: Diagnostics): void {
  const [first, second] = byPriority(members);
  if (first === undefined || second === undefined || first.node === second.node) return;
  const [mine, theirs] = [rangeOf(first), rangeOf(second)];
  if (!mine.isKnown || !theirs.isKnown || mine.best >= theirs.best) return;
  if (first.instance.priority === second.instance.priority) return;
  const at = second.instance.priorityAt ?? second.instance.at;
  diagnostics.report(say.wrongWayRound, at, first.name, second.name, String(mine.best), String(theirs.best));
}

function samePriorities(members: readonly Member[], diagnostics: Diagnostics): void {
  members.forEach(({ instance, name, node }, index) => {
    const twin = members
      .slice(0, index)
      .find((other) => other.node !== node && other.instance.priority === instance.priority);
    if (twin === undefined) return;
    const at = instance.priorityAt ?? instance.at;
    diagnostics.report(say.samePriority, at, name, twin.name, String(instance.priority));
    diagnostics.relate(`${twin.name} is here`, twin.instance.priorityAt ?? twin.instance.at);
  });
}

function listEachOther(members: readonly Member[], diagnostics: Diagnostics): void {
  for (const { instance, node, name } of members) {
    if (!instance.isUnicast) continue;
    for (const other of members) {
      const source = other.instance.mcastSrcIp;
      if (other.node === node || source === undefined) continue;
      if (!instance.unicastPeer.some(({ address }) => address === source))
        diagnostics.report(
          say.peerMissing,
          instance.unicastPeer[0]?.at ?? instance.at,
          name,
          source,
          other.name,
        );
    }
  }
}

/** Weights that are there for a failover, and are too small for one. */
function movable(members: readonly Member[], diagnostics: Diagnostics): void {
  const [first, second] = byPriority(members);
  if (first === undefined || second === undefined || first.node === second.node) return;
  const [mine, theirs] = [rangeOf(first), rangeOf(second)];
  // With equal priorities the master stays: a backup takes over from lower ones only.
  if (mine.worst === mine.best || mine.worst < theirs.best) return;
  const at = first.instance.priorityAt ?? first.instance.at;
  diagnostics.report(say.nothingMoves, at, first.name, second.name, String(mine.worst), String(theirs.best));
}

/** Weights that would make another node the higher one, which does not preempt. */
function preemptible(members: readonly Member[], diagnostics: Diagnostics): void {
  const [first, second] = byPriority(members);
  if (first === undefined || second === undefined || first.node === second.node) return;
  const { worst, best } = rangeOf(first);
  if (worst === best || worst >= rangeOf(second).best) return;
  const { preempt, at, priorityAt } = second.instance;
  if (preempt) return;
  diagnostics.report(say.nobodyPreempts, priorityAt ?? at, second.name, first.name);
}

function rangeOf({ instance, group }: Member): PriorityRange {
  return priorityRange(instance, group);
}
