/** Interfaces that virtual routers follow, and how long a change of one must last to count. Pure. */
import type { NativeLinkDelay } from '../../bindings/native.js';
import type { Config } from '../config/model.js';
import type { VrrpInstance, VrrpSyncGroup } from '../config/model-vrrp.js';
import type { RouterParams } from './plan.js';
import { routeLinks, ruleLinks } from './routing.js';
import { uniqueBy } from './unique.js';

/** Interfaces that are tracked, and those without which its routes and rules, or `needed` static ones, cannot be. */
export function planLinks(
  instance: VrrpInstance,
  group: VrrpSyncGroup | undefined,
  needed: readonly string[],
): RouterParams['trackedLinks'] {
  const routed = [
    ...instance.virtualRoutes.flatMap(routeLinks),
    ...instance.virtualRules.flatMap(ruleLinks),
    ...needed,
  ].filter((name) => name !== instance.interface?.text);
  return uniqueBy(
    [
      ...[...instance.trackInterface, ...groupLinks(instance, group)].map((link) => ({
        name: link.interface,
        weight: link.weight,
        reverse: link.reverse,
      })),
      ...routed.map((name) => ({ name, weight: 0, reverse: false })),
    ],
    ({ name }) => name,
  );
}

/** Interfaces of static entries that an instance follows by a track_group. */
export function groupedLinks(config: Config): ReadonlyMap<string, readonly string[]> {
  const links = new Map<string, string[]>();
  const add = (group: string | undefined, names: readonly string[]): void => {
    for (const { text: member } of config.trackGroup.find(({ name }) => name === group)?.group ?? [])
      links.set(member, [...(links.get(member) ?? []), ...names]);
  };
  for (const { noTrack, trackGroup, dev } of config.staticIpaddress)
    if (!noTrack && dev !== undefined) add(trackGroup, [dev]);
  for (const route of config.staticRoutes) add(route.trackGroup, routeLinks(route));
  for (const rule of config.staticRules) add(rule.trackGroup, ruleLinks(rule));
  return links;
}

function groupLinks(
  instance: VrrpInstance,
  group: VrrpSyncGroup | undefined,
): readonly { readonly interface: string; readonly weight: number; readonly reverse: boolean }[] {
  const isOwner = instance.priority === 255;
  return (group?.trackInterface ?? []).map((link) => (isOwner ? { ...link, weight: 0 } : link));
}

/**
 * interface_up_down_delays. While one runs a backup hears nothing and must not take over: limited to a little less than one advert
 * fewer than it waits for [keepalived].
 */
export function planLinkDelays(config: Config, routers: readonly RouterParams[]): readonly NativeLinkDelay[] {
  return config.interfaceUpDownDelays.map(({ interface: name, down, up }) => {
    const limits = routers
      .filter((router) => router.interface === name)
      .map((router) => Math.floor((router.downTimerAdverts - 1 - 1 / 256) * router.advertIntervalUs));
    const limit = Math.max(0, Math.min(...limits));
    return { name, downUs: Math.min(down, limit), upUs: Math.min(up, limit) };
  });
}
