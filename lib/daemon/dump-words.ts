/** How the pieces of a configuration are written in dumps: keepalived's words. Pure. */
import type { AddressEntry, RouteEntry, RuleEntry } from '../config/model-routes.js';
import type { Prefix, ScriptCommand } from '../config/model.js';

/** `'/path/script' 'an argument'`. */
export function commandWords(command: ScriptCommand): string {
  return command.argv.map((word) => `'${word}'`).join(' ');
}

/** `10.0.0.100/24 dev eth0 scope global label eth0:1 set`. */
export function addressWords(entry: AddressEntry, defaultDevice: string, isSet: boolean): string {
  const { family, address, prefixLength, dev, scope, label, broadcast, peer, preferredLft } = entry;
  const isHost = prefixLength === (family === 4 ? 32 : 128);
  const lifetime = preferredLft === undefined && isHost ? 0 : (preferredLft ?? Infinity);
  return [
    isHost ? address : `${address}/${prefixLength}`,
    ...(peer === undefined ? [] : ['peer', peer]),
    ...(broadcast === undefined ? [] : ['brd', broadcast]),
    `dev ${dev ?? defaultDevice}`,
    `scope ${scopeName(scope)}`,
    ...(label === undefined ? [] : ['label', label]),
    ...(family === 6 ? [lifetimeWords(lifetime)] : []),
    ...(entry.dad && family === 6 ? ['dad'] : []),
    ...(entry.home ? ['home'] : []),
    ...(entry.mngtmpaddr ? ['mngtmpaddr'] : []),
    ...(entry.noprefixroute ? ['noprefixroute'] : []),
    ...(entry.autojoin ? ['autojoin'] : []),
    ...(entry.noTrack ? ['no_track'] : []),
    ...(isSet ? ['set'] : []),
  ].join(' ');
}

function lifetimeWords(seconds: number): string {
  if (seconds === 0) return 'deprecated';
  return `preferred_lft ${seconds === Infinity ? 'forever' : seconds}`;
}

/** `prepend 10.99.0.0/16 via inet 10.0.0.2 dev eth0 proto 18 metric 5`. */
export function routeWords(entry: RouteEntry): string {
  const { to, from, src, via, viaFamily, dev, tos, table, protocol, scope, metric, type } = entry;
  return [
    ...(type === 'unicast' ? [] : [type]),
    entry.placement ?? 'prepend',
    to === undefined ? 'default' : prefixWords(to),
    ...(from === undefined ? [] : ['from', prefixWords(from)]),
    ...(via === undefined ? [] : [`via ${(viaFamily ?? entry.family) === 6 ? 'inet6' : 'inet'} ${via}`]),
    ...(dev === undefined ? [] : [`dev ${dev}`]),
    ...(table === undefined ? [] : [`table ${table}`]),
    ...(tos === undefined ? [] : [`tos 0x${tos.toString(16)}`]),
    `proto ${protocol}`,
    ...(scope === undefined ? [] : [`scope ${scopeName(scope)}`]),
    ...(metric === undefined ? [] : [`metric ${metric}`]),
    ...(src === undefined ? [] : [`src ${src}`]),
    ...(entry.onlink ? ['onlink'] : []),
    ...(entry.mtu === undefined ? [] : [`mtu ${entry.mtu.lock ? 'lock ' : ''}${entry.mtu.value}`]),
    ...entry.nexthop.map(
      (hop) =>
        `nexthop${hop.via === undefined ? '' : ` via ${hop.via}`}${hop.dev === undefined ? '' : ` dev ${hop.dev}`} weight ${hop.weight}`,
    ),
    ...(entry.noTrack ? ['no_track'] : []),
  ].join(' ');
}

/** `from 10.0.0.100 priority 1000 tos 0x0 protocol 18 lookup 200`. */
export function ruleWords(entry: RuleEntry): string {
  const { from, to, preference, tos, fwmark, iif, oif, protocol, action } = entry;
  const mask = fwmark?.mask === undefined ? '' : `/0x${fwmark.mask.toString(16)}`;
  const end =
    action.kind === 'table'
      ? `lookup ${action.table}`
      : action.kind === 'goto'
        ? `goto ${action.preference}`
        : `type ${action.kind}`;
  return [
    ...(entry.not ? ['not'] : []),
    ...(from === undefined ? [] : ['from', prefixWords(from)]),
    ...(to === undefined ? [] : ['to', prefixWords(to)]),
    `priority ${preference}`,
    ...(fwmark === undefined ? [] : [`fwmark 0x${fwmark.mark.toString(16)}${mask}`]),
    ...(iif === undefined ? [] : [`iif ${iif}`]),
    ...(oif === undefined ? [] : [`oif ${oif}`]),
    `tos 0x${(tos ?? 0).toString(16)}`,
    `protocol ${protocol}`,
    end,
  ].join(' ');
}

function prefixWords({ family, address, prefixLength }: Prefix): string {
  return prefixLength === (family === 4 ? 32 : 128) ? address : `${address}/${prefixLength}`;
}

function scopeName(scope: number): string {
  const names: Readonly<Record<number, string>> = {
    0: 'global',
    200: 'site',
    253: 'link',
    254: 'host',
    255: 'nowhere',
  };
  return names[scope] ?? String(scope);
}

/** One line about a value that may not be there. */
export function optional<T>(value: T | undefined, words: (value: T) => string): readonly string[] {
  return value === undefined ? [] : [words(value)];
}

/** keepalived: six digits after the point. */
export function seconds(us: number): string {
  return (us / 1e6).toFixed(6);
}

export function onOff(value: boolean): string {
  return value ? 'ON' : 'OFF';
}

export function enabled(value: boolean): string {
  return value ? 'enabled' : 'disabled';
}
