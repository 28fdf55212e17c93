/**
 * The keyword table of the top level. It is the root of everything that can be written.
 */
import {
  addressFormat,
  groupEntryFormat,
  interfaceDelayFormat,
  linkbeatFormat,
  routeFormat,
  ruleFormat,
} from './entry-formats.js';
import { seconds } from '../../units.js';
import { checkLostBody, setTopLevel } from '../decode.js';
import { messages } from '../messages.js';
import type { VirtualServerKey } from '../model-lvs.js';
import type { Span } from '../source.js';
import type { Statement } from '../syntax.js';
import { readAddressEntry } from './addresses.js';
import {
  alias,
  block,
  defaulted,
  each,
  folded,
  optional,
  several,
  type Context,
  type Line,
  type Reader,
} from './dsl.js';
import { globalDefs } from './global.js';
import { entryList, fieldSection, section, type Fields, type Section } from './lists.js';
import { readGroupEntry } from './server-group.js';
import { needsLines, virtualServer } from './lvs.js';
import { readRoute } from './routes.js';
import { readRule } from './rules.js';
import {
  bfdInstance,
  garpGroup,
  readInterfaceDelay,
  readLinkbeat,
  ssl,
  trackFile,
  trackGroup,
  vrrpScript,
  vrrpTrackProcess,
} from './tracked.js';
import { hostAddress, present, wholeSeconds, word, wordOr } from './values.js';
import { vrrpInstance, vrrpSyncGroup } from './vrrp.js';

const works = { effect: 'works' } as const;
/** Read by one process of keepalived, or by several. */
const vrrp = { readBy: ['vrrp'] } as const;
const checkers = { readBy: ['checkers'] } as const;
const watched = { readBy: ['vrrp', 'checkers'] } as const;
const bfd = { readBy: ['bfd', 'vrrp', 'checkers'] } as const;

/** A named block of which a second one with the same name is refused. */
function unique<R>(reader: Reader<Section<R>>, what: string): Reader<Section<R>> {
  const seen = new WeakMap<Context, Map<string, Span>>();
  return {
    ...reader,
    read(line) {
      const names = seen.get(line.context) ?? new Map<string, Span>();
      seen.set(line.context, names);
      const name = line.word(1) ?? '';
      if (line.words.length > 2 && what !== 'bfd_instance') {
        line.report(messages.badValue, 2, `the name of a ${what} is one word; the block is ignored`);
        return undefined;
      }
      const earlier = names.get(name);
      if (earlier !== undefined) {
        line.report(messages.duplicateName, 1, what, name);
        line.context.diagnostics.relate('the first one', earlier);
        return undefined;
      }
      names.set(name, line.at(1));
      return reader.read(line);
    },
  };
}

/** A virtual server, with what it is known by. */
export interface RawVirtualServer {
  readonly key: VirtualServerKey;
  readonly section: Fields<typeof virtualServer.rows>;
  /** Its lines, where they matter: the order of scheduler and flags, or why there is no scheduler, method or protocol. */
  readonly statement: Statement | undefined;
}

const serverSection = fieldSection(virtualServer, { name: 'address' });

const virtualServerReader: Reader<RawVirtualServer> = {
  syntax: '<address> [<port>] | fwmark <number> | group <name> { ... }',
  expects: 'an address, fwmark or group',
  minWords: 1,
  block: virtualServer,
  read(line) {
    const key = readServerKey(line);
    if (key === undefined) {
      checkLostBody(virtualServer, line.statement, line.context);
      return undefined;
    }
    const value = serverSection.read(line);
    if (value === undefined) return undefined;
    const statement = needsLines(value.fields) ? line.statement : undefined;
    return { key, section: value, statement };
  },
};

function readServerKey(line: Line): VirtualServerKey | undefined {
  const text = line.word(1) ?? '';
  const value = line.word(2);
  if (text === 'fwmark') {
    if (value !== undefined && /^\d+$/.test(value) && Number(value) <= 4294967295) {
      return { kind: 'fwmark', fwmark: Number(value) };
    }
    line.report(messages.badServer, 2, `'${value ?? ''}' is no firewall mark`);
    return undefined;
  }
  if (text === 'group') {
    if (value !== undefined) return { kind: 'group', group: value };
    line.report(messages.badServer, 2, 'the group has no name');
    return undefined;
  }
  const address = hostAddress(line, 1);
  if (address === undefined) {
    line.report(messages.badServer, 1, `'${text}' is not an IP address`);
    return undefined;
  }
  if (value !== undefined && (!/^\d+$/.test(value) || Number(value) > 65535)) {
    line.report(messages.badServer, 2, `'${value}' is not a port from 1 to 65535`);
    return undefined;
  }
  return { kind: 'address', family: address.family, address: address.text, port: Number(value ?? 0) };
}

const named = { name: 'name' };
const reportedWorks = { missing: 'reported', effect: 'works' } as const;

/** Both forms of linkbeat. */
const linkbeatNote =
  'the kernel tells of the carrier at once, which polling would find later; drivers that do not tell it are not polled';

