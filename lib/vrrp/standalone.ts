/** A single virtual router without a configuration file: what a program embeds to keep an address alive. */
import '../../bindings/dispose.js';
import type { NativeAddress } from '../../bindings/native.js';
import { systemAccounts } from '../accounts.js';
import { UsageError } from '../errors.js';
import type { Plan } from '../plan/plan.js';
import { VrrpNode, type NodeOptions } from './node.js';
import { VirtualRouterView } from './virtual-router.js';

export interface VirtualRouterOptions extends NodeOptions {
  /** Network interface, e.g. `eth0`. */
  readonly interface: string;
  /** 1 to 255; the same on all nodes of the router, and on no other router of the segment. */
  readonly virtualRouterId: number;
  /** Virtual addresses with prefix length, all of one family: `10.0.0.100/24`, `fd00::100/64`. */
  readonly addresses: readonly string[];
  /** 1 to 254, or 255 for the owner of the addresses. The highest is master. Default 100. */
  readonly priority?: number;
  /** Default 3 (RFC 9568); 2 speaks to older IPv4 routers. */
  readonly version?: 2 | 3;
  /** Seconds between adverts. Default 1. Version 3: multiples of 0.01; version 2: whole seconds. */
  readonly advertInterval?: number;
  /** Take over from a master of lower priority. Default true. */
  readonly preempt?: boolean;
  /** Password of version 2, up to 8 bytes. */
  readonly password?: string;
  /** Adverts go to these addresses instead of the multicast group. */
  readonly peers?: readonly string[];
  /** Source address of adverts. Default: the interface's first. */
  readonly source?: string;
  /** For log lines and events. Default `vrrp-<id>`. */
  readonly name?: string;
}

/**
 * A running virtual router. Leaves in order (priority 0, addresses removed) when it is closed, when its signal aborts, and when
 * the process exits or fails; not when a signal that nobody handles kills the process.
 *
 *     await using router = await VirtualRouter.start({ interface: 'eth0', virtualRouterId: 51, addresses: ['10.0.0.100/24'] });
 *     router.on('master', () => balancer.activate());
 */
export class VirtualRouter extends VirtualRouterView implements AsyncDisposable {
  #node: VrrpNode | undefined;

