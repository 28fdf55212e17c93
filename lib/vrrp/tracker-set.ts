/** The trackers of one plan: made, started, closed together, and asked for what they know of a router. */
import { remembering, type Accounts } from '../accounts.js';
import type { Config, ScriptCommand } from '../config/model.js';
import type { VrrpScript } from '../config/model-vrrp.js';
import type { Host } from '../host.js';
import type { Plan, RouterPlan } from '../plan/plan.js';
import {
  effectOf,
  effectivePolicy,
  type Effect,
  type PolicyResult,
  type TrackedState,
} from '../policy/priority.js';
import { resolveScript, type ScriptPolicy, type ScriptVerdict } from '../script-security.js';
import { FileTracker } from '../track/file.js';
import { ProcessTable, ProcessTracker } from '../track/process.js';
import { ScriptTracker } from '../track/script.js';
import type { RunTiming } from '../track/timing.js';
import type { Tracker } from '../track/tracker.js';

/** A tracked object as one router sees it. */
export interface SeenObject {
  readonly what: string;
  /** Undefined: it is not followed, because it may not run. */
  readonly state: TrackedState | undefined;
  readonly detail: string;
  readonly weight: number;
  readonly effect: Effect | undefined;
  /** Last output of a script. */
  readonly output?: string;
}

/** What was known of scripts before. */
export interface KnownVerdicts {
  verdictOn(script: string): 'unknown' | 'up' | 'down';
  /** The trackers of a running configuration; false: of a process that ended. */
  readonly isReload: boolean;
}

/** Hears what becomes of tracked objects. */
export interface TrackerListener {
  /** `what`: `script check`, `file load`, `process nginx`. */
  readonly onState: (what: string, tracker: Tracker) => void;
  /** A script that must not or cannot run is left out. */
  readonly onRefused: (script: string, reason: string) => void;
}

export class TrackerSet implements KnownVerdicts {
  readonly isReload = true;
  readonly #trackers = new Map<string, Tracker>();
  readonly #scripts: ScriptTracker[] = [];
  /** Scripts that may not run, and why. */
  readonly #refused = new Map<string, string>();

  /**
   * Files and processes are followed, and known, from here on; scripts begin with `startScripts`. A script that must not run
   * counts for nobody, as with keepalived; it stays in `list`, and the log names the routers that go without it.
   * @param earlier its verdicts on scripts of the same name are kept until the next result (reload).
   */
  constructor(
    plan: Plan,
    policy: ScriptPolicy,
    host: Host,
    listener: TrackerListener,
    earlier?: KnownVerdicts,
  ) {
    const told =
      (kind: string) =>
      (tracker: Tracker): void =>
        listener.onState(`${kind} ${tracker.name}`, tracker);
    for (const script of plan.scripts) {
      const verdict = resolveScript(withUser(script.script, script.user), policy);
      logVerdict(host, script.name, verdict);
      if (verdict.command === undefined) {
        this.#refused.set(script.name, verdict.messages.at(-1) ?? '');
        logDegraded(host, plan, script.name);
        listener.onRefused(script.name, verdict.messages.at(-1) ?? 'it cannot run');
        continue;
      }
      const tracker = new ScriptTracker({
        name: script.name,
        command: verdict.command,
        intervalMs: script.interval / 1000,
        timeoutMs: script.timeout / 1000,
        rise: script.rise,
        fall: script.fall,
        initial: initialVerdict(script, earlier),
        host,
        onState: told('script'),
      });
      this.#scripts.push(tracker);
      this.#trackers.set(`script ${script.name}`, tracker);
    }
    for (const { name, file, initFile } of plan.files) {
      const isReload = earlier?.isReload === true;
      const tracker = new FileTracker({
        name,
        file,
        initFile: isReload ? undefined : initFile,
        host,
        onState: told('file'),
      });
      this.#trackers.set(`file ${name}`, tracker);
      tracker.start();
    }
    const processes = new ProcessTable(host.clock);
    for (const wanted of plan.processes) {
      const { name, process, paramMatch, fullCommand, quorum, quorumMax } = wanted;
      const tracker = new ProcessTracker({
        name,
        process,
        paramMatch,
        fullCommand,
        quorum,
        quorumMax,
        forkDelayMs: wanted.forkDelay / 1000,
        terminateDelayMs: wanted.terminateDelay / 1000,
        processes,
        host,
        onState: told('process'),
      });
      this.#trackers.set(`process ${name}`, tracker);
      tracker.start();
    }
  }

