/**
 * Who hears what when a router or a sync group changes, in keepalived's order: the script of the state, then the generic one. Scripts
 * are started in the order of events and never waited for. Nothing here can delay the engine.
 */
import { describeEnd, start, type Command } from '../exec.js';
import type { Host } from '../host.js';

/** States that scripts are told. */
export type NotifyState = 'MASTER' | 'BACKUP' | 'FAULT' | 'STOP' | 'DELETED';

/** Commands of one router or group, checked and ready to run. */
export interface NotifyCommands {
  readonly master: Command | undefined;
  readonly backup: Command | undefined;
  readonly fault: Command | undefined;
  readonly stop: Command | undefined;
  /** 'state': DELETED is announced without a command of its own. */
  readonly deleted: Command | 'state' | undefined;
  readonly any: Command | undefined;
  readonly lowerPriority: Command | undefined;
}

export interface NotifySubject {
  readonly kind: 'INSTANCE' | 'GROUP';
  readonly name: string;
  readonly commands: NotifyCommands;
}

/** keepalived: how long scripts of a stop may run before the process ends. */
const stopGraceMs = 1000;

export class Notifier {
  readonly #host: Host;
  readonly #running = new Set<{ readonly done: Promise<void>; end(): void }>();

  constructor(host: Host) {
    this.#host = host;
  }

  /** A state was entered. `priority` is the effective one; a group's is always told as 0. */
  entered(subject: NotifySubject, state: NotifyState, priority: number): void {
    const { commands, kind, name } = subject;
    this.#run(subject, stateCommand(commands, state));
    if (commands.any === undefined) return;
    const shown = kind === 'GROUP' ? 0 : priority;
    this.#run(subject, { ...commands.any, argv: [...commands.any.argv, kind, name, state, String(shown)] });
  }

  /** While MASTER, an advert of lower priority was heard. */
  heardLowerPriority(subject: NotifySubject): void {
    this.#run(subject, subject.commands.lowerPriority);
  }

  /** Waits for running scripts, at most one second, then ends them. */
  async drain(): Promise<void> {
    const all = [...this.#running];
    if (all.length === 0) return;
    await new Promise<void>((resolve) => {
      const timer = this.#host.clock.schedule(stopGraceMs, () => {
        for (const script of all) script.end();
        resolve();
      });
      void Promise.all(all.map(({ done }) => done)).then(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  #run(subject: NotifySubject, command: Command | undefined): void {
    if (command === undefined) return;
    const running = start(command, { clock: this.#host.clock });
    const entry = {
      done: running.finished.then(({ end }) => {
        this.#running.delete(entry);
        if (end.kind === 'not-started') {
          const what = command.argv[0] ?? '';
          this.#host.logger.log('error', `(${subject.name}) notify script '${what}' ${describeEnd(end)}`);
        }
      }),
      end: () => running.terminate(),
    };
    this.#running.add(entry);
  }
}

function stateCommand(commands: NotifyCommands, state: NotifyState): Command | undefined {
  switch (state) {
    case 'MASTER':
      return commands.master;
    case 'BACKUP':
      return commands.backup;
    case 'FAULT':
      return commands.fault;
    case 'STOP':
      return commands.stop;
    case 'DELETED':
      return commands.deleted === 'state' ? undefined : commands.deleted;
  }
}
