/** The checkers of keepalived_check.data: how each is understood and what it found, and the files that some follow. */
import type {
  Checker,
  CheckerConnection,
  CheckerTiming,
  FileCheck,
  HttpCheck,
  HttpUrl,
  UdpCheck,
  VirtualServer,
} from '../config/model-lvs.js';
import type { Config } from '../config/model.js';
import type { VirtualServerStatus } from '../lvs/report.js';
import type { IdentityOf } from './dump-global.js';
import { commandWords, optional, seconds } from './dump-words.js';

interface Standing {
  readonly server: VirtualServer;
  readonly standing: VirtualServerStatus;
}

/** The sections "Health checkers" and "Checker track files"; without checkers none. */
export function checkerSections(
  config: Config,
  servers: readonly Standing[],
  identity: IdentityOf,
): readonly string[] {
  const all = servers.flatMap((each) => checkersOf(each, identity));
  if (all.length === 0) return [];
  // keepalived: those that follow files come last.
  const [files, others] = [all.filter(({ isFile }) => isFile), all.filter(({ isFile }) => !isFile)];
  return [
    '------< Health checkers >------',
    ...[...others, ...files].flatMap(({ lines }) => lines),
    ...trackFileLines(config, servers),
  ];
}

interface Described {
  readonly isFile: boolean;
  readonly lines: readonly string[];
}

function checkersOf({ server, standing }: Standing, identity: IdentityOf): readonly Described[] {
  return server.realServer.flatMap((real, index) => {
    const status = standing.servers[index];
    return real.checkers.map((checker, which) => ({
      isFile: checker.kind === 'FILE_CHECK',
      lines: [
        ` ${standing.name} -> ${status?.name ?? ''}`,
        ...[
          ...optional(status?.checkers[which], ({ isUp }) => `Up = ${yesNo(isUp)}`),
          ...optional(status?.checkers[which], ({ hasRun }) => `Has run = ${yesNo(hasRun)}`),
          ...timingLines(checker),
          ...connectionLines(checker),
          ...ownLines(checker, real.virtualhost, server, identity),
        ].map((line) => `   ${line}`),
      ],
    }));
  });
}

function timingLines(checker: Checker): readonly string[] {
  if (checker.kind === 'FILE_CHECK') return ['Log all failures = no'];
  if (checker.kind === 'BFD_CHECK') return [`Alpha = ${yesNo(checker.alpha)}`];
  const { alpha, delayLoop, warmup, retry, delayBeforeRetry, logAllFailures }: CheckerTiming = checker;
  return [
    `Alpha = ${yesNo(alpha)}`,
    `Delay loop = ${delayLoop} us`,
    `Warmup = ${warmup} us`,
    `Retries = ${retry}`,
    ...(retry > 0 ? [`Delay before retry = ${delayBeforeRetry} us`] : []),
    `Log all failures = ${yesNo(logAllFailures)}`,
  ];
}

function connectionLines(checker: Checker): readonly string[] {
  if (!('connectIp' in checker)) return [];
  const { connectIp, connectPort, bindto, bindPort, bindIf, fwmark, connectTimeout }: CheckerConnection =
    checker;
  return [
    'Connection',
    `  Dest = [${connectIp}]:${connectPort}`,
    ...optional(bindIf, (name) => `  Bind i/f = ${name}`),
    ...optional(bindto, (address) => `  Bind to = [${address}]:${bindPort}`),
    ...(fwmark === 0 ? [] : [`  Mark = ${fwmark}`]),
    `  Timeout = ${seconds(connectTimeout)}`,
  ];
}

/** What only this kind of checker has. `virtualhost`: the one that it has of its real server. */
function ownLines(
  checker: Checker,
  virtualhost: string | undefined,
  server: VirtualServer,
  identity: IdentityOf,
): readonly string[] {
  const method = `Keepalive method = ${checker.kind}`;
  switch (checker.kind) {
    case 'TCP_CHECK':
    case 'PING_CHECK':
      return [method];
    case 'BFD_CHECK':
      return [method, `Name = ${checker.name}`];
    case 'HTTP_GET':
    case 'SSL_GET':
      return httpLines(checker, virtualhost);
    case 'SMTP_CHECK':
      return [method, `helo = ${checker.heloName}`];
    case 'DNS_CHECK':
      return [method, `Type = ${checker.type}`, `Name = ${checker.name}`];
    case 'MISC_CHECK':
      return [
        method,
        `script = ${commandWords(checker.miscPath)}`,
        // keepalived: 0 where it is the delay_loop of the virtual server.
        `timeout = ${checker.miscTimeout === server.delayLoop ? 0 : checker.miscTimeout / 1e6}`,
        `dynamic = ${checker.miscDynamic ? 'YES' : 'NO'}`,
        `uid:gid = ${identity(checker.user ?? checker.miscPath)}`,
      ];
    case 'UDP_CHECK':
      return [method, ...udpLines(checker)];
    case 'FILE_CHECK':
      return [method, `  Tracked file = ${checker.trackFile}`];
  }
}

