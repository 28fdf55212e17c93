/**
 * Tracked objects and groups as meant: scripts, processes, files, BFD sessions, groups. Those that cannot work are reported and left out.
 */
import { micros } from '../units.js';
import { wordsOf, wordsOfLines } from './causes.js';
import { messages } from './messages.js';
import type { RuleEntry } from './model-routes.js';
import type {
  BfdInstance,
  GarpGroup,
  TrackFile,
  TrackReference,
  VrrpScript,
  VrrpTrackProcess,
} from './model-vrrp.js';
import type { GlobalDefs } from './model.js';
import type { RuleDraft } from './schema/rules.js';
import type { Context } from './schema/dsl.js';
import type { Section } from './schema/lists.js';
import type { TrackEntry } from './schema/tracking.js';
import type * as tracked from './schema/tracked.js';
import { nearest } from './suggest.js';
import { wordSpan, type Statement } from './syntax.js';
import { hasDefaultUser, reportNoUser } from './scripts.js';

/** Something that can be named in a tracking list, with where it stands in the file. */
export interface Named<T> {
  readonly name: string;
  readonly value: T | undefined;
  /** Count of top-level statements before it. */
  readonly order: number;
  readonly statement: Statement;
}

export function assembleScript(
  section: Section<typeof tracked.vrrpScript.rows>,
  globals: GlobalDefs,
  context: Context,
): VrrpScript | undefined {
  const { fields, name, at, statement } = section;
  if (fields.script === undefined) {
    context.diagnostics.reportOrAdd(messages.scriptUnset, wordsOfLines(statement, 'script'), at, name);
    return undefined;
  }
  if (fields.user === undefined) {
    if (hasLine(statement, 'user')) return undefined;
    if (!hasDefaultUser(globals, context)) {
      reportNoUser(context, at, `vrrp_script ${name}`);
      return undefined;
    }
  }
  const { script, interval, rise, fall, user, initFail } = fields;
  return {
    name,
    at,
    script,
    interval,
    timeout: fields.timeout ?? interval,
    weight: fields.weight?.weight ?? 0,
    reverse: fields.weight?.reverse ?? false,
    rise,
    fall,
    user,
    initFail,
  };
}

function hasLine(statement: Statement, keyword: string): boolean {
  return statement.body?.items.some((item) => item.words[0] === keyword) ?? false;
}

export function assembleProcess(
  section: Section<typeof tracked.vrrpTrackProcess.rows>,
  context: Context,
): VrrpTrackProcess | undefined {
  const { fields, name, at, statement } = section;
  if (fields.process === undefined) {
    context.diagnostics.reportOrAdd(
      messages.entryDropped,
      wordsOfLines(statement, 'process'),
      at,
      `vrrp_track_process ${name}`,
      'it names no process',
    );
    return undefined;
  }
  let { quorum } = fields;
  let quorumMax = fields.quorumMax ?? Number.POSITIVE_INFINITY;
  if (fields.quorumMax === 0 && quorum <= 1) quorum = 0;
  else if (quorumMax < quorum) {
    context.diagnostics.report(
      messages.badValue,
      at,
      `quorum_max of ${name} is less than quorum; it is ignored`,
    );
    quorumMax = Number.POSITIVE_INFINITY;
  }
  return {
    name,
    at,
    process: fields.process,
    paramMatch: fields.paramMatch,
    weight: fields.weight?.weight ?? 0,
    reverse: fields.weight?.reverse ?? false,
    quorum,
    quorumMax,
    terminateDelay: fields.terminateDelay ?? fields.delay ?? micros(0),
    forkDelay: fields.forkDelay ?? fields.delay ?? micros(0),
    fullCommand: fields.fullCommand,
  };
}

export function assembleFile(
  section: Section<typeof tracked.trackFile.rows>,
  context: Context,
): TrackFile | undefined {
  const { fields, name, at, statement } = section;
  if (fields.file === undefined) {
    context.diagnostics.reportOrAdd(messages.trackFileUnset, wordsOfLines(statement, 'file'), at, name);
    return undefined;
  }
  return {
    name,
    at,
    file: fields.file,
    weight: fields.weight?.weight ?? 1,
    reverse: fields.weight?.reverse ?? false,
    initFile: fields.initFile,
  };
}

