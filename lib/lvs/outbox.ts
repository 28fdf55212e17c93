/** What a balancer has to tell, in order, held back until the kernel has what it is about. */
import type { Logger } from '../host.js';
import type { BalancerEvent } from './events.js';
import type { PoolEffect } from './pool.js';
import type { Unit } from './unit.js';

export class Outbox {
  readonly #logger: Logger;
  readonly #onEvent: (event: BalancerEvent) => void;
  #waiting: { readonly unit: Unit; readonly effect: PoolEffect | BalancerEvent }[] = [];

  constructor(logger: Logger, onEvent: (event: BalancerEvent) => void) {
    this.#logger = logger;
    this.#onEvent = onEvent;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  add(unit: Unit, effects: readonly (PoolEffect | BalancerEvent)[]): void {
    for (const effect of effects) this.#waiting.push({ unit, effect });
  }

  /** Tells everything that waits. */
  deliver(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { unit, effect } of waiting) this.#tell(unit, effect);
  }

  #tell(unit: Unit, effect: PoolEffect | BalancerEvent): void {
    const about = { virtualServer: unit.config, virtualName: unit.name };
    if (effect.kind === 'log') this.#logger.log('info', effect.text);
    else if (effect.kind === 'checker') this.#onEvent(effect);
    else if (effect.kind === 'virtual')
      this.#onEvent({ kind: 'virtual', isUp: effect.isUp, change: effect.change, ...about });
    else if (effect.kind === 'server' && 'server' in effect) {
      const realServer = unit.config.realServer[effect.server];
      const serverName = unit.serverNames[effect.server] ?? '';
      const { isUp, isRemoval = false } = effect;
      if (realServer !== undefined)
        this.#onEvent({ kind: 'server', isUp, isRemoval, realServer, serverName, ...about });
    }
  }
}
