/** What nftables hold, in a form that two programs' rulesets can be compared in. */

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

/**
 * The lines of `nft -j list ruleset` without what is the kernel's to give (handles, counts), elements and declarations in one order, the
 * rules of each chain in theirs.
 */
export function comparableRuleset(json: string): readonly string[] {
  const root: unknown = JSON.parse(json);
  const items: readonly unknown[] = isObject(root) && Array.isArray(root['nftables']) ? root['nftables'] : [];
  const plain = (key: string, value: unknown): unknown => {
    if (key === 'handle' || key === 'packets' || key === 'bytes') return undefined;
    if (key !== 'elem' || !Array.isArray(value)) return value;
    return value.map((each) => JSON.stringify(each, plain)).sort();
  };
  const told = items
    .filter((each) => isObject(each) && !('metainfo' in each))
    .map((each) => JSON.stringify(each, plain));
  const isRule = (each: string): boolean => each.startsWith('{"rule"');
  return [...told.filter((each) => !isRule(each)).sort(), ...rulesByChain(told.filter(isRule))];
}

/** Chains may come in any order, the rules of one may not. */
function rulesByChain(rules: readonly string[]): readonly string[] {
  const chain = (rule: string): string =>
    `${/"family":"[^"]*"/.exec(rule)?.[0] ?? ''} ${/"chain":"[^"]*"/.exec(rule)?.[0] ?? ''}`;
  return rules.toSorted((a, b) => (chain(a) < chain(b) ? -1 : chain(a) > chain(b) ? 1 : 0));
}
