/** `ka-node status` as text: a table, and under it what is not as it should be. Pure. */
import type { DaemonStatus, InstanceStatus } from '../control/schema.js';
import { plain } from '../plain-text.js';
import { duration, paint, table, type Cell, type Colour, type Style } from './table.js';

const stateColours: Readonly<Partial<Record<InstanceStatus['state'], Colour>>> = {
  MASTER: 'green',
  FAULT: 'red',
  STANDBY: 'yellow',
};

/** What is not as it should be, a sentence each. Standby is as somebody wanted it. */
export function problems(status: DaemonStatus): readonly string[] {
  return [
    ...status.sides.flatMap(({ side, pid, problem }) => [
      ...(pid === undefined ? [`the ${side} process does not run`] : []),
      ...(problem === undefined ? [] : [`${side}: ${problem}; ${whatIsKnown(status)}`]),
    ]),
    ...status.instances.flatMap(instanceProblems),
  ];
}

function whatIsKnown(status: DaemonStatus): string {
  return status.instances.length === 0
    ? 'what its instances do is unknown'
    : `what is shown is ${duration(status.ageMs)} old`;
}

/** VRRP runs, and has never said anything. */
function isUnknown({ instances, sides }: DaemonStatus): boolean {
  return (
    instances.length === 0 && sides.some(({ side, problem }) => side === 'vrrp' && problem !== undefined)
  );
}

function instanceProblems(instance: InstanceStatus): readonly string[] {
  const { name, state, holds, addresses, trackers } = instance;
  const found: string[] = [];
  if (state === 'FAULT')
    found.push(`${name} is in FAULT: ${holds.length === 0 ? instance.reason : holds.join(', ')}`);
  if (instance.splitBrain)
    found.push(`${name} is MASTER, and so is another node: ka-node why ${name} tells which`);
  for (const { what, state: seen, detail } of trackers)
    if (seen === 'not followed') found.push(`${name}: ${what} is not followed: ${detail}`);
  for (const { address, dev, isPresent } of addresses) {
    if (state === 'MASTER' && !isPresent) found.push(`${name} is MASTER and ${address} is not on ${dev}`);
    if (state !== 'MASTER' && isPresent)
      found.push(`${name} is ${state} and ${address} is on this host all the same`);
  }
  return found;
}

/** Exit status of `ka-node status`: 0 all is as it should be, 1 something is not, 3 nothing is known. */
export function statusCode(status: DaemonStatus): 0 | 1 | 3 {
  if (isUnknown(status)) return 3;
  return problems(status).length === 0 ? 0 : 1;
}

export interface PageOptions {
  readonly style: Style;
  readonly nowMs: number;
  /** Trackers and addresses of every instance, not only of those that they have an effect on. */
  readonly isDetailed: boolean;
}

export function statusPage(status: DaemonStatus, options: PageOptions): string {
  const { style, nowMs, isDetailed } = options;
  const age = status.ageMs < 1000 ? '' : `, as of ${duration(status.ageMs)} ago`;
  const head = `ka-node ${status.version}, pid ${status.pid}, up ${duration(nowMs - status.startedMs)}, ${status.configFile}${age}\n`;
  if (isUnknown(status)) return `unknown\n${head}${warnings(status, style)}`;
  if (status.instances.length === 0) return `${head}${warnings(status, style)}No VRRP instances\n`;
  const rows = status.instances.map((instance) => row(instance, nowMs));
  const columns = ['INSTANCE', 'STATE', 'SINCE', 'PRIO', 'MASTER', 'ADDRESSES', 'BECAUSE'];
  const shown = isDetailed ? status.instances : status.instances.filter(isWorthALook);
  return [
    head,
    warnings(status, style),
    '\n',
    table(columns, rows, style),
    ...shown.map((instance) => details(instance, style, nowMs)),
  ].join('');
}

function warnings(status: DaemonStatus, style: Style): string {
  return problems(status)
    .map((text) => `${paint('!', 'red', style)} ${plain(text)}\n`)
    .join('');
}

function row(instance: InstanceStatus, nowMs: number): readonly Cell[] {
  const { name, state, sinceMs, priority, basePriority, master, masterPriority, addresses, reason } =
    instance;
  const present = addresses.filter(({ isPresent }) => isPresent).length;
  const colour = stateColours[state];
  const them =
    master === undefined ? '-' : state === 'MASTER' ? 'this node' : `${master} (${masterPriority ?? '?'})`;
  return [
    { text: plain(name) },
    { text: state, ...(colour === undefined ? {} : { colour }) },
    { text: sinceMs === undefined ? '-' : duration(nowMs - sinceMs) },
    { text: priority === basePriority ? String(priority) : `${priority}/${basePriority}` },
    { text: them },
    { text: `${present} of ${addresses.length}` },
    { text: plain(reason) },
  ];
}

function isWorthALook({ state, maintenance, priorityChanges, trackers }: InstanceStatus): boolean {
  return (
    state === 'FAULT' ||
    maintenance !== undefined ||
    priorityChanges.length > 0 ||
    trackers.some(({ effect }) => effect !== '')
  );
}

function details(instance: InstanceStatus, style: Style, nowMs: number): string {
  const lines: string[] = [];
  const { maintenance, holds, priorityChanges, basePriority, trackers, addresses, group } = instance;
  if (group !== undefined) lines.push(`sync group ${group}`);
  if (maintenance !== undefined) {
    const ago = duration(nowMs - maintenance.sinceMs);
    const what =
      maintenance.kind === 'standby'
        ? `in standby for ${ago}`
        : `gave the mastership away ${ago} ago, does not preempt`;
    const until =
      maintenance.untilMs === undefined
        ? 'until ka-node resume'
        : `it ends in ${duration(Math.max(0, maintenance.untilMs - nowMs))}`;
    lines.push(`${what}, ${until}`);
  }
  for (const hold of holds) lines.push(`held: ${hold}`);
  if (priorityChanges.length > 0)
    lines.push(
      `priority ${basePriority} ${priorityChanges.map(({ what, amount }) => `${amount > 0 ? '+' : ''}${amount} (${what})`).join(' ')}`,
    );
  for (const { what, state, detail, output, effect } of trackers)
    lines.push(
      `${what}: ${state}, ${detail}${effect === '' ? '' : `, effect ${effect}`}${output === undefined ? '' : `: ${output}`}`,
    );
  for (const { address, dev, isPresent } of addresses)
    lines.push(`${address} ${isPresent ? 'is' : 'is not'} on ${dev}`);
  return `\n${paint(plain(instance.name), 'bold', style)}\n${lines.map((line) => `  ${plain(line)}\n`).join('')}`;
}
