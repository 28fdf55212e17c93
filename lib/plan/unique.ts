/** The first of each. */
export function uniqueBy<T>(items: readonly T[], key: (item: T) => string): readonly T[] {
  return items.filter((item, index) => items.findIndex((other) => key(other) === key(item)) === index);
}
