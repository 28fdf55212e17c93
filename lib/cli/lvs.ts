/** `ka-node lvs`: virtual and real servers, and their weights by hand. */
import { ControlError, get, post } from '../control/client.js';
import type { LvsStatus, WeightResult } from '../control/schema.js';
import { matchServer } from '../lvs/match-name.js';
import { sleep, systemClock } from '../host.js';
import { plain } from '../plain-text.js';
import { controlStatus, guarded, shown, target, type TargetOptions } from './control.js';
import { duration, paint, parseDuration, styleFor, table, type Cell, type Style } from './table.js';

export interface LvsOptions extends TargetOptions {
  readonly json?: boolean;
  readonly watch?: boolean;
}

/** `ka-node lvs`. @returns its exit status. */
export async function lvs(options: LvsOptions): Promise<number> {
  return shown(options, async () => {
    const value = await look(options);
    const isGood = value.virtualServers.every(
      ({ isQuorumUp, servers }) => isQuorumUp && servers.every(({ isAlive }) => isAlive),
    );
    return {
      text: lvsPage(value, styleFor(process.stdout)),
      value,
      code: isGood ? controlStatus.good : controlStatus.degraded,
    };
  });
}

async function look(options: TargetOptions): Promise<LvsStatus> {
  const value = await get({ ...target(options), timeoutMs: 10_000 }, '/v1/lvs');
  if (!isLvs(value)) throw new ControlError('KA_CLIENT_ANSWER', 'the answer is no list of virtual servers');
  return value;
}

export interface WeightOptions extends TargetOptions {
  readonly json?: boolean;
}

/** `ka-node lvs enable|disable|weight`; undefined gives the weight back to the file and the checkers. */
export async function setWeight(
  virtualServer: string,
  realServer: string,
  weight: number | undefined,
  options: WeightOptions,
): Promise<number> {
  return guarded(async () => {
    const result = await change(virtualServer, realServer, weight, options);
    const whose = weight === undefined ? ', as the file and the checkers have it' : ', until enable';
    process.stdout.write(
      options.json === true
        ? `${JSON.stringify(result)}\n`
        : `${result.realServer} of ${result.virtualServer}: weight ${result.weight}${whose}; ${connections(result.activeConnections)}\n`,
    );
    return controlStatus.good;
  });
}

export interface DrainOptions extends WeightOptions {
  readonly timeout?: string;
}

/** `ka-node lvs drain`: exit status 1 when connections are left at the end of the time. */
export async function drain(
  virtualServer: string,
  realServer: string,
  options: DrainOptions,
): Promise<number> {
  const timeoutMs = options.timeout === undefined ? 300_000 : parseDuration(options.timeout);
  if (timeoutMs === undefined) {
    process.stderr.write(`ka-node: '${options.timeout ?? ''}' is no length of time: 90s, 30m, 2h, 1d\n`);
    return controlStatus.usage;
  }
  return guarded(async () => {
    const first = await change(virtualServer, realServer, 0, options);
    const name = `${first.realServer} of ${first.virtualServer}`;
    const endMs = systemClock.nowMs() + timeoutMs;
    let left = first.activeConnections;
    let told = -1;
    for (;;) {
      if (options.json !== true && left !== told && left > 0)
        process.stdout.write(`${name}: weight 0, ${connections(left)} left\n`);
      told = left;
      if (left === 0 || systemClock.nowMs() >= endMs) break;
      await sleep(systemClock, Math.min(500, Math.max(1, endMs - systemClock.nowMs())));
      left = await activeConnections(first, options);
    }
    if (options.json === true)
      process.stdout.write(`${JSON.stringify({ ...first, activeConnections: left })}\n`);
    else
      process.stdout.write(
        left === 0 ? `${name}: drained\n` : `${name}: ${connections(left)} left when the time was over\n`,
      );
    return left === 0 ? controlStatus.good : controlStatus.degraded;
  });
}

