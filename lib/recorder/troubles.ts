/** What is wrong now, and what happened without a change of state: findings beside the transitions. Pure. */
import { describeRun, engineEntries, linkState, runs, type Case } from './evidence.js';
import type { Finding } from './finding.js';
import { describeTracker, trackerFacts } from './facts.js';
import { describeFreeze, describeRestart } from './transitions.js';
import { clockTime, counted, duration, refusal, sendError, times } from './words.js';

/** What an instance is, beside its case. */
export interface Standing {
  readonly isMaster: boolean;
  readonly priority: number;
  /** What it tracks: `script check`. */
  readonly tracked: readonly string[];
}

/** Refused adverts count as a trouble for so long after the last one. */
const refusedRecentlyMs = 5000;

/** What goes on now, worst first. */
export function troubles(given: Case, standing: Standing): readonly Finding[] {
  return [
    ...sendFailure(given),
    ...refusedAdverts(given),
    ...splitBrain(given, standing),
    ...addressTroubles(given),
    ...refusedScripts(given, standing),
    ...trackersDown(given, standing),
  ];
}

function sendFailure(given: Case): readonly Finding[] {
  const last = engineEntries(given).findLast(({ event }) => event.kind === 'send-failed');
  if (last?.event.kind !== 'send-failed' || last.event.errno === 0) return [];
  const facts = runs(given.record, 'sent').map((run) => describeRun(run, given.nowMs));
  return [
    {
      atMs: last.atMs,
      cause: 'sending-fails',
      text: `our adverts do not leave since ${clockTime(last.atMs, given.nowMs)}: ${sendError(last.event.code)}; the others hear nothing and take over`,
      evidence: facts,
    },
  ];
}

function refusedAdverts(given: Case): readonly Finding[] {
  return runs(given.record, 'refused').flatMap((run): readonly Finding[] => {
    if (run.reason === undefined || run.reason === 'held') return [];
    if (given.nowMs - run.lastMs > refusedRecentlyMs + 3 * given.advertIntervalMs) return [];
    return [
      {
        atMs: run.firstMs,
        cause: 'refused-adverts',
        text: `adverts from ${run.peer} are refused: ${refusal(run.reason)}`,
        evidence: [describeRun(run, given.nowMs)],
      },
    ];
  });
}

function splitBrain(given: Case, { isMaster, priority }: Standing): readonly Finding[] {
  const last = engineEntries(given).findLast(({ event }) => event.kind === 'split-brain');
  if (!isMaster || last?.event.kind !== 'split-brain' || !last.event.active) return [];
  return [describeSplit(given, last.atMs, last.event, priority)];
}

type SplitBrain = Extract<
  ReturnType<typeof engineEntries>[number]['event'],
  { readonly kind: 'split-brain' }
>;

function describeSplit(given: Case, atMs: number, event: SplitBrain, priority: number): Finding {
  const heard = runs(given.record, 'received').map((run) => describeRun(run, given.nowMs));
  const sent = runs(given.record, 'sent').map((run) => describeRun(run, given.nowMs));
  if (event.sign === 'adverts') {
    const peer = event.peer ?? 'another node';
    return {
      atMs,
      cause: 'split-brain',
      text: `two masters: ${peer} goes on advertising the lower priority ${event.peerPriority ?? '?'} although we advertise ${priority}: it does not hear us, adverts are lost on the way from here to ${peer}`,
      evidence: [...heard, ...sent],
    };
  }
  return {
    atMs,
    cause: 'split-brain',
    text: `two masters: ${event.mac ?? 'another MAC address'} answers for ${event.address ?? 'our address'} too, and we hear no advert from it: adverts are lost in both directions, or the address was left on another host`,
    evidence: [...heard, ...sent],
  };
}

function addressTroubles(given: Case): readonly Finding[] {
  const last = new Map<string, Finding>();
  for (const { atMs, event } of engineEntries(given)) {
    if (event.kind !== 'address') continue;
    if (event.what === 'gave-up')
      last.set(event.address, {
        atMs,
        cause: 'address',
        text: `${event.address} on ${event.dev} was deleted by someone else again and again and is no longer put back: look for another manager of ${event.dev} (NetworkManager, systemd-networkd)`,
        evidence: [],
      });
    else if (event.what === 'failed')
      last.set(event.address, {
        atMs,
        cause: 'address',
        text: `the kernel refuses ${event.address} on ${event.dev}: ${event.code}`,
        evidence: [],
      });
    else last.delete(event.address);
  }
  return [...last.values()];
}

/** Since the last reload that was taken over: another configuration may have mended it. */
function refusedScripts(given: Case, { tracked }: Standing): readonly Finding[] {
  const reload = given.others.findLast((entry) => entry.kind === 'reload' && entry.refusedFor === undefined);
  const since = reload?.atMs ?? 0;
  const found = given.others.flatMap((entry): readonly Finding[] =>
    entry.kind === 'refused' &&
    entry.atMs >= since - 1000 &&
    (tracked.includes(`script ${entry.what}`) || entry.what === given.router)
      ? [
          {
            atMs: entry.atMs,
            cause: 'script-refused',
            text: tracked.includes(`script ${entry.what}`)
              ? `script ${entry.what} is refused and does not run, so nothing watches what it is for: ${entry.message}`
              : `a notify script is refused and does not run: ${entry.message}`,
            evidence: [],
          },
        ]
      : [],
  );
  return [...new Map(found.map((finding) => [finding.text, finding])).values()];
}

