/** Finds by its name what a large configuration may name thousands of times. */
import type { VrrpSyncGroup } from './model-vrrp.js';

/** The first of each name. */
export function firstByName<T extends { readonly name: string }>(list: readonly T[]): ReadonlyMap<string, T> {
  const found = new Map<string, T>();
  for (const item of list) if (!found.has(item.name)) found.set(item.name, item);
  return found;
}

/** All of each name, in their order. */
export function allByName<T extends { readonly name: string }>(
  list: readonly T[],
): ReadonlyMap<string, readonly T[]> {
  const found = new Map<string, T[]>();
  for (const item of list) {
    const others = found.get(item.name);
    if (others === undefined) found.set(item.name, [item]);
    else others.push(item);
  }
  return found;
}

/** The sync group of each instance that is in one; of several the first. */
export function groupByMember(groups: readonly VrrpSyncGroup[]): ReadonlyMap<string, VrrpSyncGroup> {
  const found = new Map<string, VrrpSyncGroup>();
  for (const group of groups)
    for (const { text } of group.group) if (!found.has(text)) found.set(text, group);
  return found;
}
