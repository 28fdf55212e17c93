/** What the files of one cluster must agree on. Instances belong together by family and virtual_router_id. */
import { Diagnostics, type Diagnostic } from '../diagnostic.js';
import type { VrrpInstance } from '../model-vrrp.js';
import type { Config } from '../model.js';
import { lintMessages as say } from './messages.js';
import { priorityRange } from './vrrp.js';

/** An instance with the node that it is on. */
interface Member {
  readonly instance: VrrpInstance;
  readonly node: number;
  /** For messages: `VI_1 of a.conf`. */
  readonly name: string;
}

/** Compares the nodes of a cluster; `name` is how messages call a node. */
export function lintCluster(
  nodes: readonly { readonly name: string; readonly model: Config }[],
): readonly Diagnostic[] {
  const diagnostics = new Diagnostics();
  const routers = new Map<string, Member[]>();
  nodes.forEach(({ name, model }, node) => {
    for (const instance of model.vrrpInstance) {
      const key = `${String(instance.family)} ${String(instance.virtualRouterId)}`;
      const members = routers.get(key) ?? [];
      members.push({ instance, node, name: `${instance.name} of ${name}` });
      routers.set(key, members);
    }
  });
  for (const members of routers.values()) {
    const [first, ...others] = members;
    if (first === undefined) continue;
    if (members.every(({ node }) => node === first.node)) {
      const { name, virtualRouterIdAt, virtualRouterId } = first.instance;
      diagnostics.report(say.alone, virtualRouterIdAt, name, String(virtualRouterId));
      continue;
    }
    for (const other of others) if (other.node !== first.node) agree(first, other, diagnostics);
    for (const rule of [samePriorities, masterBelow, listEachOther, wrongWayRound])
      rule(members, diagnostics);
    movable(members, diagnostics);
  }
  return diagnostics.list;
}

/** Both must say the same; the second one is shown, the first one related. */
function agree(first: Member, other: Member, diagnostics: Diagnostics): void {
  const [a, b] = [first.instance, other.instance];
  const relate = (): void => diagnostics.relate(`${first.name} is here`, a.at);
  const mine = addressesOf(a);
  const theirs = addressesOf(b);
  const different = [
    ...[...mine].filter((address) => !theirs.has(address)),
    ...[...theirs].filter((address) => !mine.has(address)),
  ];
  if (different.length > 0) {
    diagnostics.report(say.vipsDiffer, b.at, other.name, first.name, different.join(', '));
    relate();
  }
  if (a.version !== b.version) {
    diagnostics.report(
      say.versionsDiffer,
      b.at,
      other.name,
      first.name,
      String(b.version),
      String(a.version),
    );
    relate();
    const [older, newer] = a.version === 2 ? [first, other] : [other, first];
    const { advertInt, at } = newer.instance;
    if (advertInt % 1_000_000 !== 0)
      diagnostics.report(say.intervalNotCarried, at, newer.name, older.name, String(advertInt / 1e6));
  }
  if (transportOf(a) !== transportOf(b)) {
    diagnostics.report(say.transportsDiffer, b.at, other.name, first.name, transportOf(b), transportOf(a));
    relate();
  }
  if (a.advertInt !== b.advertInt) {
    const [theirInt, ourInt] = [String(b.advertInt / 1e6), String(a.advertInt / 1e6)];
    diagnostics.report(say.intervalsDiffer, b.at, other.name, first.name, theirInt, ourInt);
    relate();
  }
  if (authenticationOf(a) !== authenticationOf(b)) {
    diagnostics.report(say.authDiffers, b.at, other.name, first.name);
    relate();
  }
}

/** Addresses of the adverts, and those beside them, which are marked. */
function addressesOf({ virtualIpaddress, virtualIpaddressExcluded }: VrrpInstance): ReadonlySet<string> {
  return new Set([
    ...virtualIpaddress.map(({ address }) => address),
    ...virtualIpaddressExcluded.map(({ address }) => `${address} (excluded)`),
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
    diagnostics.report(say.masterBelow, instance.at, name, first.name, mine, theirs);
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
  const [mine, theirs] = [priorityRange(first.instance), priorityRange(second.instance)];
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
  const { worst } = priorityRange(first.instance);
  const { best } = priorityRange(second.instance);
  const range = priorityRange(first.instance);
  const hasWeights = range.worst !== range.best;
  if (hasWeights && worst > best) {
    const at = first.instance.priorityAt ?? first.instance.at;
    diagnostics.report(say.nothingMoves, at, first.name, second.name, String(worst), String(best));
  }
}
