/**
 * Checkers as meant: what they do not say comes from the real server, the virtual server, or the kind of checker.
 */
import { micros, seconds, type Family, type Micros } from '../units.js';
import { messages } from './messages.js';
import type { TrackFile } from './model-vrrp.js';
import type { Checker, CheckerConnection, CheckerTiming, HttpUrl } from './model-lvs.js';
import type { GlobalDefs } from './model.js';
import { strayKey, type Context, type Decoded } from './schema/dsl.js';
import type { Fields, Section } from './schema/lists.js';
import type { connectionRows, httpCheck, miscCheck, timingRows } from './schema/checkers.js';
import type { RawChecker, realServer } from './schema/lvs.js';
import type { Span } from './source.js';
import { hasDefaultUser, reportNoUser } from './scripts.js';

/** What a real server hands down to its checkers. */
export interface CheckerDefaults {
  readonly address: string;
  readonly family: Family;
  readonly port: number;
  readonly retry: number | undefined;
  readonly delayBeforeRetry: Micros | undefined;
  readonly warmup: Micros | undefined;
  readonly delayLoop: Micros;
  /** That of the virtual server, which MISC_CHECK's time limit follows. */
  readonly serverDelayLoop: Micros;
  readonly connectTimeout: Micros;
  readonly alpha: boolean;
  readonly virtualhost: string | undefined;
  readonly logAllFailures: boolean;
}

/** What checkers may name, as it is known where their virtual server stands. */
export interface CheckerReferences {
  file(name: string): TrackFile | undefined;
  hasBfd(name: string): boolean;
}

type Timing = Decoded<typeof timingRows>;
type Connection = Decoded<typeof connectionRows>;

export function assembleCheckers(
  section: Fields<typeof realServer.rows>,
  defaults: CheckerDefaults,
  globals: GlobalDefs,
  context: Context,
  references: CheckerReferences,
): readonly Checker[] {
  const result: Checker[] = [];
  for (const raw of inOrder(section)) {
    if (raw.kind === 'SMTP_CHECK' && raw.section.fields.host.length > 0) {
      for (const host of raw.section.fields.host) {
        const { heloName } = raw.section.fields;
        result.push({ ...connection('SMTP_CHECK', host.fields, host.at, defaults), heloName });
      }
      continue;
    }
    const checker = assembleChecker(raw, defaults, globals, context, references);
    if (checker !== undefined) result.push(checker);
  }
  return result;
}

/** The checkers as they stand in the file. */
function inOrder(section: Fields<typeof realServer.rows>): readonly RawChecker[] {
  const { fields } = section;
  const lists: readonly (readonly RawChecker[])[] = [
    fields.TCPCHECK,
    fields.HTTPGET,
    fields.SSLGET,
    fields.SMTPCHECK,
    fields.DNSCHECK,
    fields.MISCCHECK,
    fields.PINGCHECK,
    fields.UDPCHECK,
    fields.FILECHECK,
    fields.BFDCHECK,
  ];
  let all: readonly RawChecker[] = [];
  for (const list of lists) if (list.length > 0) all = all.length === 0 ? list : [...all, ...list];
  if (all.length < 2) return all;
  return all.toSorted((a, b) => a.section.order - b.section.order);
}

function assembleChecker(
  raw: RawChecker,
  defaults: CheckerDefaults,
  globals: GlobalDefs,
  context: Context,
  references: CheckerReferences,
): Checker | undefined {
  const { at } = raw.section;
  switch (raw.kind) {
    case 'TCP_CHECK':
    case 'PING_CHECK':
      return connection(raw.kind, raw.section.fields, at, defaults);
    case 'SMTP_CHECK': {
      const { heloName } = raw.section.fields;
      return { ...connection(raw.kind, raw.section.fields, at, defaults), heloName };
    }
    case 'DNS_CHECK': {
      const { type, name } = raw.section.fields;
      return { ...connection(raw.kind, raw.section.fields, at, defaults), type, name };
    }
    case 'UDP_CHECK': {
      const { payload, requireReply, minReplyLength, maxReplyLength } = raw.section.fields;
      if (minReplyLength > maxReplyLength)
        context.diagnostics.report(
          messages.badValue,
          at,
          'min_reply_length is more than max_reply_length: it always fails',
        );
      const replyPattern = requireReply === '' ? undefined : requireReply;
      return {
        ...connection(raw.kind, raw.section.fields, at, defaults),
        payload,
        requireReply: requireReply !== undefined,
        replyPattern,
        minReplyLength,
        maxReplyLength,
      };
    }
    case 'HTTP_GET':
    case 'SSL_GET':
      return http(raw.kind, raw.section.fields, at, defaults, context);
    case 'MISC_CHECK':
      return misc(raw.section, defaults, globals, context);
    case 'FILE_CHECK': {
      const { trackFile, weight } = raw.section.fields;
      if (trackFile === undefined) {
        dropped(context, at, raw.kind, 'it names no track_file');
        return;
      }
      const file = references.file(trackFile);
      if (file === undefined) {
        dropped(context, at, raw.kind, `there is no track_file '${trackFile}' before it`);
        return;
      }
      const { weight: factor, reverse } = weight ?? file;
      return { kind: raw.kind, trackFile, weight: factor, reverse, at };
    }
    case 'BFD_CHECK': {
      const { name, alpha } = raw.section.fields;
      if (name === undefined) {
        dropped(context, at, raw.kind, 'it names no bfd_instance');
        return;
      }
      if (!references.hasBfd(name)) {
        dropped(context, at, raw.kind, `there is no bfd_instance '${name}'`);
        return;
      }
      return { kind: raw.kind, name, alpha: alpha ?? defaults.alpha, at };
    }
  }
}