function httpLines(checker: HttpCheck, virtualhost: string | undefined): readonly string[] {
  const own = checker.virtualhost === virtualhost ? undefined : checker.virtualhost;
  return [
    `Keepalive method = ${checker.kind}, http protocol ${checker.httpProtocol}`,
    ...optional(own, (name) => `Virtualhost = ${name}`),
    `Enable SNI ${isSet(checker.enableSni)}`,
    `Fast recovery ${isSet(checker.fastRecovery)}`,
    ...checker.url.flatMap((url) => urlLines(url, checker.virtualhost)),
  ];
}

/** `virtualhost`: the one that it has of its checker. */
function urlLines(url: HttpUrl, virtualhost: string | undefined): readonly string[] {
  const own = url.virtualhost === virtualhost ? undefined : url.virtualhost;
  return [
    `Checked url = ${url.path}`,
    ...[
      ...optional(url.digest, (digits) => `digest = ${digits}`),
      'HTTP Status Code(s)',
      ...url.statusCode.map(({ first, last }) => `  ${first === last ? first : `${first}-${last}`}`),
      ...optional(own, (name) => `Virtual host = ${name}`),
      ...optional(url.regex, (regex) => `Regex = "${regex}"`),
      ...(url.regexNoMatch ? ['Regex no match'] : []),
      ...(url.regexMinOffset > 0 ? [`Regex min offset = ${url.regexMinOffset}`] : []),
      ...optional(url.regexMaxOffset, (offset) => `Regex max offset = ${offset}`),
      ...(url.regexOptions.length > 0 ? [`Regex options: ${url.regexOptions.join(' ')}`] : []),
    ].map((line) => `  ${line}`),
  ];
}

function udpLines({
  payload,
  requireReply,
  replyPattern,
  minReplyLength,
  maxReplyLength,
}: UdpCheck): readonly string[] {
  const hasMask = replyPattern?.includes('x') === true;
  return [
    payload === undefined ? 'Payload specified = no' : `Payload len = ${payload.length / 2}`,
    `Require reply = ${yesNo(requireReply)}`,
    ...(replyPattern === undefined
      ? []
      : [
          `  Min reply length = ${minReplyLength}`,
          `  Max reply length = ${maxReplyLength}`,
          `  Reply data len = ${replyPattern.length / 2}`,
          ...(hasMask ? ['  Reply data mask = yes'] : []),
        ]),
  ];
}

function trackFileLines(config: Config, servers: readonly Standing[]): readonly string[] {
  const followers = servers.flatMap(({ server, standing }) =>
    server.realServer.flatMap(({ checkers }, index) =>
      checkers.flatMap((checker) =>
        checker.kind === 'FILE_CHECK'
          ? [{ checker, name: `${standing.name} -> ${standing.servers[index]?.name ?? ''}` }]
          : [],
      ),
    ),
  );
  const files = config.trackFile.filter(({ name }) =>
    followers.some(({ checker }) => checker.trackFile === name),
  );
  if (files.length === 0) return [];
  return [
    '------< Checker track files >------',
    ...files.flatMap((file) => [
      ` Track file = ${file.name}`,
      `   File = ${file.file}`,
      `   Weight = ${weightWords(file)}`,
      '   Tracking instances :',
      ...followers
        .filter(({ checker }) => checker.trackFile === file.name)
        .map(({ checker, name }) => `     ${name}, weight ${weightWords(checker)}`),
    ]),
  ];
}

/** `-7 reverse`. */
export function weightWords({ weight, reverse }: Pick<FileCheck, 'weight' | 'reverse'>): string {
  return `${weight}${reverse ? ' reverse' : ''}`;
}

function isSet(value: boolean): string {
  return value ? 'set' : 'unset';
}

function yesNo(value: boolean): string {
  return value ? 'yes' : 'no';
}