  /**
   * Starts a router; resolves when it takes part (usually as BACKUP).
   * @throws {UsageError} KA_VRRP_OPTION for an option that cannot be. @throws {NativeError} when the engine cannot start.
   */
  static async start(options: VirtualRouterOptions): Promise<VirtualRouter> {
    checkOptions(options);
    const name = options.name ?? `vrrp-${options.virtualRouterId}`;
    const router = new VirtualRouter(name, options.virtualRouterId, options.priority ?? 100);
    const node = new VrrpNode(options);
    node.on('state', (_view, change) => router.changeState(change));
    node.on('engine', (event) => {
      if (event.kind === 'priority') router.changePriority(event.priority);
      if (event.kind === 'split-brain') router.changeSplitBrain(event);
    });
    router.#node = node;
    await node.startPlan(planOf(name, options), {
      isEnforced: true,
      defaultUser: undefined,
      keepsSymlinks: false,
      accounts: systemAccounts,
      path: [],
      own: { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
    });
    return router;
  }

  /** Idempotent. */
  async close(): Promise<void> {
    await this.#node?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function checkOptions(options: VirtualRouterOptions): void {
  const { virtualRouterId, priority = 100, addresses, version = 3, advertInterval = 1, password } = options;
  const demand = (holds: boolean, message: string): void => {
    if (!holds) throw new UsageError('KA_VRRP_OPTION', message);
  };
  const isIn = (value: number, low: number, high: number): boolean =>
    Number.isInteger(value) && value >= low && value <= high;
  demand(
    isIn(virtualRouterId, 1, 255),
    `virtualRouterId must be a whole number from 1 to 255, not ${virtualRouterId}`,
  );
  demand(isIn(priority, 1, 255), `priority must be a whole number from 1 to 255, not ${priority}`);
  demand(addresses.length > 0, 'addresses must name at least one virtual address, such as 10.0.0.100/24');
  for (const address of addresses) {
    demand(
      /^[0-9a-fA-F.:]+\/\d+$/.test(address),
      `address '${address}' must be ADDRESS/PREFIX, such as 10.0.0.100/24`,
    );
    demand(
      address.includes(':') === (addresses[0] ?? '').includes(':'),
      `address '${address}' is of another family than '${addresses[0] ?? ''}': use one virtual router for each`,
    );
  }
  const isIpv6 = (addresses[0] ?? '').includes(':');
  demand(!(isIpv6 && version === 2), 'IPv6 needs version 3');
  demand(password === undefined || version === 2, 'a password exists only in version 2');
  const stepUs = version === 2 ? 1_000_000 : 10_000;
  const intervalUs = Math.round(advertInterval * 1e6);
  demand(
    intervalUs >= stepUs &&
      intervalUs <= (version === 2 ? 255_000_000 : 40_950_000) &&
      intervalUs % stepUs === 0,
    `advertInterval of version ${version} must be ${version === 2 ? '1 to 255 whole seconds' : '0.01 to 40.95 s in steps of 0.01'}, not ${advertInterval}`,
  );
}

function planOf(name: string, options: VirtualRouterOptions): Plan {
  const { addresses, eventLoopTimeoutMs = 0, password, source, peers = [] } = options;
  const family = (addresses[0] ?? '').includes(':') ? 6 : 4;
  const priority = options.priority ?? 100;
  const native = addresses.map((address): NativeAddress => ({ address, dev: options.interface, dad: false }));
  return {
    engine: {
      ...(options.netns === undefined ? {} : { netns: options.netns }),
      ...(eventLoopTimeoutMs > 0 ? { eventLoopTimeoutMs } : {}),
      ...(options.keepAddresses === true ? { keepAddresses: true } : {}),
      ...(options.splitBrainProbe === false ? { noSplitBrainProbe: true } : {}),
    },
    routers: [
      {
        key: 'standalone',
        name,
        basePriority: priority,
        params: {
          name,
          vrid: options.virtualRouterId,
          version: options.version ?? 3,
          family,
          interface: options.interface,
          advertIntervalUs: Math.round((options.advertInterval ?? 1) * 1e6),
          downTimerAdverts: 3,
          preempt: options.preempt ?? true,
          preemptDelayUs: 0,
          startActive: priority === 255,
          lowerPrioNoAdvert: false,
          higherPrioSendAdvert: false,
          ownerIgnoreAdverts: false,
          ...(source === undefined ? {} : { source }),
          unicastPeers: peers.map((address) => ({ address, minTtl: 0, maxTtl: 255 })),
          checkUnicastSource: false,
          unicastTtl: 255,
          multicastGroup: family === 4 ? '224.0.0.18' : 'ff02::12',
          skipCheckAdvAddr: false,
          v3ChecksumAsV2: false,
          ...(password === undefined
            ? {}
            : { authPass: Uint8Array.from(Buffer.from(password).subarray(0, 8)) }),
          addresses: native,
          excludedAddresses: [],
          promoteSecondaries: false,
          trackedLinks: [],
          dontTrackPrimary: false,
          announce: {
            delayUs: 5_000_000,
            repeat: 5,
            refreshUs: 0,
            refreshRepeat: 1,
            lowerPrioDelayUs: 5_000_000,
            lowerPrioRepeat: 5,
          },
          rxBufferBytes: 0,
          watchdog: eventLoopTimeoutMs > 0,
        },
        tracked: [],
        isAccepting: true,
        faults: [],
        notifies: {
          master: undefined,
          backup: undefined,
          fault: undefined,
          stop: undefined,
          deleted: undefined,
          any: undefined,
          lowerPriority: undefined,
        },
        group: undefined,
      },
    ],
    groups: [],
    paces: [],
    linkDelays: [],
    statics: { addresses: [], routes: [], rules: [] },
    filter: undefined,
    tellUnknownVrids: false,
    scripts: [],
    files: [],
    processes: [],
  };
}
