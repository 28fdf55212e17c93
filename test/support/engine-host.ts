/** Engines in the namespaces of a lab: routers with sensible defaults, and events that can be waited for. */
import { isDeepStrictEqual } from 'node:util';

import { Engine } from '../../bindings/engine.js';
import type {
  NativeEngineOptions,
  NativeEvent,
  NativeRouter,
  NativeRouterStatus,
  NativeState,
} from '../../bindings/native.js';
import { type LabHost } from './lab-host.js';
import { defaultTimeoutMs, waitUntil } from './program.js';

/** A version 3 router on eth0 that advertises every 100 ms and holds 10.0.0.100/24. */
export function router(changes: Partial<NativeRouter> = {}): NativeRouter {
  const family = changes.family ?? 4;
  const name = changes.interface ?? 'eth0';
  return {
    id: 1,
    name: `VR${changes.id ?? 1}`,
    vrid: 51,
    version: 3,
    family,
    interface: name,
    prioritySum: 100,
    owner: false,
    advertIntervalUs: 100_000,
    downTimerAdverts: 3,
    preempt: true,
    preemptDelayUs: 0,
    startActive: false,
    lowerPrioNoAdvert: false,
    higherPrioSendAdvert: false,
    ownerIgnoreAdverts: false,
    holds: [],
    unicastPeers: [],
    checkUnicastSource: false,
    unicastTtl: 255,
    multicastGroup: family === 4 ? '224.0.0.18' : 'ff02::12',
    skipCheckAdvAddr: false,
    v3ChecksumAsV2: false,
    addresses: [{ address: family === 4 ? '10.0.0.100/24' : 'fd00::100/64', dev: name }],
    excludedAddresses: [],
    promoteSecondaries: false,
    trackedLinks: [],
    dontTrackPrimary: false,
    announce: {
      delayUs: 0,
      repeat: 1,
      refreshUs: 0,
      refreshRepeat: 1,
      lowerPrioDelayUs: 0,
      lowerPrioRepeat: 0,
    },
    rxBufferBytes: 0,
    watchdog: false,
    ...changes,
  };
}

type EventOf<Kind extends NativeEvent['kind']> = Extract<NativeEvent, { readonly kind: Kind }>;

/** An engine in a host's namespace, everything that it told kept. */
export class EngineHost implements AsyncDisposable {
  readonly events: NativeEvent[] = [];
  readonly engine: Engine;
  readonly #listeners = new Set<() => void>();

  private constructor(options: NativeEngineOptions) {
    this.engine = new Engine(options, (events) => {
      this.events.push(...events);
      for (const listener of [...this.#listeners]) listener();
    });
  }

  static async start(
    host: LabHost,
    routers: readonly NativeRouter[] = [],
    options: NativeEngineOptions = {},
  ): Promise<EngineHost> {
    const started = new EngineHost({ netns: `/run/netns/${host.namespace}`, ...options });
    await started.engine.start();
    await started.engine.apply({ routers });
    return started;
  }

  /** The first event of a kind, from index `from` on, that has come or comes and satisfies `wanted`. */
  waitFor<Kind extends NativeEvent['kind']>(
    kind: Kind,
    wanted: (event: EventOf<Kind>) => boolean = () => true,
    { from = 0, timeoutMs = defaultTimeoutMs } = {},
  ): Promise<EventOf<Kind>> {
    const isOfKind = (event: NativeEvent): event is EventOf<Kind> => event.kind === kind;
    const find = (): EventOf<Kind> | undefined => this.events.slice(from).filter(isOfKind).find(wanted);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#listeners.delete(look);
        reject(
          new Error(
            `no such '${kind}' event; came:\n${this.events.map((e) => JSON.stringify(e)).join('\n')}`,
          ),
        );
      }, timeoutMs);
      const look = (): void => {
        const found = find();
        if (found === undefined) return;
        clearTimeout(timer);
        this.#listeners.delete(look);
        resolve(found);
      };
      this.#listeners.add(look);
      look();
    });
  }

  /** The transition of router `id` to `to` that comes, or has come since event `from`. */
  waitForState(
    to: NativeState,
    id = 1,
    options?: { from?: number; timeoutMs?: number },
  ): Promise<EventOf<'transition'>> {
    return this.waitFor('transition', (event) => event.router === id && event.to === to, options);
  }

  /** Resolves when the engine knows of just these addresses of router `id`; the kernel's answer may come after its news. */
  async waitForInstalled(addresses: readonly string[], id = 1): Promise<void> {
    await this.waitForStatus(`router ${id} has ${addresses.join(' ')}`, () =>
      isDeepStrictEqual(this.status(id).installed, addresses),
    );
  }

  /** Resolves when the engine's status, of which nothing tells, is as wanted. */
  waitForStatus(what: string, condition: () => boolean): Promise<void> {
    const subscribe = (changed: () => void): (() => void) => {
      const timer = setInterval(changed, 20);
      return () => clearInterval(timer);
    };
    return waitUntil(what, condition, subscribe, {
      describe: () => JSON.stringify(this.engine.status().routers.map(({ installed }) => installed)),
    });
  }

  /** Events of one kind so far. */
  of<Kind extends NativeEvent['kind']>(kind: Kind): readonly EventOf<Kind>[] {
    return this.events.filter((event): event is EventOf<Kind> => event.kind === kind);
  }

  /** The status of router `id`. @throws when there is none. */
  status(id = 1): NativeRouterStatus {
    const found = this.engine.status().routers.find((each) => each.id === id);
    if (found === undefined) throw new Error(`the engine has no router ${id}`);
    return found;
  }

  stop(): Promise<void> {
    return this.engine.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