async function activeConnections(of: WeightResult, options: TargetOptions): Promise<number> {
  const { virtualServers } = await look(options);
  const service = virtualServers.find(({ name }) => name === of.virtualServer);
  const [server] = matchServer(service?.servers ?? [], of.realServer);
  return server?.activeConnections ?? 0;
}

async function change(
  virtualServer: string,
  realServer: string,
  weight: number | undefined,
  options: TargetOptions,
): Promise<WeightResult> {
  const input = { virtualServer, realServer, weight: weight ?? null };
  const result = await post(target(options), '/v1/lvs/weight', input);
  if (!isWeightResult(result)) throw new ControlError('KA_CLIENT_ANSWER', 'the answer is no result');
  return result;
}

/** The page of `ka-node lvs`. Pure. */
export function lvsPage({ virtualServers }: LvsStatus, style: Style): string {
  if (virtualServers.length === 0) return 'No virtual servers\n';
  return virtualServers.map((server) => block(server, style)).join('\n');
}

function block(server: LvsStatus['virtualServers'][number], style: Style): string {
  const { name, scheduler, isQuorumUp, isSorryActive, servers, perSecond } = server;
  const quorum = isQuorumUp ? paint('quorum', 'green', style) : paint('no quorum', 'red', style);
  const sorry = isSorryActive ? `, ${paint('sorry server', 'yellow', style)}` : '';
  const head = `${paint(plain(name), 'bold', style)}  ${scheduler}, ${quorum}${sorry}, ${perSecond.connections} conn/s, ${bytes(perSecond.inBytes)}/s in, ${bytes(perSecond.outBytes)}/s out\n`;
  const titles = [
    '  REAL SERVER',
    'HEALTH',
    'WEIGHT',
    'ACTIVE',
    'INACTIVE',
    'CONN/S',
    'IN/S',
    'OUT/S',
    'LAST CHECK',
  ];
  return head + table(titles, servers.map(row), style);
}

function row(server: LvsStatus['virtualServers'][number]['servers'][number]): readonly Cell[] {
  const { name, isAlive, weight, adminWeight, inTable, perSecond, checkers } = server;
  const number = (value: number | string): Cell => ({ text: String(value), isRight: true });
  return [
    { text: `  ${plain(name)}` },
    isAlive
      ? { text: inTable ? 'up' : 'up, not in the table', colour: 'green' }
      : { text: 'down', colour: 'red' },
    number(adminWeight === undefined ? weight : `${adminWeight} by hand`),
    number(server.activeConnections),
    number(server.inactiveConnections),
    number(perSecond.connections),
    number(bytes(perSecond.inBytes)),
    number(bytes(perSecond.outBytes)),
    { text: checkers.map(lastCheck).join('; ') || 'no checker' },
  ];
}

function lastCheck(
  checker: LvsStatus['virtualServers'][number]['servers'][number]['checkers'][number],
): string {
  const { name, isUp, hasRun, isSuspended, detail, latencyMs, agoMs } = checker;
  if (isSuspended) return `${name} suspended`;
  if (!hasRun) return `${name} not run yet`;
  const took =
    latencyMs === undefined ? '' : ` in ${latencyMs < 10 ? latencyMs.toFixed(1) : Math.round(latencyMs)} ms`;
  const ago = agoMs === undefined ? '' : `, ${duration(agoMs)} ago`;
  return `${name} ${isUp ? 'good' : 'failed'}${detail === '' ? '' : ` (${plain(detail)})`}${took}${ago}`;
}

function connections(count: number): string {
  return `${count} connection${count === 1 ? '' : 's'}`;
}

/** `512 B`, `1.5 kB`, `20 MB`. */
function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = count;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 10 ? Math.round(value) : value.toFixed(1)} ${units[unit] ?? ''}`;
}

function isLvs(value: unknown): value is LvsStatus {
  return typeof value === 'object' && value !== null && 'virtualServers' in value;
}

function isWeightResult(value: unknown): value is WeightResult {
  return typeof value === 'object' && value !== null && 'activeConnections' in value && 'realServer' in value;
}
