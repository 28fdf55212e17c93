/**
 * The shapes of the control socket's answers and requests, written once: TypeScript types, the checks of requests, and
 * share/openapi.json come from here. Loaded only where a shape is checked; the rest of the program imports the types alone.
 */
import { z } from 'zod';
import { reloadLines } from './messages.js';

const count = z.int().min(0);
const ms = z.number();

/** What every answer begins with. */
const aged = {
  atMs: ms.describe('when this was true: wall clock, milliseconds since 1970'),
  ageMs: ms.min(0).describe('how long ago that was when the answer was sent'),
};

export const stateName = z.enum(['INIT', 'BACKUP', 'MASTER', 'FAULT', 'STOP', 'DELETED', 'STANDBY']);

const maintenance = z.strictObject({
  kind: z
    .enum(['standby', 'yielded'])
    .describe('standby: out of service. yielded: a backup that does not preempt'),
  sinceMs: ms,
  untilMs: ms.optional().describe('when it ends by itself'),
});

const tracker = z.strictObject({
  what: z.string().describe('kind and name: `script chk_nginx`, `interface eth0`'),
  state: z.string().describe('up, down, unknown, or the number of a file'),
  detail: z.string().describe('what was last seen: `exited with status 1`'),
  output: z.string().optional().describe('last output of a script, control characters replaced'),
  weight: z.int(),
  effect: z.string().describe('what it does to the instance now: `+10`, `-20`, `fault`, `waiting`, or empty'),
});

const address = z.strictObject({
  address: z.string().describe('with prefix length'),
  dev: z.string(),
  isPresent: z.boolean().describe('the kernel has it'),
});

export const instance = z.strictObject({
  name: z.string(),
  vrid: z.int(),
  version: z.int(),
  family: z.enum(['IPv4', 'IPv6']),
  interface: z.string(),
  group: z.string().optional(),
  state: stateName,
  sinceMs: ms.optional(),
  reason: z.string().describe('why it is in this state'),
  cause: z.string().optional().describe('the kind of cause of the last transition'),
  holds: z.array(z.string()).describe('what keeps it from taking part, in words'),
  priority: z.int(),
  basePriority: z.int(),
  priorityChanges: z.array(z.strictObject({ what: z.string(), amount: z.int() })),
  advertIntervalMs: ms,
  master: z.string().optional().describe('address of the master; absent: none is known'),
  masterPriority: z.int().optional(),
  splitBrain: z.boolean().describe('another node holds the addresses of this master, too'),
  maintenance: maintenance.optional(),
  trackers: z.array(tracker),
  addresses: z.array(address),
});

const group = z.strictObject({ name: z.string(), state: z.string(), members: z.array(z.string()) });

export const status = z.strictObject({
  ...aged,
  version: z.string(),
  pid: z.int(),
  configFile: z.string(),
  startedMs: ms,
  generation: count.describe('how many configurations were put to work'),
  sides: z.array(
    z.strictObject({
      side: z.enum(['vrrp', 'checkers']),
      pid: z.int().optional().describe('absent while it does not run'),
      restarts: count,
      problem: z.string().optional().describe('why nothing is known of it'),
    }),
  ),
  instances: z.array(instance),
  groups: z.array(group),
});

const maintenanceOptions = {
  forMs: z
    .number()
    .positive()
    .max(365 * 24 * 3_600_000)
    .optional()
    .describe('ends by itself after so long'),
};

const finding = {
  atMs: ms,
  cause: z.string().describe('the cause as a word: `silence`, `link`, `tracker`, `reload` ...'),
  text: z.string().describe('a sentence'),
  evidence: z.array(z.string()).describe('what it rests on, a sentence each'),
};

export const why = z.strictObject({
  ...aged,
  instance: z.string(),
  state: stateName,
  sinceMs: ms.describe('when it came into this state; 0: it was not in another one yet'),
  cause: z.string(),
  headline: z.string().describe('why it is what it is, in one sentence'),
  troubles: z.array(z.strictObject(finding)).describe('what is wrong now, worst first'),
  steps: z
    .array(z.strictObject({ ...finding, from: stateName.optional(), to: stateName.optional() }))
    .describe('what happened, newest first; without `to` the state stayed'),
});

export const maintenanceRequest = z.strictObject({
  ...maintenanceOptions,
  force: z.boolean().optional().describe('also when nobody would take over'),
});

export const maintenanceResult = z.strictObject({
  ...aged,
  members: z.array(z.string()).describe('the instances that moved: a sync group moves as one'),
  text: z.string().describe('what happened, in a sentence'),
});

const rates = z.strictObject({
  connections: z.number(),
  inPackets: z.number(),
  outPackets: z.number(),
  inBytes: z.number(),
  outBytes: z.number(),
});

const checker = z.strictObject({
  name: z.string(),
  isUp: z.boolean(),
  hasRun: z.boolean(),
  isSuspended: z.boolean(),
  detail: z.string(),
  latencyMs: ms.optional(),
  agoMs: ms.optional().describe('since the end of the last attempt'),
});

const realServer = z.strictObject({
  name: z.string(),
  isAlive: z.boolean(),
  weight: z.int().describe('that it has while it is alive'),
  adminWeight: z.int().optional().describe('set by hand, in place of the configured one'),
  inTable: z.boolean().describe('the kernel has it'),
  activeConnections: count,
  inactiveConnections: count,
  persistentConnections: count,
  total: rates.describe('since the start of counting'),
  perSecond: rates.describe('as the kernel averages it'),
  checkers: z.array(checker),
});

