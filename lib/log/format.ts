/** How a log line looks in each place where it can go: keepalived's forms, and JSON. Pure. */
import type { LogLevel } from '../host.js';

/** One thing to be logged, with what every form may need of it. */
export interface LogEntry {
  readonly level: LogLevel;
  readonly text: string;
  /** Milliseconds since 1970. */
  readonly wallMs: number;
  /** Name of the process in the log: `Keepalived_vrrp`. */
  readonly ident: string;
  readonly pid: number;
}

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Longest text that is kept: a datagram to /dev/log is not cut in two. */
const maxTextBytes = 8192;

/** The entry line by line. Lines after the first are indented, so that no text can look like an entry of its own. */
export function splitEntry(entry: LogEntry): readonly LogEntry[] {
  if (!entry.text.includes('\n')) return [entry];
  const lines = entry.text.replace(/\n+$/, '').split('\n');
  return lines.map((text, index) => ({ ...entry, text: index === 0 ? text : `  ${text}` }));
}

/** keepalived's console and file form: `Sun Nov 22 15:01:06 2026: TEXT`, in local time. */
export function consoleLine(entry: LogEntry): string {
  const date = new Date(entry.wallMs);
  return `${days[date.getDay()]} ${monthDayTime(date)} ${date.getFullYear()}: ${oneLine(entry.text)}\n`;
}

/** The form of syslog(3), with the process id: `<30>Nov 22 15:01:06 Keepalived_vrrp[123]: TEXT`. No newline. */
export function syslogDatagram(entry: LogEntry, facility: number): string {
  const priority = facility * 8 + severity(entry.level);
  return `<${priority}>${monthDayTime(new Date(entry.wallMs))} ${entry.ident}[${entry.pid}]: ${oneLine(entry.text)}`;
}

/** One JSON object a line: time (ISO 8601, UTC), level, ident, pid, text. */
export function jsonLine(entry: LogEntry): string {
  return `${JSON.stringify({
    time: new Date(entry.wallMs).toISOString(),
    level: entry.level,
    ident: entry.ident,
    pid: entry.pid,
    text: entry.text,
  })}\n`;
}

/** Severity of RFC 5424. keepalived logs all at 6 (info); errors and warnings stand out here. */
function severity(level: LogLevel): number {
  if (level === 'error') return 3;
  return level === 'warning' ? 4 : 6;
}

/** `Nov  2 15:01:06`: the day is padded with a space. */
function monthDayTime(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
  return `${months[date.getMonth()]} ${String(date.getDate()).padStart(2)} ${time}`;
}

/** Nothing that is logged (a name, the output of a script) can begin a line of its own or drive a terminal. */
function oneLine(text: string): string {
  const safe = text.replace(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/g, escaped);
  if (Buffer.byteLength(safe) <= maxTextBytes) return safe;
  return `${Buffer.from(safe)
    .subarray(0, maxTextBytes - 3)
    .toString()}...`;
}

function escaped(character: string): string {
  if (character === '\n') return '\\n';
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
}
