/**
 * The JSON Schema of `ka-node show --json`, made from the keyword tables. What the model holds beside or instead of the fields of
 * keywords (what is derived, what has another shape) is listed here by block.
 */
import type { AnyBlock, CompiledRow } from '../schema/dsl.js';
import { groupEntryFormat } from '../schema/entry-formats.js';
import { record, timeFormat, type JsonSchema } from '../schema/format.js';
import { methodFormat } from '../schema/lvs.js';
import { root } from '../schema/root.js';

const string = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const number = { type: 'integer', minimum: 0 } as const;
const whole = { type: 'integer' } as const;
const family = { type: 'integer', enum: [4, 6] } as const;
const micros = timeFormat(1).json;
const port = { type: 'integer', minimum: 0, maximum: 65535 } as const;
const orInfinity: JsonSchema = { anyOf: [number, { type: 'string', enum: ['infinity'] }] };

/** Fields instead of those of the table; undefined: the model has none of that name. */
type Fields = Readonly<Record<string, JsonSchema | undefined>>;

const weighted: Fields = { name: string, weight: whole, reverse: flag };

const differences: Readonly<Record<string, Fields>> = {
  'the top level': {
    ...{ configId: string, SSL: undefined, netNamespace: string, netNamespaceIpvs: string },
  },
  global_defs: { includeCheck: undefined },
  vrrp_instance: {
    ...{
      name: string,
      family,
      isUnicast: flag,
      mcastDstIp: string,
      noAccept: undefined,
      nopreempt: undefined,
    },
    ...{ accept: flag, preempt: flag },
  },
  vrrp_sync_group: { name: string },
  vrrp_script: weighted,
  vrrp_track_process: { ...weighted, quorum: number, quorumMax: orInfinity, delay: undefined },
  track_file: weighted,
  bfd_instance: { ...weighted, family, maxHops: whole },
  track_group: { name: string },
  garp_group: { interface: undefined },
  virtual_server: {
    key: {
      anyOf: [
        record({ kind: { type: 'string', enum: ['address'] }, family, address: string, port }, [
          ...['kind', 'family', 'address', 'port'],
        ]),
        record({ kind: { type: 'string', enum: ['fwmark'] }, fwmark: number }, ['kind', 'fwmark']),
        record({ kind: { type: 'string', enum: ['group'] }, group: string }, ['kind', 'group']),
      ],
    },
    ...{ family, schedFlags: number, ops: flag, haSuspend: flag, ipFamily: undefined, hashed: undefined },
    ...{ flag1: undefined, flag2: undefined, flag3: undefined, shPort: undefined, shFallback: undefined },
    ...{ mhPort: undefined, mhFallback: undefined, sorryServerInhibit: undefined, quorum: number },
    ...{ sorryServerLvsMethod: undefined, retry: undefined, delayBeforeRetry: undefined, warmup: undefined },
    ...{ connectTimeout: undefined, inhibitOnFailure: undefined },
    sorryServer: record({ address: string, family, port, inhibit: flag, lvsMethod: methodFormat.json }, [
      ...['address', 'family', 'port', 'inhibit', 'lvsMethod'],
    ]),
  },
  real_server: {
    ...{ address: string, family, port, retry: undefined, delayBeforeRetry: undefined, warmup: undefined },
    ...{ connectTimeout: undefined, delayLoop: undefined },
  },
  HTTP_GET: { sniName: string },
  url: { tlsCompliant: flag },
  SMTP_CHECK: { host: undefined },
  UDP_CHECK: { requireReply: flag, replyPattern: string },
  FILE_CHECK: { weight: whole, reverse: flag },
  auth_hmac: { timeWindow: micros },
};

/** Always there although the table has no default for them. */
const alwaysThere: Readonly<Record<string, readonly string[]>> = {
  'the top level': ['configId', 'globalDefs', 'vrrpInstance', 'virtualServer'],
  vrrp_instance: [
    ...['name', 'family', 'state', 'virtualRouterId', 'priority', 'version', 'advertInt', 'isUnicast'],
    ...['accept', 'preempt', 'preemptDelay', 'strictMode', 'mcastDstIp'],
  ],
  vrrp_sync_group: ['name', 'group'],
  virtual_server: [
    'key',
    'family',
    'lvsSched',
    'lvsMethod',
    'delayLoop',
    'quorum',
    'hysteresis',
    'realServer',
  ],
  real_server: ['address', 'family', 'port', 'weight', 'lvsMethod', 'checkers'],
  vrrp_script: ['name', 'script', 'timeout', 'weight', 'reverse'],
};

let made: JsonSchema | undefined;

/** The schema of a whole configuration. */
export function modelSchema(): JsonSchema {
  made ??= blockSchema(root);
  return made;
}

/** As a document of its own. */
export function schemaDocument(): Readonly<Record<string, unknown>> {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'ka-node show --json',
    description:
      'What a keepalived.conf means. Fields are the keywords in camel case; integers with "unit": "us" are microseconds; what is not given and has no default is left out; infinity is a text.',
    ...modelSchema(),
  };
}

function blockSchema(schema: AnyBlock): JsonSchema {
  const properties: Record<string, JsonSchema> = {};
  const required = [...(alwaysThere[schema.name] ?? [])];
  const different = differences[schema.name] ?? {};
  for (const row of schema.byKeyword.values()) {
    if (row.alias !== undefined || row.field in different || isChecker(row.keyword)) continue;
    const value = rowSchema(row);
    if (value !== undefined) properties[row.field] = { ...value, description: row.row.help };
  }
  for (const [field, value] of Object.entries(different)) if (value !== undefined) properties[field] = value;
  if (schema === root) {
    const ssl = root.byKeyword.get('SSL')?.row.reader.block;
    if (ssl !== undefined) properties['ssl'] = blockSchema(ssl);
  }
  if (schema.name === 'real_server')
    properties['checkers'] = { type: 'array', items: { anyOf: checkerSchemas(schema) } };
  return record(properties, required);
}

function isChecker(keyword: string): boolean {
  return /^[A-Z]+_(CHECK|GET)$/.test(keyword);
}

function rowSchema({ keyword, row }: CompiledRow): JsonSchema | undefined {
  const { reader, initial } = row;
  if (keyword === 'virtual_server_group')
    return {
      type: 'array',
      items: record({ name: string, entries: { type: 'array', items: groupEntryFormat.json } }, [
        ...['name', 'entries'],
      ]),
    };
  const value = reader.block === undefined ? reader.format?.json : blockSchema(reader.block);
  if (value === undefined) return undefined;
  // A default may be what no line can give: 0 for off.
  if (typeof initial === 'number' && value.minimum !== undefined && initial < value.minimum)
    return { ...value, minimum: initial };
  const isList = reader.isList === true || (Array.isArray(initial) && value.type !== 'array');
  if (!isList) return value;
  return { type: 'array', items: value };
}

/** Each kind of checker, with its name. What virtual and real servers hand down is filled in. */
function checkerSchemas(schema: AnyBlock): readonly JsonSchema[] {
  return [...schema.byKeyword.values()]
    .filter(({ keyword }) => isChecker(keyword))
    .flatMap(({ keyword, row }) => {
      const { block } = row.reader;
      if (block === undefined) return [];
      const inner = blockSchema(block);
      return [
        {
          ...inner,
          properties: { kind: { type: 'string', enum: [keyword] }, ...inner.properties },
          required: ['kind'],
        },
      ];
    });
}
