/** Times, numbers and reasons as an operator reads them. */
import type { NativeDropReason } from '../../bindings/native.js';

/** `18:02:03.123`, local time; with the date when it is not that of `nowMs`. */
export function clockTime(atMs: number, nowMs: number = atMs): string {
  const at = new Date(atMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = (date: Date): string =>
    `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const milliseconds = String(at.getMilliseconds()).padStart(3, '0');
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${milliseconds}`;
  return day(at) === day(new Date(nowMs)) ? time : `${day(at)} ${time}`;
}

/** `0.4 ms`, `3.6 s`, `2 min 3 s`, `5 h 2 min`, `3 days 4 h`. */
export function duration(ms: number): string {
  if (ms < 1) return `${ms.toFixed(2)} ms`;
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${ms.toFixed(0)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min ${Math.floor((ms % 60_000) / 1000)} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} days ${hours % 24} h`;
}

export function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}

export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

/** What is wrong with adverts that are not accepted, and what to look at. */
export function refusal(reason: NativeDropReason): string {
  switch (reason) {
    case 'auth-failed':
      return 'wrong password: its auth_pass is not ours';
    case 'auth-mismatch':
      return 'one of us sends a password and the other does not: compare the authentication blocks';
    case 'auth-type':
      return 'unknown authentication type';
    case 'interval':
      return 'its advert_int is not ours (version 2 demands the same)';
    case 'address-list':
      return 'its virtual addresses are not ours: compare the virtual_ipaddress blocks';
    case 'version':
      return 'it speaks another VRRP version: compare vrrp_version';
    case 'ttl':
      return 'its TTL is not 255: it was forwarded by a router, or forged';
    case 'checksum':
      return 'wrong checksum';
    case 'destination':
      return 'one of us uses unicast and the other multicast';
    case 'source':
      return 'its source address is not among our unicast peers';
    case 'owner':
      return 'it claims to own the addresses (priority 255) as we do';
    case 'own':
      return 'it has our own source address: an address is used twice';
    case 'truncated':
    case 'ip-header':
    case 'type':
    case 'length':
    case 'vrid':
      return `it is malformed (${reason})`;
    case 'held':
      return 'this instance is held';
  }
}

/** What an errno of sending means to whoever has to mend it. */
export function sendError(code: string): string {
  switch (code) {
    case 'EPERM':
      return 'EPERM: a firewall on this host drops protocol 112 on output (nft list ruleset; iptables -S)';
    case 'ENETDOWN':
      return 'ENETDOWN: the interface is down';
    case 'ENETUNREACH':
    case 'EHOSTUNREACH':
      return `${code}: there is no route to the destination`;
    case 'ENOBUFS':
      return "ENOBUFS: the interface's queue is full";
    case 'EADDRNOTAVAIL':
      return 'EADDRNOTAVAIL: the source address is not on this host';
    default:
      return code;
  }
}
