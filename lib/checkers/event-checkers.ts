/**
 * Checkers that repeat nothing: FILE_CHECK follows a track_file, BFD_CHECK a bfd_instance. Somebody else watches those; these turn
 * what is seen into verdicts.
 */
import type { BfdCheck, FileCheck } from '../config/model-lvs.js';
import type { Host } from '../host.js';
import type { Checker, CheckerListener, CheckerStatus } from './checker.js';

/** At or below this the sum of a FILE_CHECK is a fault. */
const fileFault = -2_147_483_648;

/** What a number in the file means for the server: a fault, or so much weight more. */
export function fileEffect(config: Pick<FileCheck, 'weight' | 'reverse'>, value: number): 'fault' | number {
  if (config.weight === 0) return (value === 0) === config.reverse ? 'fault' : 0;
  const amount = value * config.weight * (config.reverse ? -1 : 1);
  return amount <= fileFault ? 'fault' : amount;
}

/** Adds `onWeight` of a file to the configured weight, unlike a script's, which replaces it. */
export class FileChecker implements Checker {
  readonly #config: FileCheck;
  readonly #host: Host;
  readonly #serverName: string;
  readonly #listener: CheckerListener;
  #effect: 'fault' | number;
  #isClosed = false;

  /** @param value what the file holds at the start. */
  constructor(config: FileCheck, value: number, serverName: string, host: Host, listener: CheckerListener) {
    this.#config = config;
    this.#host = host;
    this.#serverName = serverName;
    this.#listener = listener;
    this.#effect = fileEffect(config, value);
  }

  get isUp(): boolean {
    return this.#effect !== 'fault';
  }

  /** What the file adds to the weight of its server; 0 while it is a fault. */
  get weight(): number {
    return this.#effect === 'fault' ? 0 : this.#effect;
  }

  get status(): CheckerStatus {
    return {
      name: this.#config.kind,
      isUp: this.isUp,
      hasRun: true,
      isSuspended: false,
      detail: this.isUp ? `weight ${this.weight}` : 'fault',
      latencyMs: undefined,
      atMs: undefined,
    };
  }

  /** The file holds another number now. */
  onValue(value: number): void {
    if (this.#isClosed) return;
    const before = this.isUp;
    const weightBefore = this.weight;
    this.#effect = fileEffect(this.#config, value);
    if (this.weight !== weightBefore) this.#listener.onWeight(this.weight);
    if (this.isUp === before) return;
    const change = this.isUp ? 'leaving' : 'now';
    this.#host.logger.log(
      'info',
      `(${this.#serverName}): tracked file ${this.#config.trackFile} ${change} FAULT state`,
    );
    this.#listener.onVerdict(this.isUp, this.isUp ? 'file' : 'file in fault');
  }

  start(): void {
    // What the file holds was known before.
  }

  suspend(): void {
    // Files are followed whether or not the virtual address is here.
  }

  resume(): void {
    // See suspend.
  }

  close(): void {
    this.#isClosed = true;
  }
}

/** Follows a BFD session: up is success, every other state failure. Until the first event it has not run. */
export class BfdChecker implements Checker {
  readonly #config: BfdCheck;
  readonly #host: Host;
  readonly #serverName: string;
  readonly #listener: CheckerListener;
  #isUp: boolean;
  #hasRun = false;
  #isClosed = false;

  constructor(config: BfdCheck, serverName: string, host: Host, listener: CheckerListener) {
    this.#config = config;
    this.#host = host;
    this.#serverName = serverName;
    this.#listener = listener;
    this.#isUp = !config.alpha;
  }

  get status(): CheckerStatus {
    return {
      name: this.#config.kind,
      isUp: this.#isUp,
      hasRun: this.#hasRun,
      isSuspended: false,
      detail: this.#isUp ? 'session up' : 'session down',
      latencyMs: undefined,
      atMs: undefined,
    };
  }

  /** The session came up or went down. */
  onSession(isUp: boolean): void {
    if (this.#isClosed || (this.#hasRun && isUp === this.#isUp)) return;
    this.#hasRun = true;
    this.#isUp = isUp;
    const { name } = this.#config;
    const state = isUp ? 'UP' : 'DOWN';
    this.#host.logger.log('info', `BFD check of [${name}] RS(${this.#serverName}) is ${state}`);
    this.#listener.onVerdict(isUp, isUp ? 'session up' : 'session down');
  }

  start(): void {
    // The session's owner reports.
  }

  suspend(): void {
    // Sessions are followed whether or not the virtual address is here.
  }

  resume(): void {
    // See suspend.
  }

  close(): void {
    this.#isClosed = true;
  }
}
