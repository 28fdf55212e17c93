/** /metrics: the figures of both sides in Prometheus' text format. Loaded with the first scrape. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { runBuckets } from '../track/timing.js';
import type { SideStanding } from './messages.js';
import type { LvsStatus } from './schema.js';
import type { VrrpMetrics } from './vrrp-metrics.js';

export interface MetricsInput {
  readonly version: string;
  readonly startedMs: number;
  readonly generation: number;
  readonly sides: readonly (SideStanding & { readonly answers: boolean })[];
  /** Undefined: that side does not run or does not answer. */
  readonly vrrp: VrrpMetrics | undefined;
  readonly checkers: Omit<LvsStatus, 'ageMs'> | undefined;
}

/** What the sides' own handlers made (vrrp-metrics.ts, checkers-operations.ts), told by its lists. */
export function isVrrpMetrics(said: object): said is VrrpMetrics {
  return 'instances' in said && 'transitions' in said && 'scripts' in said;
}

export function isLvsFigures(said: object): said is Omit<LvsStatus, 'ageMs'> {
  return 'virtualServers' in said;
}

type Labels = Readonly<Record<string, string | number>>;

/** ka_node_vrrp_state. */
const stateNumbers: Readonly<Record<string, number>> = {
  INIT: 0,
  BACKUP: 1,
  MASTER: 2,
  FAULT: 3,
  STANDBY: 4,
  STOP: 5,
};

/** @returns the text of one scrape. */
export function renderMetrics(input: MetricsInput): Promise<string> {
  const page = new Page();
  page.gauge('ka_node_info', 'Version of the daemon; always 1', [{ version: input.version }, 1]);
  page.gauge('ka_node_start_time_seconds', 'When the daemon was started, seconds since 1970', [
    {},
    input.startedMs / 1000,
  ]);
  page.gauge('ka_node_config_generation', 'How many configurations were put to work', [{}, input.generation]);
  page.gauge(
    'ka_node_side_up',
    'Whether a process of the daemon answers (side: vrrp, checkers)',
    ...input.sides.map(({ side, answers }): Sample => [{ side }, answers ? 1 : 0]),
  );
  page.counter(
    'ka_node_side_restarts_total',
    'How often a process of the daemon died and was started again',
    ...input.sides.map(({ side, restarts }): Sample => [{ side }, restarts]),
  );
  if (input.vrrp !== undefined) addVrrp(page, input.vrrp);
  if (input.checkers !== undefined) addLvs(page, input.checkers);
  return page.text();
}

