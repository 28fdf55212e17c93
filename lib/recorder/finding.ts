/** What an explanation consists of. */

/** A cause as one word, for programs. */
export type CauseName =
  | 'started'
  | 'restarted'
  | 'stopped'
  | 'removed'
  | 'reload'
  | 'reload-refused'
  | 'command'
  | 'silence'
  | 'no-master'
  | 'peer-left'
  | 'preempted'
  | 'higher-priority'
  | 'frozen'
  | 'refused-adverts'
  | 'sending-fails'
  | 'split-brain'
  | 'link'
  | 'no-source'
  | 'no-multicast'
  | 'address'
  | 'tracker'
  | 'script-refused'
  | 'group'
  | 'watchdog'
  | 'standby'
  | 'owner'
  | 'unknown';

/** One thing that happened or goes on. */
export interface Finding {
  readonly atMs: number;
  readonly cause: CauseName;
  /** One sentence without full stop, what is known and no more. */
  readonly text: string;
  /** Facts that it rests on, each a sentence. */
  readonly evidence: readonly string[];
}

/** A finding about something whose time is known. */
export type Reason = Omit<Finding, 'atMs'>;