function trackersDown(given: Case, { tracked }: Standing): readonly Finding[] {
  return tracked.flatMap((what): readonly Finding[] => {
    const last = given.others.findLast((entry) => entry.kind === 'tracker' && entry.what === what);
    if (last?.kind !== 'tracker' || last.state !== 'down') return [];
    return [
      { atMs: last.atMs, cause: 'tracker', text: describeTracker(last), evidence: trackerFacts(given, last) },
    ];
  });
}

/** What happened without a transition, oldest first. */
export function incidents(given: Case): readonly Finding[] {
  return [
    ...linkFlaps(given),
    ...engineEntries(given).flatMap(({ atMs, event }): readonly Finding[] => {
      switch (event.kind) {
        case 'address':
          return event.what === 'restored'
            ? [
                {
                  atMs,
                  cause: 'address',
                  text: `${event.address} was deleted from ${event.dev} by someone else and was put back: look for another manager of ${event.dev} (NetworkManager, systemd-networkd, a script)`,
                  evidence: [],
                },
              ]
            : [];
        case 'late': {
          if (event.lateUs / 1000 < 2 * given.advertIntervalMs) return [];
          const freeze = describeFreeze(event, given.nowMs);
          const others = runs(given.record, 'received').filter(
            (run) => run.lastMs > event.atMs - event.lateUs / 1000,
          );
          const heard = others.map((run) => describeRun(run, given.nowMs));
          return [{ atMs, ...freeze, evidence: [...freeze.evidence, ...heard] }];
        }
        case 'split-brain':
          return event.active
            ? []
            : [
                {
                  atMs,
                  cause: 'split-brain',
                  text: 'there were two masters, and there are no more',
                  evidence: [],
                },
              ];
        case 'send-failed':
          return event.errno === 0
            ? [{ atMs, cause: 'sending-fails', text: 'our adverts leave again', evidence: [] }]
            : [];
        case 'watchdog':
          return event.held
            ? [
                {
                  atMs,
                  cause: 'watchdog',
                  text: `JavaScript did not answer for ${duration(event.stalledMs)}`,
                  evidence: [],
                },
              ]
            : [];
        default:
          return [];
      }
    }),
    ...reloads(given),
    ...given.others.flatMap((entry): readonly Finding[] =>
      entry.kind === 'process' ? [{ atMs: entry.atMs, ...describeRestart(given, entry) }] : [],
    ),
    ...commands(given),
  ].toSorted((a, b) => a.atMs - b.atMs);
}

/** Each time that the own interface came up again. */
function linkFlaps(given: Case): readonly Finding[] {
  const found: Finding[] = [];
  const down: { readonly atMs: number; readonly state: string }[] = [];
  let isDown = false;
  for (const { atMs, event } of engineEntries(given)) {
    if (event.kind !== 'link' || event.name !== given.interface) continue;
    if (!event.up) {
      if (!isDown) down.push({ atMs, state: linkState(event) });
      isDown = true;
      continue;
    }
    const last = down.at(-1);
    if (!isDown || last === undefined) continue;
    isDown = false;
    const recent = down.filter((each) => atMs - each.atMs < 60_000).length;
    const flapped = recent > 1 ? `flapped ${times(recent)}: it ` : '';
    found.push({
      atMs,
      cause: 'link',
      text: `${event.name} ${flapped}was down for ${duration(atMs - last.atMs)} and is up again`,
      evidence: [`it was ${last.state} from ${clockTime(last.atMs, given.nowMs)}`],
    });
  }
  return found;
}

/** What operators asked of the instance. */
function commands(given: Case): readonly Finding[] {
  return given.others.flatMap((entry): readonly Finding[] =>
    entry.kind === 'command' && (entry.router === undefined || entry.router === given.router)
      ? [{ atMs: entry.atMs, cause: 'command', text: entry.text, evidence: [] }]
      : [],
  );
}

function reloads(given: Case): readonly Finding[] {
  return given.others.flatMap((entry): readonly Finding[] => {
    if (entry.kind !== 'reload') return [];
    if (entry.refusedFor !== undefined)
      return [
        {
          atMs: entry.atMs,
          cause: 'reload-refused',
          text: `a reload was refused and changed nothing: ${entry.refusedFor}`,
          evidence: [],
        },
      ];
    const own = entry.changed.find(({ router }) => router === given.router);
    if (own === undefined) return [];
    return [
      {
        atMs: entry.atMs,
        cause: 'reload',
        text: `a reload changed it: ${own.what.join(', ')}`,
        evidence: [`${counted(entry.changed.length, 'instance')} changed in all`],
      },
    ];
  });
}
