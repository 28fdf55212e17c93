/** Subjects and bodies of mails, word for word as keepalived writes them. Pure. */
import type { Checker } from '../config/model-lvs.js';
import type { GlobalDefs } from '../config/model.js';
import { assertNever } from '../errors.js';

/** Who writes to whom through which server. */
export interface MailSettings {
  readonly host: string;
  readonly port: number;
  readonly from: string;
  /** Never empty. As written, `Name <address>` too. */
  readonly to: readonly string[];
  readonly heloName: string;
  readonly timeoutMs: number;
  /** In brackets before each subject. */
  readonly routerId: string;
  /** no_email_faults: nothing is written about FAULT. */
  readonly isSilentOnFault: boolean;
}

/** A change of quorum with the numbers that explain it. */
export interface QuorumNews {
  readonly kind: 'gained' | 'lost' | 'started-down';
  readonly isStart: boolean;
  readonly quorum: number;
  readonly hysteresis: number;
  readonly threshold: number;
  readonly total: number;
}

export interface MailText {
  /** Without the router's name. */
  readonly subject: string;
  /** Without the arrows around it. */
  readonly body: string;
}

export type MailedState = 'MASTER' | 'BACKUP' | 'FAULT' | 'STOP' | 'DELETED';

/** keepalived's buffers: what is longer is cut. */
const maxSubjectBytes = 255;
const maxBodyBytes = 511;

/** Settings of a configuration; undefined when it sends no mail (no server, or no recipient). */
export function mailSettings(
  globals: GlobalDefs,
  hostName: string,
  userName: string,
): MailSettings | undefined {
  const { smtpServer: server, notificationEmail } = globals;
  if (server === undefined || notificationEmail.length === 0) return undefined;
  return {
    host: server.host,
    port: server.port,
    from: globals.notificationEmailFrom ?? `${userName}@${hostName}`,
    to: notificationEmail.map((word) => word.text),
    heloName: globals.smtpHeloName ?? hostName,
    timeoutMs: globals.smtpConnectTimeout / 1000,
    routerId: globals.routerId ?? hostName,
    isSilentOnFault: globals.noEmailFaults,
  };
}

/** What is written about a VRRP instance. */
export function instanceMail(name: string, state: MailedState): MailText {
  const about = `VRRP Instance ${name} -`;
  switch (state) {
    case 'MASTER':
      return { subject: `${about} Entering MASTER state`, body: 'VRRP Instance is now owning VRRP VIPs' };
    case 'BACKUP':
    case 'FAULT':
      return {
        subject: `${about} Entering ${state} state`,
        body: 'VRRP Instance is no longer owning VRRP VIPs',
      };
    case 'STOP':
      return { subject: `${about} Stopping`, body: 'VRRP Instance stopping' };
    case 'DELETED':
      return { subject: `${about} Deleted`, body: 'VRRP Deleted at reload' };
    default:
      return assertNever(state);
  }
}

/** What is written about a sync group. */
export function groupMail(name: string, state: 'MASTER' | 'BACKUP' | 'FAULT' | 'STOP'): MailText {
  if (state === 'STOP')
    return { subject: `VRRP Group ${name} - Stopping`, body: 'All VRRP group instances are now stopping' };
  return {
    subject: `VRRP Group ${name} - Entering ${state} state`,
    body: `All VRRP group instances are now in ${state} state`,
  };
}

/** What is written about a real server; `reason` is the checker's: `TCP CHECK failed on service`. */
export function realServerMail(
  realServer: string,
  virtualServer: string,
  isUp: boolean,
  reason: string,
): MailText {
  const upOrDown = isUp ? 'UP' : 'DOWN';
  return {
    subject: `Realserver ${realServer} of virtual server ${virtualServer} - ${upOrDown}`,
    body: reason,
  };
}

/**
 * Why a real server is told of, by the kind of the checker whose state changed: keepalived's words.
 * @param reason of the failure, from the checker.
 * @returns undefined: nobody is told, as of a file.
 */
export function checkerReason(checker: Checker, isUp: boolean, reason: string): string | undefined {
  const verdict = isUp ? 'succeed' : 'failed';
  switch (checker.kind) {
    case 'TCP_CHECK':
      return `TCP CHECK ${verdict} on service`;
    case 'UDP_CHECK':
      return `UDP CHECK ${verdict} on service`;
    case 'PING_CHECK':
      return `ICMP CHECK ${verdict} on service`;
    case 'HTTP_GET':
    case 'SSL_GET':
      return isUp ? 'CHECK succeed on service' : 'CHECK failed on service : HTTP request failed';
    case 'SMTP_CHECK':
      return isUp ? 'CHECK succeed on service' : `CHECK failed on service : ${reason}`;
    case 'DNS_CHECK':
      return `DNS_CHECK: ${verdict} on service`;
    case 'MISC_CHECK': {
      const how = isUp ? 'succeeded' : reason === 'timed out' ? 'timed out' : 'failed';
      return `MISC CHECK ${how} on service`;
    }
    case 'BFD_CHECK':
      return `BFD CHECK ${checker.name} ${isUp ? 'succeeded' : 'failed'} on service`;
    case 'FILE_CHECK':
      return undefined;
    default:
      return assertNever(checker);
  }
}

/** Why a virtual server is told of. keepalived writes the sum as if it always added: `Lost quorum 2+1=1 <= 0`. */
export function quorumReason({ kind, isStart, quorum, hysteresis, threshold, total }: QuorumNews): string {
  const isUp = kind === 'gained';
  const what = isStart
    ? `Starting with quorum ${isUp ? 'up' : 'down'}`
    : `${isUp ? 'Gained' : 'Lost'} quorum`;
  return `${what} ${quorum}+${hysteresis}=${threshold} <= ${total}`;
}

/** What is written about a virtual server; `reason`: `Gained quorum 1+0=1 <= 2`. */
export function virtualServerMail(virtualServer: string, isUp: boolean, reason: string): MailText {
  return { subject: `Virtualserver ${virtualServer} - ${isUp ? 'UP' : 'DOWN'}`, body: reason };
}

/** The message as it goes over the wire after DATA, without the closing dot: keepalived's headers in its order. */
export function message(settings: MailSettings, text: MailText, wallMs: number): string {
  return [
    `Date: ${mailDate(new Date(wallMs))}`,
    `From: ${header(settings.from)}`,
    `Subject: ${cut(`[${header(settings.routerId)}] ${header(text.subject)}`, maxSubjectBytes)}`,
    'X-Mailer: Keepalived',
    `To: ${settings.to.map(header).join(', ')}`,
    '',
    cut(`=> ${header(text.body)} <=`, maxBodyBytes),
    '',
    '',
  ].join('\r\n');
}

/** RFC 5322 in local time: `Sun, 22 Nov 2026 15:01:06 +0000`. */
function mailDate(date: Date): string {
  const [day, month, dayOfMonth, year, time, zone] = /^(\w+) (\w+) (\d+) (\d+) (\S+) GMT(\S+)/
    .exec(date.toString())
    ?.slice(1) ?? ['', '', '', '', '', ''];
  return `${day}, ${dayOfMonth} ${month} ${year} ${time} ${zone}`;
}

/** No name can begin a header of its own. */
function header(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f]/g, ' ');
}

function cut(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text);
  return bytes.length <= maxBytes ? text : bytes.subarray(0, maxBytes).toString();
}