  /** All run at once, since routers wait for their first results; from then on those of one interval are spread over it. */
  startScripts(): void {
    const byInterval = new Map<number, ScriptTracker[]>();
    for (const script of this.#scripts)
      byInterval.set(script.intervalMs, [...(byInterval.get(script.intervalMs) ?? []), script]);
    for (const [intervalMs, scripts] of byInterval)
      for (const [index, script] of scripts.entries()) script.start((intervalMs * index) / scripts.length);
  }

  close(): void {
    for (const tracker of this.#trackers.values()) tracker.close();
  }

  /** What policy says about a router now. */
  policyOf(router: RouterPlan): PolicyResult {
    const entries = router.tracked.flatMap((entry) => {
      const tracker = this.#trackers.get(`${entry.kind} ${entry.name}`);
      if (tracker === undefined) return [];
      const name = `${entry.kind} ${entry.name}`;
      return [{ name, state: tracker.state, weight: entry.weight, reverse: entry.reverse }];
    });
    return effectivePolicy(router.basePriority, entries, router.faults);
  }

  /** What a router tracks, with what was last seen and what that does to it. */
  seenBy(router: RouterPlan): readonly SeenObject[] {
    return router.tracked.map(({ kind, name, weight, reverse }) => {
      const what = `${kind} ${name}`;
      const tracker = this.#trackers.get(what);
      if (tracker === undefined)
        return { what, state: undefined, detail: 'it may not run', weight, effect: undefined };
      const { state, detail } = tracker;
      const effect = effectOf({ name: what, state, weight, reverse });
      const output = tracker instanceof ScriptTracker ? tracker.output : undefined;
      return { what, state, detail, weight, effect, ...(output === undefined ? {} : { output }) };
    });
  }

  /** How long the runs of each script took. */
  timings(): readonly { readonly name: string; readonly timing: RunTiming }[] {
    return this.#scripts.map(({ name, timing }) => ({ name, timing }));
  }

  /** All trackers, for people to look at. */
  list(): readonly { readonly what: string; readonly state: TrackedState; readonly detail: string }[] {
    const refused = [...this.#refused].map(([name, why]) => ({
      what: `script ${name}`,
      state: { kind: 'unknown' } as const,
      detail: `cannot run, so it counts for nobody: ${why}`,
    }));
    return [...refused, ...[...this.#trackers].map(([what, { state, detail }]) => ({ what, state, detail }))];
  }

  verdictOn(script: string): 'unknown' | 'up' | 'down' {
    const kind = this.#trackers.get(`script ${script}`)?.state.kind;
    return kind === 'up' || kind === 'down' ? kind : 'unknown';
  }
}

/** A reload keeps what is known; without it, init_fail counts as down and anything else waits for the first result. */
function initialVerdict(script: VrrpScript, earlier: KnownVerdicts | undefined): 'unknown' | 'up' | 'down' {
  const known = earlier?.verdictOn(script.name) ?? 'unknown';
  return known === 'unknown' && script.initFail ? 'down' : known;
}

/** What a configuration says about all scripts. */
export interface ScriptRules {
  readonly globalDefs: Pick<
    Config['globalDefs'],
    'scriptUser' | 'enableScriptSecurity' | 'useSymlinkPaths' | 'setSupplementaryGroups'
  >;
}

/** The rules for scripts that a configuration sets. */
export function scriptPolicy(config: ScriptRules, accounts: Accounts): ScriptPolicy {
  const { scriptUser, enableScriptSecurity, useSymlinkPaths, setSupplementaryGroups } = config.globalDefs;
  return {
    isEnforced: enableScriptSecurity,
    givesGroups: setSupplementaryGroups,
    defaultUser: scriptUser === undefined ? undefined : { user: scriptUser.user, group: scriptUser.group },
    keepsSymlinks: useSymlinkPaths,
    accounts: remembering(accounts),
    path: (process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin').split(':').filter((each) => each !== ''),
    own: { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
  };
}

/** One line for each router that goes on without a check that it was to have. */
function logDegraded(host: Host, plan: Plan, script: string): void {
  for (const router of plan.routers)
    if (router.tracked.some(({ kind, name }) => kind === 'script' && name === script))
      host.logger.log(
        'error',
        `(${router.name}) DEGRADED: track script ${script} cannot run, its weight or fault does not count`,
      );
}

export function logVerdict(host: Host, what: string, { command, messages }: ScriptVerdict): void {
  for (const message of messages)
    host.logger.log(command === undefined ? 'error' : 'warning', `(${what}) ${message}`);
}

function withUser(
  script: ScriptCommand,
  user: { readonly user: string; readonly group: string | undefined } | undefined,
): ScriptCommand {
  return user === undefined ? script : { ...script, user: user.user, group: user.group };
}