function addVrrp(page: Page, { instances, transitions, engine, scripts }: VrrpMetrics): void {
  const each = (read: (one: VrrpMetrics['instances'][number]) => number | undefined): readonly Sample[] =>
    instances.flatMap((one): readonly Sample[] => {
      const value = read(one);
      return value === undefined ? [] : [[{ instance: one.name }, value]];
    });
  const many = (
    label: string,
    read: (one: VrrpMetrics['instances'][number]) => Readonly<Partial<Record<string, number>>> | undefined,
  ): readonly Sample[] =>
    instances.flatMap((one) =>
      Object.entries(read(one) ?? {}).map(([key, value]): Sample => [
        { instance: one.name, [label]: key },
        value ?? 0,
      ]),
    );
  page.gauge(
    'ka_node_vrrp_instance_info',
    'Virtual router id and interface of an instance; always 1',
    ...instances.map(({ name, vrid, interface: device }): Sample => [
      { instance: name, vrid, interface: device },
      1,
    ]),
  );
  page.gauge(
    'ka_node_vrrp_state',
    'State: 0 INIT, 1 BACKUP, 2 MASTER, 3 FAULT, 4 STANDBY, 5 STOP',
    ...each(({ state }) => stateNumbers[state] ?? 5),
  );
  page.gauge(
    'ka_node_vrrp_state_since_seconds',
    'When that state began, seconds since 1970',
    ...each(({ sinceMs }) => sinceMs / 1000),
  );
  page.gauge('ka_node_vrrp_priority', 'Effective priority', ...each(({ priority }) => priority));
  page.counter(
    'ka_node_vrrp_transitions_total',
    'Transitions by the state they led to and their cause',
    ...transitions.map(({ count, ...labels }): Sample => [labels, count]),
  );
  page.counter('ka_node_vrrp_adverts_sent_total', 'Adverts sent', ...each(({ counters }) => counters?.sent));
  page.counter(
    'ka_node_vrrp_adverts_received_total',
    'Adverts accepted',
    ...each(({ counters }) => counters?.received),
  );
  page.counter(
    'ka_node_vrrp_adverts_failed_total',
    'Adverts that could not be sent, by errno',
    ...many('errno', ({ counters }) => counters?.sendFailedByErrno),
  );
  page.counter(
    'ka_node_vrrp_adverts_dropped_total',
    'Adverts received and not accepted, by reason',
    ...many('reason', ({ counters }) => counters?.dropped),
  );
  page.counter(
    'ka_node_vrrp_priority_zero_sent_total',
    'Adverts of priority 0 sent',
    ...each(({ counters }) => counters?.priorityZeroSent),
  );
  page.counter(
    'ka_node_vrrp_priority_zero_received_total',
    'Adverts of priority 0 received',
    ...each(({ counters }) => counters?.priorityZeroReceived),
  );
  page.counter(
    'ka_node_vrrp_announcements_total',
    'Gratuitous ARP and unsolicited NA sent',
    ...each(({ counters }) => counters?.announced),
  );
  page.gauge(
    'ka_node_vrrp_split_brain',
    'Whether another node holds the addresses of this master, too',
    ...each(({ isSplit }) => Number(isSplit)),
  );
  page.counter(
    'ka_node_vrrp_split_brains_total',
    'How often another node was found to hold the addresses of this master, too',
    ...each(({ counters }) => counters?.splitBrains),
  );
  if (engine !== undefined) addEngine(page, engine);
  page.histogram(
    'ka_node_vrrp_script_duration_seconds',
    'Duration of the runs of a vrrp_script',
    runBuckets,
    scripts.map(({ name, counts, runs, sumS }) => ({
      labels: { script: name },
      counts,
      total: runs,
      sum: sumS,
    })),
  );
  page.counter(
    'ka_node_vrrp_script_timeouts_total',
    'Runs of a vrrp_script that were ended because they took too long',
    ...scripts.map(({ name, timeouts }): Sample => [{ script: name }, timeouts]),
  );
  page.gauge(
    'ka_node_vrrp_script_up',
    'What a vrrp_script says: 1 up, 0 down, -1 no result yet',
    ...scripts.map(({ name, verdict }): Sample => [
      { script: name },
      verdict === 'up' ? 1 : verdict === 'down' ? 0 : -1,
    ]),
  );
}

function addEngine(page: Page, engine: NonNullable<VrrpMetrics['engine']>): void {
  page.counter('ka_node_engine_wakeups_total', 'Times the engine thread woke', [{}, engine.wakeUps]);
  page.counter('ka_node_engine_netlink_overruns_total', 'Times the kernel dropped link and address news', [
    {},
    engine.netlinkOverruns,
  ]);
  page.gauge('ka_node_engine_lateness_max_seconds', 'Largest lateness of a timer since the start', [
    {},
    engine.maxLatenessUs / 1e6,
  ]);
  page.counter(
    'ka_node_engine_adverts_unknown_total',
    'Adverts for no configured virtual router, or unreadable, by reason',
    ...Object.entries(engine.droppedUnknown).map(([reason, value]): Sample => [{ reason }, value ?? 0]),
  );
  // The last bucket of the engine has no bound.
  const bounds = engine.lateness.slice(0, -1).map((_, i) => 2 ** i / 1e6);
  page.histogram('ka_node_engine_lateness_seconds', 'How late the engine woke for its timers', bounds, [
    {
      labels: {},
      counts: engine.lateness.slice(0, -1),
      total: engine.lateness.reduce((sum, count) => sum + count, 0),
      sum: engine.latenessSumUs / 1e6,
    },
  ]);
}

