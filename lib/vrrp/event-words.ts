/** Log lines for what the engine tells besides transitions. */
import type { NativeEvent, NativeState } from '../../bindings/native.js';
import { describeDrop, type Line } from './words.js';

type Other = Exclude<
  NativeEvent,
  {
    readonly kind: 'transition' | 'group-transition' | 'priority' | 'lower-priority-heard' | 'split-brain';
  }
>;

/** State of a sync group. */
export function groupStateAfter(to: NativeState): 'MASTER' | 'BACKUP' | 'FAULT' {
  return to === 'active' ? 'MASTER' : to === 'backup' ? 'BACKUP' : 'FAULT';
}

export function eventLines(event: Other, nameOf: (router: number) => string): readonly Line[] {
  switch (event.kind) {
    case 'advert-dropped': {
      if (event.router === undefined && event.reason === 'vrid')
        return [
          {
            level: 'info',
            text: `Unknown VRID(${event.vrid}) received on interface(${event.interface}). ignoring...`,
          },
        ];
      const whose =
        event.router === undefined ? `VRID ${event.vrid} on ${event.interface}` : nameOf(event.router);
      return [
        {
          level: 'warning',
          text: `(${whose}) dropped advert from ${event.peer}: ${describeDrop(event.reason)}`,
        },
      ];
    }
    case 'send-failed': {
      const name = nameOf(event.router);
      if (event.errno === 0) {
        return [{ level: 'info', text: `(${name}) adverts to ${event.destination} are leaving again` }];
      }
      const hint =
        event.code === 'EPERM'
          ? ' A firewall on this host drops protocol 112 on output: nft list ruleset; iptables -S'
          : '';
      return [
        {
          level: 'error',
          text: `(${name}) adverts to ${event.destination} are not leaving: ${event.code}.${hint}`,
        },
      ];
    }
    case 'address':
      return [addressLine(event, event.router === undefined ? 'static' : nameOf(event.router))];
    case 'route':
      return [routeLine(event, event.router === undefined ? 'static' : nameOf(event.router))];
    case 'link': {
      const state = event.up ? 'up' : event.present ? 'down' : 'deleted';
      return [{ level: 'info', text: `Netlink reports ${event.name} ${state}` }];
    }
    case 'late': {
      const length = `${(event.lateUs / 1000).toFixed(1)} ms`;
      // A busy machine does that all the time; the histogram of wake-ups counts it.
      if (!event.suspended && !event.missed)
        return [{ level: 'detail', text: `the engine woke ${length} late` }];
      const what = event.suspended ? 'the machine was suspended' : 'the engine was not running';
      const then = event.listens ? ': it listens before it speaks' : '';
      return [{ level: 'warning', text: `${what} for ${length}${then}` }];
    }
    case 'watchdog':
      return [
        event.held
          ? {
              level: 'error',
              text: `the event loop has not answered for ${event.stalledMs} ms: routers are held in fault`,
            }
          : { level: 'info', text: `the event loop answers again after ${event.stalledMs} ms` },
      ];
    case 'warning':
      return [
        { level: 'warning', text: event.errno === 0 ? event.message : `${event.message} (${event.code})` },
      ];
    case 'overflow':
      return [
        { level: 'warning', text: `${event.lost} events were lost because the event loop did not take them` },
      ];
  }
}

/** Two masters, or no more. */
export function splitBrainLines(
  name: string,
  priority: number,
  event: Extract<NativeEvent, { readonly kind: 'split-brain' }>,
): readonly Line[] {
  if (!event.active)
    return [{ level: 'info', text: `(${name}) split brain is over: announcing the addresses again` }];
  const sign =
    event.sign === 'adverts'
      ? `${event.peer ?? 'another router'} goes on advertising the lower priority ${event.peerPriority ?? '?'}, ours is ${priority}: it does not hear us`
      : `${event.mac ?? 'another MAC address'} answers for ${event.address ?? 'our address'} too`;
  return [{ level: 'error', text: `(${name}) SPLIT BRAIN: ${sign}` }];
}

function addressLine(event: Extract<NativeEvent, { readonly kind: 'address' }>, name: string): Line {
  const { address, dev, code } = event;
  switch (event.what) {
    case 'restored':
      return {
        level: 'warning',
        text: `(${name}) Netlink reflector reports IP ${address} removed from ${dev}: someone else deleted it; it was put back`,
      };
    case 'gave-up':
      return {
        level: 'error',
        text: `(${name}) ${address} on ${dev} is deleted again and again by someone else: no longer put back. Look for another manager of ${dev} (NetworkManager, systemd-networkd)`,
      };
    case 'failed':
      return { level: 'error', text: `(${name}) the kernel refuses ${address} on ${dev}: ${code}` };
    case 'stale-removed':
      return {
        level: 'info',
        text: `(${name}) removed ${address} from ${dev}, left over from an earlier run`,
      };
  }
}

function routeLine(event: Extract<NativeEvent, { readonly kind: 'route' }>, name: string): Line {
  const { route, code } = event;
  switch (event.what) {
    case 'restored':
      return {
        level: 'warning',
        text: `(${name}) Restoring deleted ${event.router === undefined ? 'static' : 'virtual'} route ${route}: someone else deleted it`,
      };
    case 'gave-up':
      return {
        level: 'error',
        text: `(${name}) ${route} is deleted again and again by someone else: it is left alone for a while`,
      };
    case 'failed':
      return { level: 'error', text: `(${name}) the kernel refuses ${route}: ${code}; it is tried again` };
    case 'stale-removed':
      return { level: 'info', text: `(${name}) removed ${route}, left over from an earlier run` };
  }
}
