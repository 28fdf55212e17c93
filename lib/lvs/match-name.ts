/** Finds virtual and real servers by what people type: the name of the log, or less of it. */

export interface Named {
  /** `[10.0.0.1]:tcp:80`, `FWM 7`, `[GROUP]:0`. */
  readonly name: string;
}

/**
 * All that `text` may mean: the name itself, `10.0.0.1:80`, `[fd00::1]:80`, `tcp:10.0.0.1:80`, an address or a group alone,
 * `fwmark 7`. An exact name means nothing else.
 */
export function matchServer<T extends Named>(all: readonly T[], text: string): readonly T[] {
  const exact = all.filter(({ name }) => name === text);
  if (exact.length > 0) return exact;
  const wanted = text.trim().toLowerCase();
  return all.filter(({ name }) => shorterNames(name.toLowerCase()).includes(wanted));
}

function shorterNames(name: string): readonly string[] {
  const mark = /^fwm (\d+)$/.exec(name);
  if (mark !== null)
    return [name, `fwm:${mark[1] ?? ''}`, `fwmark ${mark[1] ?? ''}`, `fwmark:${mark[1] ?? ''}`];
  const match = /^\[([^\]]+)\](?::([a-z]+))?:(\d+)$/.exec(name);
  if (match === null) return [name];
  const [, address = '', protocol = '', port = ''] = match;
  const places = [`${address}:${port}`, `[${address}]:${port}`];
  return [name, address, ...places, ...places.map((place) => `${protocol}:${place}`)];
}