function dropped(context: Context, at: Span, kind: string, why: string): undefined {
  context.diagnostics.report(messages.checkerDropped, at, kind, why);
  return undefined;
}

/** The kinds of checkers that differ only in these numbers. */
const kindDefaults = {
  TCP_CHECK: { retry: 1, delay: seconds(1) },
  PING_CHECK: { retry: 1, delay: seconds(1) },
  SMTP_CHECK: { retry: 1, delay: seconds(1) },
  UDP_CHECK: { retry: 1, delay: seconds(1) },
  HTTP_GET: { retry: 1, delay: seconds(3) },
  SSL_GET: { retry: 1, delay: seconds(3) },
  /** undefined: delay_loop. */
  DNS_CHECK: { retry: 3, delay: undefined },
  MISC_CHECK: { retry: 0, delay: seconds(1) },
} as const;

function timing(
  kind: keyof typeof kindDefaults,
  fields: Timing,
  at: Span,
  defaults: CheckerDefaults,
): CheckerTiming {
  const { retry, delay } = kindDefaults[kind];
  const delayLoop = fields.delayLoop ?? defaults.delayLoop;
  return {
    retry: fields.retry ?? defaults.retry ?? retry,
    delayBeforeRetry: fields.delayBeforeRetry ?? defaults.delayBeforeRetry ?? delay ?? delayLoop,
    warmup: fields.warmup ?? defaults.warmup ?? delayLoop,
    delayLoop,
    alpha: fields.alpha ?? defaults.alpha,
    logAllFailures: fields.logAllFailures ?? defaults.logAllFailures,
    at,
  };
}

/** Written out instead of spread from `timing`: there may be a hundred thousand of these. */
function connection<K extends Exclude<keyof typeof kindDefaults, 'MISC_CHECK'>>(
  kind: K,
  fields: Connection,
  at: Span,
  defaults: CheckerDefaults,
): CheckerConnection & { readonly kind: K } {
  const { retry, delay } = kindDefaults[kind];
  const delayLoop = fields.delayLoop ?? defaults.delayLoop;
  return {
    kind,
    retry: fields.retry ?? defaults.retry ?? retry,
    delayBeforeRetry: fields.delayBeforeRetry ?? defaults.delayBeforeRetry ?? delay ?? delayLoop,
    warmup: fields.warmup ?? defaults.warmup ?? delayLoop,
    delayLoop,
    alpha: fields.alpha ?? defaults.alpha,
    logAllFailures: fields.logAllFailures ?? defaults.logAllFailures,
    at,
    connectIp: fields.connectIp?.text ?? defaults.address,
    connectPort: fields.connectPort ?? defaults.port,
    bindto: fields.bindto?.text,
    bindPort: fields.bindPort,
    bindIf: fields.bindIf,
    connectTimeout: fields.connectTimeout ?? defaults.connectTimeout,
    fwmark: fields.fwmark,
  };
}

function http(
  kind: 'HTTP_GET' | 'SSL_GET',
  fields: Decoded<typeof httpCheck.rows>,
  at: Span,
  defaults: CheckerDefaults,
  context: Context,
): Checker | undefined {
  const virtualhost = fields.virtualhost ?? defaults.virtualhost;
  const urls: HttpUrl[] = [];
  for (const url of fields.url) {
    const { path, statusCode, regexMaxOffset, regexMinOffset, ...rest } = url.fields;
    if (path === undefined) {
      context.diagnostics.report(messages.checkerDropped, url.at, 'url', 'it has no path');
      continue;
    }
    const hasRange = regexMaxOffset === undefined || regexMaxOffset >= regexMinOffset;
    urls.push({
      ...rest,
      path,
      statusCode: statusCode.length === 0 ? [{ first: 200, last: 299 }] : statusCode,
      virtualhost: rest.virtualhost ?? virtualhost,
      regexMinOffset: hasRange ? regexMinOffset : 0,
      regexMaxOffset: hasRange ? regexMaxOffset : undefined,
      tlsCompliant: rest.tlsCompliant ?? fields.tlsCompliant,
      at: url.at,
    });
  }
  if (urls.length === 0) {
    const stray = context.strays.get(strayKey('url', at));
    const causes = [...fields.url.map((url) => url.at), ...(stray === undefined ? [] : [stray])];
    context.diagnostics.reportOrAdd(messages.checkerDropped, causes, at, kind, 'it has no url');
    return;
  }
  return {
    ...connection(kind, fields, at, defaults),
    virtualhost,
    httpProtocol: fields.httpProtocol,
    enableSni: fields.enableSni || fields.sniName !== undefined,
    sniName: fields.sniName === '' ? undefined : fields.sniName,
    fastRecovery: fields.fastRecovery,
    tlsCompliant: fields.tlsCompliant,
    url: urls,
  };
}

function misc(
  section: Section<typeof miscCheck.rows>,
  defaults: CheckerDefaults,
  globals: GlobalDefs,
  context: Context,
): Checker | undefined {
  const { fields, at, statement } = section;
  if (fields.miscPath === undefined) {
    dropped(context, at, 'MISC_CHECK', 'it has no misc_path');
    return;
  }
  if (fields.user === undefined) {
    const named = statement.body?.items.some((item) => item.words[0] === 'user') ?? false;
    if (named) return undefined;
    if (!hasDefaultUser(globals, context)) {
      reportNoUser(context, at, 'MISC_CHECK');
      return undefined;
    }
  }
  return {
    kind: 'MISC_CHECK',
    ...timing('MISC_CHECK', fields, at, defaults),
    miscPath: fields.miscPath,
    miscTimeout:
      fields.miscTimeout === undefined || fields.miscTimeout === 0
        ? defaults.serverDelayLoop
        : micros(fields.miscTimeout),
    miscDynamic: fields.miscDynamic,
    user: fields.user,
  };
}
