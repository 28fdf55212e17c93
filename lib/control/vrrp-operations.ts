/** What the process that runs VRRP answers to the control server. */
import type { StateChange } from '../vrrp/virtual-router.js';
import type { Host } from '../host.js';
import { plain } from '../plain-text.js';
import type { VrrpNode } from '../vrrp/node.js';
import { KaError } from '../errors.js';
import { unknownName } from './unknown.js';
import { Maintenance, type Arrangement, type MaintenanceOutcome } from './maintenance.js';
import type { Explanation } from '../recorder/explain.js';
import { duration } from '../recorder/words.js';
import type { ControlEvent, ControlHandlers } from './messages.js';
import type { MaintenanceRequest } from './schema.js';
import { vrrpMetrics, type VrrpMetrics } from './vrrp-metrics.js';
import { stateWord, vrrpStatus, type VrrpStatus } from './vrrp-status.js';

export interface VrrpOperationsOptions {
  readonly host: Host;
  /** Hears what happens. */
  readonly tell: (event: ControlEvent) => void;
  /** Maintenance was arranged or ended. */
  readonly onArranged: () => void;
  /** What an earlier process knew of; the node has taken it over already. */
  readonly arranged: readonly Arrangement[];
}

/** Follows one node for as long as that runs. */
export class VrrpOperations {
  readonly #node: VrrpNode;
  readonly #options: VrrpOperationsOptions;
  readonly #maintenance: Maintenance;
  /** Transitions so far: by instance, state and kind of cause. */
  readonly #transitions = new Map<string, number>();

  constructor(node: VrrpNode, options: VrrpOperationsOptions) {
    this.#node = node;
    this.#options = options;
    this.#maintenance = new Maintenance(node, options.host, ({ untilMs, ...news }) => {
      options.onArranged();
      options.tell({
        kind: 'maintenance',
        ...news,
        ...present({ untilMs }),
        happenedMs: options.host.clock.wallMs(),
      });
    });
    this.#maintenance.restore(options.arranged);
    node.on('state', (router, change) => this.#onState(router.name, change));
    node.on('splitBrain', ({ name }, { active, sign, peer, peerPriority, address, mac, atMs }) =>
      options.tell({
        kind: 'split-brain',
        instance: name,
        isActive: active,
        sign,
        ...present({ peer, peerPriority, address, mac }),
        happenedMs: atMs,
      }),
    );
    node.on('tracked', (what, { state, detail }) =>
      options.tell({
        kind: 'tracker',
        what,
        state: stateWord(state),
        detail: plain(detail),
        happenedMs: options.host.clock.wallMs(),
      }),
    );
    node.once('closed', () => this.#maintenance.close());
  }

  /** To be told when the node has taken over another configuration. */
  reloaded(): Promise<void> {
    return this.#maintenance.adopt();
  }

  /** What is to be known after a restart of this process. */
  get arranged(): readonly Arrangement[] {
    return this.#maintenance.arranged;
  }

  status(): VrrpStatus {
    return vrrpStatus({
      node: this.#node,
      maintenanceOf: (name) => this.#maintenance.of(name),
      wallMs: () => this.#options.host.clock.wallMs(),
    });
  }

  /** @throws {KaError} KA_CONTROL_UNKNOWN: no instance has this name. */
  why(name: string): Explanation {
    const [explanation] = this.#node.why(name);
    if (explanation === undefined)
      throw unknownName(
        'instance',
        name,
        this.#node.routers.map((router) => router.name),
      );
    return explanation;
  }

  metrics(): VrrpMetrics {
    return vrrpMetrics(this.#node, this.#transitions, this.#options.host.clock.wallMs());
  }

  /** By method; see lib/control/api.ts. */
  get handlers(): ControlHandlers {
    const aged = async (outcome: Promise<MaintenanceOutcome>) => ({
      ...(await outcome),
      atMs: this.#options.host.clock.wallMs(),
    });
    return {
      status: () => this.status(),
      metrics: () => this.metrics(),
      why: (params) => this.why(nameIn(params)),
      standby: (params) =>
        aged(this.#noted('standby', params, (name, request) => this.#maintenance.standby(name, request))),
      switchover: (params) =>
        aged(
          this.#noted('switchover', params, (name, request) => this.#maintenance.switchover(name, request)),
        ),
      resume: (params) => aged(this.#noted('resume', params, (name) => this.#maintenance.resume(name))),
    };
  }

  /** The flight recorder knows of commands, and of those that were refused. */
  async #noted(
    what: string,
    params: unknown,
    act: (name: string, request: MaintenanceRequest) => Promise<MaintenanceOutcome>,
  ): Promise<MaintenanceOutcome> {
    const name = nameIn(params);
    const request = requestIn(params);
    const note = (text: string, endsMaintenance = false): void => {
      for (const member of this.#node.members(name)) this.#node.noteCommand(text, member, endsMaintenance);
    };
    const length = request.forMs === undefined ? '' : ` for ${duration(request.forMs)}`;
    note(
      `an operator asked for ${what}${length}${request.force === true ? ', forced' : ''}`,
      what === 'resume',
    );
    try {
      return await act(name, request);
    } catch (error) {
      note(`${what} was refused: ${error instanceof Error ? error.message : String(error)}`);
      throw error;
    }
  }

  #onState(name: string, { from, to, priority, cause, reason, atMs }: StateChange): void {
    const key = transitionKey(name, to, cause.kind);
    this.#transitions.set(key, (this.#transitions.get(key) ?? 0) + 1);
    this.#options.tell({
      kind: 'state',
      instance: name,
      from,
      to,
      priority,
      cause: cause.kind,
      reason,
      happenedMs: atMs,
    });
    this.#maintenance.onState(name, to).catch((error: unknown) => {
      this.#options.host.logger.log('error', error instanceof Error ? error.message : String(error));
    });
  }
}

/** Without the fields that are undefined. */
function present(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** Parts that never hold a line end. */
export function transitionKey(name: string, to: string, cause: string): string {
  return [name, to, cause].join('\n');
}

function nameIn(params: unknown): string {
  if (typeof params === 'object' && params !== null && 'name' in params && typeof params.name === 'string')
    return params.name;
  throw new KaError('KA_CONTROL_REQUEST', 'no instance is named');
}

/** The control server has checked it. */
function requestIn(params: unknown): MaintenanceRequest {
  const found = <T>(key: string, is: (value: unknown) => value is T): T | undefined => {
    const value: unknown =
      typeof params === 'object' && params !== null ? Reflect.get(params, key) : undefined;
    return is(value) ? value : undefined;
  };
  const forMs = found('forMs', (value): value is number => typeof value === 'number');
  const force = found('force', (value): value is boolean => typeof value === 'boolean');
  return { ...(forMs === undefined ? {} : { forMs }), ...(force === undefined ? {} : { force }) };
}
