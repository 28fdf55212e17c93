/** A daemon's inside for the control server to talk to: sides made of handlers, in this process. */
import { KaError } from '../../lib/errors.js';
import type {
  ControlEvent,
  ControlHandlers,
  ControlHost,
  ReloadReport,
  Side,
  SideStanding,
  ToldListener,
} from '../../lib/control/messages.js';

export class HandlersHost implements ControlHost {
  readonly version = '1.2.3';
  readonly configFile = '/etc/keepalived/keepalived.conf';
  readonly startedAtMs = 1_700_000_000_000;
  reloads = 0;
  readonly #sides: Partial<Record<Side, ControlHandlers>>;
  readonly #listeners = new Set<ToldListener>();

  constructor(sides: Partial<Record<Side, ControlHandlers>>) {
    this.#sides = sides;
  }

  async ask(side: Side, method: string, params: unknown = {}): Promise<unknown> {
    const handlers = this.#sides[side];
    if (handlers === undefined) throw new KaError('KA_CONTROL_GONE', `the ${side} process does not run`);
    if (method === 'ping' && !('ping' in handlers)) return { pid: process.pid };
    const handler = handlers[method];
    if (handler === undefined) throw new KaError('KA_CONTROL_METHOD', `nothing answers to '${method}'`);
    return await handler(params);
  }

  onTold(listener: ToldListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tell(side: Side, event: ControlEvent): void {
    for (const listener of this.#listeners) listener(side, event);
  }

  sides(): readonly SideStanding[] {
    return (['vrrp', 'checkers'] as const).flatMap((side) =>
      this.#sides[side] === undefined ? [] : [{ side, pid: process.pid, restarts: 0 }],
    );
  }

  generation(): number {
    return 1 + this.reloads;
  }

  reload(): Promise<ReloadReport> {
    this.reloads += 1;
    return Promise.resolve({ isGood: true, lines: ['nothing changed'] });
  }
}