function addLvs(page: Page, { virtualServers }: NonNullable<MetricsInput['checkers']>): void {
  const services = (read: (one: LvsStatus['virtualServers'][number]) => number): readonly Sample[] =>
    virtualServers.map((one) => [{ virtual_server: one.name }, read(one)]);
  const servers = (
    read: (one: LvsStatus['virtualServers'][number]['servers'][number]) => number,
  ): readonly Sample[] =>
    virtualServers.flatMap(({ name, servers: list }) =>
      list.map((one): Sample => [{ virtual_server: name, real_server: one.name }, read(one)]),
    );
  page.gauge(
    'ka_node_lvs_quorum_up',
    'Whether a virtual server has its quorum',
    ...services(({ isQuorumUp }) => Number(isQuorumUp)),
  );
  page.gauge(
    'ka_node_lvs_sorry_active',
    'Whether the sorry server stands in',
    ...services(({ isSorryActive }) => Number(isSorryActive)),
  );
  page.gauge(
    'ka_node_lvs_server_up',
    'Whether a real server is healthy',
    ...servers(({ isAlive }) => Number(isAlive)),
  );
  page.gauge('ka_node_lvs_server_weight', 'Weight of a real server', ...servers(({ weight }) => weight));
  page.gauge(
    'ka_node_lvs_server_active_connections',
    'Established connections',
    ...servers((one) => one.activeConnections),
  );
  page.gauge(
    'ka_node_lvs_server_inactive_connections',
    'Connections in any other state',
    ...servers((one) => one.inactiveConnections),
  );
  const counted = [
    ['connections', 'Connections', 'connections'],
    ['in_packets', 'Packets from clients', 'inPackets'],
    ['out_packets', 'Packets to clients', 'outPackets'],
    ['in_bytes', 'Bytes from clients', 'inBytes'],
    ['out_bytes', 'Bytes to clients', 'outBytes'],
  ] as const;
  for (const [name, help, key] of counted) {
    page.counter(
      `ka_node_lvs_service_${name}_total`,
      `${help} of a virtual server`,
      ...services(({ total }) => total[key]),
    );
    page.counter(
      `ka_node_lvs_server_${name}_total`,
      `${help} of a real server`,
      ...servers(({ total }) => total[key]),
    );
  }
}

type Sample = readonly [labels: Labels, value: number];

interface Counted {
  readonly labels: Labels;
  /** By bucket, not added up. */
  readonly counts: readonly number[];
  readonly total: number;
  readonly sum: number;
}

/** One scrape: metrics that are set once and printed. */
class Page {
  readonly #registry = new Registry();

  gauge(name: string, help: string, ...samples: readonly Sample[]): void {
    const gauge = new Gauge({ name, help, labelNames: labelNames(samples), registers: [this.#registry] });
    for (const [labels, value] of samples) gauge.set({ ...labels }, value);
  }

  counter(name: string, help: string, ...samples: readonly Sample[]): void {
    const counter = new Counter({ name, help, labelNames: labelNames(samples), registers: [this.#registry] });
    for (const [labels, value] of samples) counter.inc({ ...labels }, value);
  }

  histogram(name: string, help: string, bounds: readonly number[], counted: readonly Counted[]): void {
    this.#registry.registerMetric(new CountedHistogram(name, help, bounds, counted));
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }
}

/** A histogram whose buckets were counted elsewhere. */
class CountedHistogram extends Histogram {
  readonly #name: string;
  /** Of the same name, for what the package says of a histogram beside its values. */
  readonly #empty: Histogram;
  readonly #bounds: readonly number[];
  readonly #counted: readonly Counted[];

  constructor(name: string, help: string, bounds: readonly number[], counted: readonly Counted[]) {
    super({
      name,
      help,
      buckets: [...bounds],
      labelNames: Object.keys(counted[0]?.labels ?? {}),
      registers: [],
    });
    this.#name = name;
    this.#empty = new Histogram({ name, help, registers: [] });
    this.#bounds = bounds;
    this.#counted = counted;
  }

  override get(): ReturnType<Histogram['get']> {
    return this.getForPromString();
  }

  /** What the registry asks a histogram for when it writes a page; the package's types do not know of it. */
  async getForPromString(): ReturnType<Histogram['get']> {
    const values = this.#counted.flatMap(({ labels, counts, total, sum }) => {
      let below = 0;
      const bucket = (le: string | number, value: number) => ({
        metricName: `${this.#name}_bucket`,
        labels: { ...labels, le },
        value,
      });
      return [
        ...this.#bounds.map((bound, i) => bucket(bound, (below += counts[i] ?? 0))),
        bucket('+Inf', total),
        { metricName: `${this.#name}_sum`, labels: { ...labels }, value: sum },
        { metricName: `${this.#name}_count`, labels: { ...labels }, value: total },
      ];
    });
    return { ...(await this.#empty.get()), values };
  }
}

function labelNames(samples: readonly Sample[]): string[] {
  return [...new Set(samples.flatMap(([labels]) => Object.keys(labels)))];
}
