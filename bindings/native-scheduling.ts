/** The part of the native surface that schedules a process; see `native.ts` for the rules. */

export interface NativeScheduling {
  /** Nice value, -20 to 19. */
  readonly niceness?: number;
  /** SCHED_RR 1 to 99; 0: back to ordinary scheduling. Not inherited by programs that are started. */
  readonly realtimePriority?: number;
  /** CPUs that may be used; an empty list: all. */
  readonly cpuAffinity?: readonly number[];
  /** true: program, libraries and heap stay in memory, but not what V8 manages; false: munlockall(2). */
  readonly lockMemory?: boolean;
  /** RLIMIT_RTTIME, microseconds: a real-time thread that computes longer without a pause is killed. */
  readonly rlimitRttimeUs?: number;
}

/** Texts of what was refused. A wish out of range is a TypeError. */
export type NativeScheduleProcess = (wanted: NativeScheduling) => string[];