const virtualServer = z.strictObject({
  name: z.string(),
  scheduler: z.string(),
  isQuorumUp: z.boolean(),
  isSorryActive: z.boolean(),
  inTable: z.boolean(),
  total: rates,
  perSecond: rates,
  servers: z.array(realServer),
});

export const lvs = z.strictObject({ ...aged, virtualServers: z.array(virtualServer) });

export const weightRequest = z.strictObject({
  virtualServer: z.string(),
  realServer: z.string(),
  weight: z
    .int()
    .min(0)
    .max(65535)
    .nullable()
    .describe('null gives the weight back to the file and the checkers'),
});

export const weightResult = z.strictObject({
  ...aged,
  virtualServer: z.string(),
  realServer: z.string(),
  weight: z.int(),
  activeConnections: count,
});

export const reloadResult = z.strictObject({ ...aged, isGood: z.boolean(), lines: z.array(z.string()) });

export const failure = z.strictObject({
  error: z.strictObject({ code: z.string().describe('stable, KA_...'), message: z.string() }),
});

const told = {
  sequence: z.int().min(1).describe('from 1, without gaps, since the start of the daemon'),
  atMs: ms.describe('when the control server heard of it: wall clock, milliseconds since 1970'),
  side: z
    .enum(['vrrp', 'checkers', 'daemon'])
    .describe('the process that told it; daemon: the one that runs the others'),
  happenedMs: ms.describe('when it happened'),
};

/** The data of an event; its kind is the name of the event as well. */
export const event = z.discriminatedUnion('kind', [
  z.strictObject({
    ...told,
    kind: z.literal('state'),
    instance: z.string(),
    from: stateName,
    to: stateName,
    priority: z.int(),
    cause: z.string(),
    reason: z.string(),
  }),
  z.strictObject({
    ...told,
    kind: z.literal('split-brain'),
    instance: z.string(),
    isActive: z.boolean().describe('false: the signs have ended'),
    sign: z
      .enum(['adverts', 'neighbour'])
      .describe(
        'adverts: adverts of lower priority go on. neighbour: another MAC address answers for an address',
      ),
    peer: z.string().optional(),
    peerPriority: z.int().optional(),
    address: z.string().optional(),
    mac: z.string().optional(),
  }),
  z.strictObject({
    ...told,
    kind: z.literal('maintenance'),
    instances: z.array(z.string()),
    what: z.enum(['standby', 'yielded', 'ended']),
    because: z
      .enum(['operator', 'time', 'takeover'])
      .describe('operator: it was asked for. time: it was for so long. takeover: it had to come in'),
    untilMs: ms.optional().describe('when it ends by itself'),
  }),
  z.strictObject({
    ...told,
    kind: z.literal('tracker'),
    what: z.string().describe('kind and name: `script chk_nginx`, `file load`, `process nginx`'),
    state: z.string().describe('up, down, unknown, or the number of a file'),
    detail: z.string().describe('what was last seen: `exited with status 1`'),
  }),
  z.strictObject({
    ...told,
    kind: z.literal('reload'),
    isGood: z.boolean().describe('false: the old configuration runs on'),
    generation: count.describe('of the configuration that runs now'),
    lines: z.array(z.string()).max(reloadLines).describe('diagnostics, and what changed or why nothing did'),
  }),
  z.strictObject({
    ...told,
    kind: z.literal('process'),
    process: z
      .enum(['vrrp', 'checkers', 'reader'])
      .describe(
        'reader: one that reads the configuration, at the start or for a reload; only its death is told',
      ),
    pid: z.int(),
    what: z.enum(['started', 'died']),
    ending: z.string().optional().describe('how it died: `died by signal 9 (SIGKILL)`'),
  }),
  z.strictObject({
    ...told,
    kind: z.literal('real-server'),
    virtualServer: z.string(),
    realServer: z.string(),
    isUp: z.boolean(),
    isRemoval: z.boolean().describe('a reload removed it'),
  }),
  z.strictObject({
    ...told,
    kind: z.literal('virtual-server'),
    virtualServer: z.string(),
    isUp: z.boolean().describe('it has its quorum'),
  }),
]);

/** Shapes by the name that lib/control/api.ts and the OpenAPI file use. */
export const schemas = {
  Status: status,
  Instance: instance,
  Why: why,
  MaintenanceRequest: maintenanceRequest,
  MaintenanceResult: maintenanceResult,
  Lvs: lvs,
  WeightRequest: weightRequest,
  WeightResult: weightResult,
  ReloadResult: reloadResult,
  Event: event,
  Failure: failure,
} as const;

export type SchemaName = keyof typeof schemas;
type Frozen<T> = T extends readonly (infer Item)[]
  ? readonly Frozen<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Frozen<T[Key]> }
    : T;
export type DaemonStatus = Frozen<z.infer<typeof status>>;
export type InstanceStatus = Frozen<z.infer<typeof instance>>;
export type MaintenanceRequest = Frozen<z.infer<typeof maintenanceRequest>>;
export type MaintenanceResult = Frozen<z.infer<typeof maintenanceResult>>;
export type LvsStatus = Frozen<z.infer<typeof lvs>>;
export type WeightRequest = Frozen<z.infer<typeof weightRequest>>;
export type WeightResult = Frozen<z.infer<typeof weightResult>>;
export type ReloadResult = Frozen<z.infer<typeof reloadResult>>;
export type FailureAnswer = Frozen<z.infer<typeof failure>>;
