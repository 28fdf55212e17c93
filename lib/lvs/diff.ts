/**
 * What the kernel has against what it ought to have: the fewest commands that lead from the one to the other. Start, reload,
 * change of health, recovery after a crash and repair after tampering are all this one function. Pure.
 */
import type { IpvsCommand, IpvsDestination, IpvsEntry, IpvsServiceKey } from '../../bindings/ipvs-types.js';
import { destinationId, isSameDestination, isSameService, serviceId, type Table } from './table.js';

export interface DiffOptions {
  /**
   * Whether a service that is in the kernel and not in `desired` is to go; `id` is its `serviceId`. Absent: all of them go.
   * Services of other programs stay when this says false for them.
   */
  readonly mayDelete?: (id: string) => boolean;
}

/**
 * The commands that make `kernel` into `desired`, in an order that is safe for traffic: within a service what takes load is
 * added before what gives it up is removed, and services that are no longer wanted go last. A service that stays is never
 * deleted, so its connections live on. Equal tables give no command.
 */
export function diff(kernel: Table, desired: Table, options: DiffOptions = {}): readonly IpvsCommand[] {
  const present = new Map(kernel.map((entry) => [serviceId(entry.service.key), entry]));
  const commands: IpvsCommand[] = [];
  for (const wanted of desired) {
    const id = serviceId(wanted.service.key);
    const current = present.get(id);
    present.delete(id);
    if (current === undefined) addEntry(wanted, commands);
    else changeEntry(current, wanted, commands);
  }
  for (const [id, { service }] of present)
    if (options.mayDelete?.(id) ?? true) commands.push({ kind: 'delete-service', service: service.key });
  return commands;
}

function addEntry({ service, destinations }: IpvsEntry, commands: IpvsCommand[]): void {
  commands.push({ kind: 'add-service', service });
  for (const destination of destinations)
    commands.push({ kind: 'add-destination', service: service.key, destination });
}

function changeEntry(current: IpvsEntry, wanted: IpvsEntry, commands: IpvsCommand[]): void {
  const { service } = wanted;
  if (!isSameService(current.service, service)) commands.push({ kind: 'set-service', service });
  const grow: IpvsCommand[] = [];
  const shrink: IpvsCommand[] = [];
  const compare = (before: IpvsDestination | undefined, destination: IpvsDestination): void => {
    if (before === undefined) grow.push({ kind: 'add-destination', service: service.key, destination });
    else if (!isSameDestination(before, destination))
      (destination.weight < before.weight ? shrink : grow).push(setDestination(service.key, destination));
  };
  const [from, to] = differing(current.destinations, wanted.destinations, compare);
  const present = new Map(from.map((each) => [destinationId(each), each]));
  for (const destination of to) {
    const id = destinationId(destination);
    compare(present.get(id), destination);
    present.delete(id);
  }
  for (const { address, port } of present.values())
    shrink.push({ kind: 'delete-destination', service: service.key, destination: { address, port } });
  commands.push(...grow, ...shrink);
}

/**
 * What two lists have between their common ends: of hundreds of destinations mostly one changes, and the order stays. The pairs of the
 * common ends are shown to `onPair`.
 */
function differing(
  before: readonly IpvsDestination[],
  after: readonly IpvsDestination[],
  onPair: (before: IpvsDestination, after: IpvsDestination) => void,
): readonly [before: readonly IpvsDestination[], after: readonly IpvsDestination[]] {
  const isPair = (one: IpvsDestination | undefined, other: IpvsDestination | undefined): boolean => {
    if (one === undefined || one.address !== other?.address || one.port !== other.port) return false;
    onPair(one, other);
    return true;
  };
  let head = 0;
  while (isPair(before[head], after[head])) head++;
  let [end, afterEnd] = [before.length, after.length];
  while (end > head && afterEnd > head && isPair(before[end - 1], after[afterEnd - 1])) {
    end--;
    afterEnd--;
  }
  return [before.slice(head, end), after.slice(head, afterEnd)];
}

function setDestination(service: IpvsServiceKey, destination: IpvsDestination): IpvsCommand {
  return { kind: 'set-destination', service, destination };
}
