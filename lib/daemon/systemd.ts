/**
 * What systemd is told: readiness, reloads, the end, a line of status, the watchdog (sd_notify(3), without libsystemd). Without
 * $NOTIFY_SOCKET it does nothing.
 */
import { UnixDatagram } from '../../bindings/syslog.js';
import type { Clock, Timer } from '../host.js';
import { LineQueue } from '../line-queue.js';

export class SystemdNotifier {
  readonly #clock: Clock;
  readonly #watchdogUs: number | undefined;
  readonly #socket: UnixDatagram | undefined;
  readonly #queue: LineQueue | undefined;
  #watchdog: Timer | undefined;

  /** `watchdogUs`: how often systemd wants to hear of us, 0 or absent: never. */
  constructor(clock: Clock, notifySocket: string | undefined, watchdogUs?: number) {
    this.#clock = clock;
    if (notifySocket === undefined || notifySocket === '') return;
    const socket = new UnixDatagram(notifySocket);
    this.#socket = socket;
    if (watchdogUs !== undefined && watchdogUs > 0) this.#watchdogUs = watchdogUs;
    this.#queue = new LineQueue({
      clock,
      write: (bytes) => socket.send(bytes),
      limitBytes: 16_384,
      retryFailures: false,
    });
  }

  /** As systemd asks for it. Takes its variables out of `env`, so that scripts do not speak in our name. */
  static fromEnvironment(clock: Clock, env: NodeJS.ProcessEnv = process.env): SystemdNotifier {
    const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: usec, WATCHDOG_PID: pid } = env;
    delete env['NOTIFY_SOCKET'];
    delete env['WATCHDOG_USEC'];
    delete env['WATCHDOG_PID'];
    const isForUs = pid === undefined || pid === String(process.pid);
    return new SystemdNotifier(clock, socket, isForUs && usec !== undefined ? Number(usec) : undefined);
  }

  /** Somebody listens. */
  get isActive(): boolean {
    return this.#queue !== undefined;
  }

  /** How often systemd wants to hear of us; undefined: never. */
  get watchdogMs(): number | undefined {
    return this.#watchdogUs === undefined ? undefined : this.#watchdogUs / 1000;
  }

  /** Start or reload is complete. */
  ready(status: string): void {
    this.#send('READY=1', `MAINPID=${process.pid}`, statusLine(status));
  }

  /** A reload begins; `ready` ends it. Works with Type=notify and Type=notify-reload. */
  reloading(): void {
    const monotonicUs = process.hrtime.bigint() / 1000n; // CLOCK_MONOTONIC on Linux
    this.#send('RELOADING=1', `MONOTONIC_USEC=${monotonicUs}`, statusLine('Reloading'));
  }

  /** The end begins. */
  stopping(): void {
    this.#send('STOPPING=1', statusLine('Stopping'));
  }

  /** One line that `systemctl status` shows. */
  status(text: string): void {
    this.#send(statusLine(text));
  }

  /** The start failed, with keepalived's errno: 22 for a bad configuration, 1 for a missing permission. */
  failed(errno: number, text: string): void {
    this.#send(`ERRNO=${errno}`, statusLine(text));
  }

  /** Tells systemd that we live, as often as it asks for, while `isHealthy`; it restarts us when it hears nothing. */
  startWatchdog(isHealthy: () => boolean): void {
    if (this.#watchdogUs === undefined || this.#watchdog !== undefined) return;
    const periodMs = this.#watchdogUs / 2000; // half of what is asked for, as sd_watchdog_enabled(3) advises
    const beat = (): void => {
      if (isHealthy()) this.#send('WATCHDOG=1');
      this.#watchdog = this.#clock.schedule(periodMs, beat, { background: true });
    };
    beat();
  }

  /** Idempotent. */
  close(): void {
    this.#watchdog?.cancel();
    this.#queue?.close();
    this.#socket?.close();
  }

  #send(...assignments: readonly string[]): void {
    this.#queue?.push(Buffer.from(assignments.join('\n')));
  }
}

function statusLine(text: string): string {
  return `STATUS=${text.replaceAll('\n', ' ')}`;
}
