/** What of a running configuration stays valid under a new one: which virtual servers, real servers and checkers are the same. */
import type {
  Checker as CheckerConfig,
  HttpUrl,
  LvsConfig,
  RealServer,
  VirtualServer,
} from '../config/model-lvs.js';
import { isSame } from '../config/same.js';
import { unitKey, virtualServerNames } from './names.js';

/**
 * A configuration in which every virtual server that is as it was is the very object of `before`, so that whoever runs it sees at once
 * that nothing is to be done.
 */
export function withServersOf<C extends LvsConfig>(before: LvsConfig, next: C): C {
  // They are part of what a virtual server is.
  if (!isSame(before.ssl, next.ssl) || !isSame(before.virtualServerGroup, next.virtualServerGroup))
    return next;
  const running = new Set(before.virtualServer);
  // Whoever read the file may have known them again.
  if (next.virtualServer.every((server) => running.has(server))) return next;
  const keys = keysOf(before.virtualServer);
  const known = new Map(before.virtualServer.map((server, i) => [keys[i], server]));
  const wanted = keysOf(next.virtualServer);
  return {
    ...next,
    virtualServer: next.virtualServer.map((server, i) => {
      if (running.has(server)) return server;
      const was = known.get(wanted[i]);
      return was !== undefined && isSame(was, server) ? was : server;
    }),
  };
}

function keysOf(servers: readonly VirtualServer[]): readonly string[] {
  const names = virtualServerNames(servers);
  return servers.map((server, i) => unitKey(names[i] ?? '', server));
}

/** What a real server is known by within its virtual server. */
export function realServerId(server: RealServer): string {
  // As in `endpointName`.
  return ['[', server.address, ']:', String(server.port)].join('');
}

/**
 * True when a checker keeps its state over a reload. keepalived's rule: delays, retries and alpha do not matter, and of some
 * checkers neither does what they send or expect.
 */
export function isSameChecker(a: CheckerConfig, b: CheckerConfig): boolean {
  return JSON.stringify(identity(a)) === JSON.stringify(identity(b));
}

function identity(c: CheckerConfig): unknown {
  switch (c.kind) {
    case 'TCP_CHECK':
    case 'PING_CHECK':
    case 'UDP_CHECK':
      return [c.kind, endpoint(c)];
    case 'HTTP_GET':
    case 'SSL_GET':
      return ['HTTP', endpoint(c), c.virtualhost, c.sniName, c.url.map(urlIdentity)];
    case 'SMTP_CHECK':
      return [c.kind, endpoint(c), c.heloName];
    case 'DNS_CHECK':
      return [c.kind, endpoint(c), c.type, c.name];
    case 'MISC_CHECK':
      return [c.kind, c.miscDynamic, c.miscPath.argv];
    case 'FILE_CHECK':
      return [c.kind, c.trackFile, c.weight, c.reverse];
    case 'BFD_CHECK':
      return [c.kind, c.name];
  }
}

function endpoint(c: Extract<CheckerConfig, { readonly connectIp: string }>): unknown {
  return [c.connectIp, c.connectPort, c.bindto, c.bindPort, c.bindIf, c.connectTimeout, c.fwmark];
}

function urlIdentity(url: HttpUrl): unknown {
  const { path, digest, statusCode, virtualhost, regex, regexNoMatch, regexOptions } = url;
  return [
    path,
    digest,
    statusCode,
    virtualhost,
    regex,
    regexNoMatch,
    regexOptions,
    url.regexMinOffset,
    url.regexMaxOffset,
  ];
}
