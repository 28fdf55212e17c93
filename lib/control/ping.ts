/** The answer to `ping`: that a process lives, and what it runs. */

/** What every process of the daemon knows of itself. */
export interface ProcessFacts {
  /** Number of the configuration that it runs; see ControlHost. */
  readonly generation: () => number;
}

export interface Pong {
  readonly pid: number;
  /** Seconds since the start of the process. */
  readonly uptimeS: number;
  readonly generation: number;
}

export function pong({ generation }: ProcessFacts): Pong {
  return { pid: process.pid, uptimeS: process.uptime(), generation: generation() };
}
