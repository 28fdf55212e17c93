/** Plain data that say the same; where in the files that stands (`at`) does not matter. */
export function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  return names.every((name) => {
    const one: unknown = Reflect.get(a, name);
    const other: unknown = Reflect.get(b, name);
    return name === 'at' || isSame(one, other);
  });
}