export const root = block('the top level', 'What stands outside of blocks.', {
  linkbeat_use_polling: defaulted(present, false, 'polls the link state of every interface', {
    note: linkbeatNote,
  }),
  net_namespace: optional(
    { ...word('name'), read: (line: Line) => ({ text: line.word(1) ?? '', at: line.at(1) }) },
    'network namespace that the daemon works in',
    {
      defaultText: 'the one it is started in',
      ...reportedWorks,
      isFirstKept: true,
      note: 'scripts and mails are there as well; the control socket and the metrics stay where the daemon was started',
    },
  ),
  net_namespace_ipvs: optional(wordOr('name', ''), 'network namespace of IPVS', {
    defaultText: 'net_namespace',
    ...works,
    isFirstKept: true,
  }),
  namespace_with_ipsets: defaulted(present, false, 'uses ipsets in namespaces of old kernels', {
    note: "there are no ipsets; nor has Debian's keepalived any",
  }),
  use_pid_dir: defaulted(present, false, 'pid files in a directory of their own', works),
  instance: optional(word('name'), 'name of this daemon among several', {
    ...reportedWorks,
    isFirstKept: true,
    note: 'in the names of pid files',
  }),
  child_wait_time: defaulted(
    wholeSeconds(0, 4294967295),
    seconds(5),
    'how long the parent waits for its children',
    works,
  ),
  global_defs: folded<Section<typeof globalDefs.rows> | undefined, Section<typeof globalDefs.rows>>(
    section(globalDefs),
    undefined,
    'settings of the whole daemon',
    mergeGlobals,
    works,
  ),
  track_group: each(unique(section(trackGroup, named), 'track_group'), 'instances for static entries', {
    ...vrrp,
    missing: 'reported',
    ...works,
  }),
  static_ipaddress: several(
    entryList(
      '<address>[/<prefix>] [option ...]',
      'address',
      (line) => readAddressEntry(line, 'static'),
      addressFormat,
    ),
    'addresses that are there while the daemon runs',
    { ...vrrp, ...works },
  ),
  static_routes: several(
    entryList(
      '[<type>] <destination> [option ...]',
      'route',
      (line) => readRoute(line, 'static'),
      routeFormat,
    ),
    'routes that are there while the daemon runs',
    { ...vrrp, ...works, note: 'a route with `vrf` and no table is left out (`KA3033`)' },
  ),
  static_rules: several(
    entryList('[option ...] <action>', 'rule', (line) => readRule(line, 'static'), ruleFormat),
    'policy rules that are there while the daemon runs',
    { ...vrrp, ...works },
  ),
  vrrp_sync_group: each(
    unique(section(vrrpSyncGroup, named), 'vrrp_sync_group'),
    'instances that move together',
    { ...reportedWorks, ...vrrp },
  ),
  garp_group: each(section(garpGroup), 'interfaces that share a pace of gratuitous ARP', {
    ...works,
    ...vrrp,
  }),
  linkbeat_interfaces: several(
    entryList('<interface> [MII|ETHTOOL|IOCTL]', 'interface', readLinkbeat, linkbeatFormat),
    'interfaces whose link is polled',
    { ...vrrp, note: linkbeatNote },
  ),
  vrrp_instance: each(unique(section(vrrpInstance, named), 'vrrp_instance'), 'a virtual router', {
    ...reportedWorks,
    ...vrrp,
  }),
  vrrp_script: each(section(vrrpScript, named), 'a script whose exit status counts', {
    ...works,
    ...vrrp,
  }),
  vrrp_track_process: each(section(vrrpTrackProcess, named), 'processes that must run', {
    ...works,
    ...vrrp,
  }),
  interface_up_down_delays: several(
    entryList('<interface> <down> [<up>]', 'interface', readInterfaceDelay, interfaceDelayFormat),
    'how long a change of a link must last to count',
    {
      ...vrrp,
      ...works,
      note: 'without a second number, links come up at once',
    },
  ),
  bfd_instance: each(unique(section(bfdInstance, named), 'bfd_instance'), 'a BFD session', {
    ...bfd,
    missing: 'reported',
  }),
  track_file: each(section(trackFile, named), 'a file whose number changes priorities', {
    ...works,
    ...watched,
  }),
  vrrp_track_file: alias('track_file', 'old name', { isCounted: false }),
  SSL: optional(section(ssl), 'client TLS settings of all SSL_GET checkers', {
    ...works,
    ...checkers,
  }),
  virtual_server_group: each(
    {
      ...entryList(
        '<address>[-<last>|/<prefix>] [<port>] | fwmark <number>',
        'address',
        readGroupEntry,
        groupEntryFormat,
      ),
      minWords: 1,
      read(line: Line) {
        const entries = entryList('', 'address', readGroupEntry).read(line) ?? [];
        return { name: line.word(1) ?? '', at: line.at(1), entries };
      },
    },
    'addresses and marks that one virtual server serves',
    { ...works, ...checkers, isNeverEmpty: true },
  ),
  virtual_server: each(virtualServerReader, 'a service that is spread over real servers', {
    ...works,
    ...checkers,
  }),
});

setTopLevel(root);

/** Several global_defs blocks add up: what the later one does not say stays. */
function mergeGlobals(
  previous: Section<typeof globalDefs.rows> | undefined,
  value: Section<typeof globalDefs.rows>,
): Section<typeof globalDefs.rows> {
  if (previous === undefined) return value;
  const fields: Record<string, unknown> = { ...previous.fields };
  const template: Readonly<Record<string, unknown>> = globalDefs.template;
  for (const [field, given] of Object.entries(value.fields)) {
    if (given === template[field]) continue;
    const before = fields[field];
    fields[field] = field === 'notificationEmail' && Array.isArray(before) ? before.concat(given) : given;
  }
  // Both sides are records of the same table.
  return { ...previous, fields: fields as typeof value.fields };
}