export function assembleBfd(
  section: Section<typeof tracked.bfdInstance.rows>,
  others: readonly BfdInstance[],
  context: Context,
): BfdInstance | undefined {
  const { fields, name, at } = section;
  if (name.length > 31) {
    context.diagnostics.report(
      messages.entryDropped,
      at,
      `bfd_instance ${name}`,
      'its name is longer than 31 characters',
    );
    return undefined;
  }
  const neighbor = fields.neighborIp;
  if (neighbor === undefined) {
    context.diagnostics.report(messages.bfdNoNeighbor, at, name);
    return undefined;
  }
  if (fields.sourceIp !== undefined && fields.sourceIp.family !== neighbor.family) {
    context.diagnostics.report(
      messages.entryDropped,
      at,
      `bfd_instance ${name}`,
      'source and neighbour differ in family',
    );
    return undefined;
  }
  const source = fields.sourceIp?.text;
  const twin = others.find(
    (other) =>
      other.neighborIp === neighbor.text && other.sourceIp === source && other.multihop === fields.multihop,
  );
  if (twin !== undefined) {
    context.diagnostics.report(
      messages.entryDropped,
      at,
      `bfd_instance ${name}`,
      `${twin.name} has the same neighbour`,
    );
    context.diagnostics.relate('the first one', twin.at);
    return undefined;
  }
  const ttl = fields.ttl ?? (neighbor.family === 4 ? 255 : 64);
  const isOpen = fields.maxHops === -1 || fields.maxHops === 255;
  const maxHops = isOpen ? -1 : fields.maxHops;
  if (maxHops > ttl)
    context.diagnostics.report(messages.badValue, at, `max_hops of ${name} is larger than its ttl`);
  const isBoth = fields.vrrp === fields.checker;
  return {
    name,
    at,
    neighborIp: neighbor.text,
    sourceIp: source,
    family: neighbor.family,
    minRx: fields.minRx,
    minTx: fields.minTx,
    idleTx: fields.idleTx,
    multiplier: fields.multiplier,
    passive: fields.passive,
    ttl,
    maxHops: Math.min(maxHops, ttl),
    multihop: fields.multihop,
    weight: fields.weight?.weight ?? 0,
    reverse: fields.weight?.reverse ?? false,
    vrrp: isBoth || fields.vrrp,
    checker: isBoth || fields.checker,
  };
}

export function assembleGarpGroup(
  section: Section<typeof tracked.garpGroup.rows>,
  context: Context,
): GarpGroup | undefined {
  const { fields, at, statement } = section;
  const interfaces = [...fields.interface, ...fields.interfaces];
  // 0 is one, too, for keepalived.
  const hasInterval = fields.garpInterval !== undefined || fields.gnaInterval !== undefined;
  if (!hasInterval) {
    const given = ['garp_interval', 'gna_interval'].flatMap((keyword) => wordsOfLines(statement, keyword));
    context.diagnostics.reportOrAdd(messages.entryDropped, given, at, 'the garp_group', 'it has no interval');
    return undefined;
  }
  if (interfaces.length === 0) {
    const given = ['interface', 'interfaces'].flatMap((keyword) => wordsOfLines(statement, keyword));
    const message = 'the garp_group has no interface; it has no effect';
    context.diagnostics.reportOrAdd(messages.silentlyIgnored, given, at, message);
    return undefined;
  }
  const { garpInterval = micros(0), gnaInterval = micros(0) } = fields;
  return { at, garpInterval, gnaInterval, interfaces };
}

/** Fills in missing preferences: 16384, 16383, ... for each family, in order. */
export class RulePreferences {
  readonly #next = { 4: 16384, 6: 16384 };
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  fill(rules: readonly RuleDraft[]): readonly RuleEntry[] {
    return rules.map((rule) => {
      if (rule.preference !== undefined) return { ...rule, preference: rule.preference };
      const preference = this.#next[rule.family]--;
      this.#context.diagnostics.report(messages.rulePreference, rule.at, String(preference));
      return { ...rule, preference };
    });
  }
}

/** What a tracking list refers to: those defined before `order`. */
export function resolveReferences(
  what: string,
  entries: readonly TrackEntry[],
  known: ReadonlyMap<string, readonly Named<{ readonly weight: number; readonly reverse: boolean }>[]>,
  order: number,
  context: Context,
): readonly TrackReference[] {
  const result: TrackReference[] = [];
  for (const { name, weight, reverse, at } of entries) {
    const named = known.get(name);
    const target = named?.find((item) => item.order < order);
    if (target?.value === undefined) {
      const misspelt = context.misspelt.get(`${what} ${name}`);
      const causes =
        target !== undefined ? wordsOf(target.statement) : misspelt === undefined ? [] : [misspelt];
      if (context.diagnostics.addConsequence(messages.unknownReference, causes, at, what, name)) continue;
      const isUsable = (list: readonly Named<unknown>[]): boolean =>
        list.some(({ value }) => value !== undefined);
      const usable = [...known].filter(([, list]) => isUsable(list)).map(([each]) => each);
      const near = target === undefined ? nearest(name, usable) : undefined;
      const later = named !== undefined && isUsable(named);
      const hint =
        near !== undefined
          ? `did you mean '${near}'?`
          : later
            ? `${what} ${name} stands further down; move it up`
            : undefined;
      context.diagnostics.reportWith(
        messages.unknownReference,
        at,
        { ...(hint === undefined ? {} : { hint }), ...(near === undefined ? {} : { replacement: near }) },
        what,
        name,
      );
      continue;
    }
    if (result.some((other) => other.name === name)) {
      context.diagnostics.report(messages.entryDropped, at, name, 'it is listed twice');
      continue;
    }
    result.push({
      name,
      weight: weight ?? target.value.weight,
      reverse: reverse ?? (weight === undefined ? target.value.reverse : false),
      at,
    });
  }
  return result;
}

/** Place of a keyword in a block; the block's own when it is not there. */
export function keywordAt(
  section: Pick<Section<unknown>, 'statement' | 'at'>,
  keyword: string,
): ReturnType<typeof wordSpan> {
  const found = section.statement.body?.items.findLast((item) => item.words[0] === keyword);
  return found === undefined ? section.at : wordSpan(found, 0);
}
