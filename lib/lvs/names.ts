/** How virtual and real servers are called in log lines, FIFO lines, mails and messages: keepalived's words. */
import type { VirtualServer } from '../config/model-lvs.js';
import { assertNever } from '../errors.js';

/** `[10.0.0.1]:tcp:80`. Without protocol (a server of a firewall mark): `none`. */
export function endpointName(address: string, protocol: VirtualServer['protocol'], port: number): string {
  // Joined: V8 keeps a template's parts for as long as the text, and there may be thousands.
  return ['[', address, ']:', protocol?.toLowerCase() ?? 'none', ':', String(port)].join('');
}

/** `[10.0.0.1]:tcp:80`, `FWM 7`, or `[GROUP]:SEQ` with the place among the virtual servers of that group. */
export function virtualServerName(server: VirtualServer, sequence: number): string {
  const { key } = server;
  switch (key.kind) {
    case 'address':
      return endpointName(key.address, server.protocol, key.port);
    case 'fwmark':
      return `FWM ${key.fwmark}`;
    case 'group':
      return `[${key.group}]:${sequence}`;
    default:
      return assertNever(key);
  }
}

/** Of virtual servers whose names do not depend on others. */
const ownNames = new WeakMap<VirtualServer, string>();

/** The names of all virtual servers, in order. */
export function virtualServerNames(servers: readonly VirtualServer[]): readonly string[] {
  const used = new Map<string, number>();
  return servers.map((server) => {
    if (server.key.kind !== 'group') {
      const known = ownNames.get(server);
      if (known !== undefined) return known;
      const name = virtualServerName(server, 0);
      ownNames.set(server, name);
      return name;
    }
    const sequence = used.get(server.key.group) ?? 0;
    used.set(server.key.group, sequence + 1);
    return virtualServerName(server, sequence);
  });
}

/** What a virtual server is known by over a reload: marks of both families have one name. */
export function unitKey(name: string, { family, key }: VirtualServer): string {
  return key.kind === 'fwmark' ? `${name} ${family}` : name;
}
