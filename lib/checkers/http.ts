/** HTTP_GET and SSL_GET: the urls of a server answer with the right status, digest and text. */
import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { HttpCheck, HttpUrl, SslSettings } from '../config/model-lvs.js';
import type { Check, CheckEvent, Outcome } from './checker.js';
import { httpGet, isPlain, plainGet, watchGet, type GetRequest, type GetResult } from './http-get.js';
import type { HttpReply } from './http-reply.js';
import { afterRetries, probeTarget, type CheckContext } from './network.js';
import { compileRegex, type BodyTest } from './regex.js';

interface PreparedUrl {
  readonly url: HttpUrl;
  readonly request: GetRequest;
  readonly isBodyGood: BodyTest | undefined;
  /** Length differences already logged. */
  readonly reported: Set<number>;
}

/**
 * @param ssl client settings of SSL_GET. A file of theirs that cannot be read is logged and left out.
 * A regex that does not compile is logged; its url then fails, because nobody knows what it would have said.
 */
export function httpCheck(config: HttpCheck, context: CheckContext, ssl?: SslSettings): Check {
  const { serverName, prober, host } = context;
  const tls = config.kind === 'SSL_GET' ? tlsContext(ssl, context) : undefined;
  const urls = config.url.map((url) => prepare(config, url, tls, context));
  const [only] = urls;
  /** What the only url last answered, when it was good. */
  let good: HttpReply | undefined;
  const outcomeOf = (prepared: PreparedUrl, got: GetResult): Outcome => {
    const outcome = got.kind === 'reply' ? examine(prepared, got.reply, context) : got;
    good = got.kind === 'reply' && outcome.kind === 'success' ? got.reply : undefined;
    const elapsedMs = got.kind === 'reply' ? got.elapsedMs : undefined;
    return elapsedMs === undefined || outcome.kind === 'postponed' ? outcome : { ...outcome, elapsedMs };
  };
  return {
    name: config.kind,
    timing: config,
    rules: { policy: 'steps', steps: urls.length, fastRecovery: config.fastRecovery },
    async attempt(step, signal): Promise<Outcome> {
      const prepared = urls[step];
      if (prepared === undefined) return { kind: 'failure', reason: 'No url for' };
      const { request } = prepared;
      return outcomeOf(
        prepared,
        isPlain(request)
          ? await plainGet(request, prober, signal)
          : await httpGet(request, prober, host.clock, signal),
      );
    },
    watch(intervalMs, onEnd) {
      if (urls.length !== 1 || only === undefined || good === undefined || !isPlain(only.request))
        return undefined;
      return watchGet(only.request, prober, good, intervalMs, (got) => onEnd(outcomeOf(only, got)));
    },
    describe(event: CheckEvent): string | undefined {
      switch (event.kind) {
        case 'up':
          return `Remote Web server ${serverName} succeed on service.`;
        case 'down':
          // keepalived 2.2.7: the configured number, also when the first check fails; HTTP_CHECK for SSL_GET too.
          return `HTTP_CHECK on service ${serverName} failed${afterRetries(config.retry)}`;
        case 'attempt':
          return `${event.reason} server ${serverName}.`;
        case 'postponed':
          return `${config.kind} on service ${serverName}: ${event.reason}. Rescheduling.`;
        case 'step': {
          const url = config.url[event.step];
          return url === undefined ? undefined : `${stepText(url)} success to ${serverName} url(${url.path})`;
        }
      }
    },
  };
}

function prepare(
  config: HttpCheck,
  url: HttpUrl,
  context: SecureContext | undefined,
  check: CheckContext,
): PreparedUrl {
  const virtualhost = url.virtualhost ?? config.virtualhost;
  const serverName = config.enableSni ? (config.sniName ?? virtualhost) : undefined;
  const mustClose = url.tlsCompliant;
  const stepMs = config.connectTimeout / 1000;
  return {
    url,
    reported: new Set(),
    isBodyGood: url.regex === undefined ? undefined : bodyTest(url.regex, url, check),
    request: {
      target: probeTarget(config),
      path: url.path,
      protocol: config.httpProtocol,
      virtualhost,
      ...(context === undefined ? {} : { tls: { context, serverName, mustClose } }),
      needsDigest: url.digest !== undefined,
      needsBody: url.regex !== undefined,
      stepMs,
      // keepalived has no limit here; a check that takes longer than its interval says enough.
      totalMs: Math.max(4 * stepMs, config.delayLoop / 1000),
    },
  };
}

function bodyTest(pattern: string, url: HttpUrl, { host, serverName }: CheckContext): BodyTest {
  const compiled = compileRegex(pattern, url);
  if (compiled.kind === 'ok') return compiled.test;
  host.logger.log('error', `regex "${pattern}" of ${serverName} cannot be used: ${compiled.message}`);
  return () => false;
}

/** The tests in keepalived's order; the first that fails decides. */
function examine(prepared: PreparedUrl, reply: HttpReply, context: CheckContext): Outcome {
  const { url, isBodyGood } = prepared;
  const fail = (reason: string): Outcome => ({ kind: 'failure', reason });
  if (!reply.hasData) return fail('Read, no data received from ');
  const status = reply.status ?? 0;
  if (!url.statusCode.some(({ first, last }) => status >= first && status <= last))
    return fail('HTTP status code error to');
  reportLength(prepared, reply, context);
  if (url.digest !== undefined && reply.digest() !== url.digest) return fail('MD5 digest error to');
  if (isBodyGood !== undefined && !isBodyGood(reply.body())) return fail('Regex match failed');
  return { kind: 'success', detail: `status ${status}, ${reply.bodyBytes} bytes` };
}

/** A wrong Content-Length is a line in the log, once for each difference, and no failure. */
function reportLength(
  { url, request, reported }: PreparedUrl,
  reply: HttpReply,
  context: CheckContext,
): void {
  const { contentLength, bodyBytes } = reply;
  if (contentLength === undefined || contentLength === bodyBytes) return;
  const difference = contentLength - bodyBytes;
  if (reported.has(difference) || reported.size > maxReported) return;
  reported.add(difference);
  const { serverName, virtualName, host } = context;
  const where = `${request.virtualhost ?? ''}${url.path}`;
  host.logger.log(
    'info',
    `http_check for RS ${serverName} VS ${virtualName} url ${where}: ` +
      `content_length (${contentLength}) does not match received bytes (${bodyBytes})`,
  );
}

const maxReported = 16;

function stepText(url: HttpUrl): string {
  if (url.regex !== undefined) return 'Regex match';
  return url.digest === undefined ? 'HTTP status code' : 'MD5 digest';
}

function tlsContext(ssl: SslSettings | undefined, { host }: CheckContext): SecureContext {
  const read = (path: string | undefined): Buffer | undefined => {
    if (path === undefined) return undefined;
    try {
      return readFileSync(path);
    } catch (error) {
      host.logger.log('error', `SSL file ${path}: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  };
  const [ca, cert, key] = [read(ssl?.ca), read(ssl?.certificate), read(ssl?.key)];
  const passphrase = ssl?.password;
  // Any version and cipher that the library has: old servers are checked too.
  return createSecureContext({
    minVersion: 'TLSv1',
    ciphers: 'DEFAULT:@SECLEVEL=0',
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(passphrase === undefined ? {} : { passphrase }),
  });
}
