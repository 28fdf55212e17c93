/** What happened, in words: keepalived's log lines for what monitors look for, and the cause of a transition as a sentence. */
import type { NativeCause, NativeDropReason, NativeEvent, NativeHold } from '../../bindings/native.js';
import type { StateName } from '../../bindings/engine.js';
import type { LogLevel } from '../host.js';

export type VrrpState = StateName;

export interface Line {
  readonly level: LogLevel;
  readonly text: string;
}

/** A transition with the name of the state that it leads to. */
type Transition = Extract<NativeEvent, { readonly kind: 'transition' }> & { readonly name: VrrpState };

/** Lines for a transition of router `name`. `faults` are the tracked objects that hold it. */
export function transitionLines(
  name: string,
  event: Transition,
  before: VrrpState,
  faults: readonly string[],
): readonly Line[] {
  const after = event.name;
  const lines: Line[] = [...evidence(name, event)];
  const add = (level: LogLevel, text: string): void => void lines.push({ level, text });
  if (after === 'FAULT') {
    for (const reason of faultReasons(event, faults))
      add('info', `(${name}) entering FAULT state (${reason})`);
  }
  if (after !== 'STOP' && after !== 'DELETED') {
    const isInitial = before === 'INIT' ? ' (init)' : '';
    add('info', `(${name}) Entering ${after} STATE${isInitial}`);
    add('info', `(${name}) cause: ${explainCause(event.cause, faults)}`);
  }
  if (event.from === 'active' && event.to === 'initialize') add('info', `(${name}) sent 0 priority`);
  if (event.to === 'active') add('detail', `(${name}) setting VIPs.`);
  if (event.from === 'active') add('detail', `(${name}) removing VIPs.`);
  return lines;
}

/** What keepalived logs before the transition itself. */
function evidence(name: string, { cause, priority }: Transition): readonly Line[] {
  const info = (text: string): Line => ({ level: 'info', text: `(${name}) ${text}` });
  const peer = cause.peer ?? 'unknown';
  const theirs = cause.peerPriority ?? 0;
  switch (cause.kind) {
    case 'silence':
      return [info('Receive advertisement timeout')];
    case 'peer-left':
      return [info('Backup received priority 0 advertisement'), info('Receive advertisement timeout')];
    case 'preempted':
      return [
        info(`received lower priority (${theirs}) advert from ${peer} - discarding`),
        info('Receive advertisement timeout'),
      ];
    case 'higher-priority':
      return [
        theirs === priority
          ? info(
              `Master received advert from ${peer} with same priority ${theirs} but higher IP address than ours`,
            )
          : info(`Master received advert from ${peer} with higher priority ${theirs}, ours ${priority}`),
      ];
    default:
      return [];
  }
}

function faultReasons({ holds, cause }: Transition, faults: readonly string[]): readonly string[] {
  return holds.flatMap((hold): readonly string[] => {
    switch (hold) {
      case 'link-down':
      case 'tracked-link':
        return (cause.links ?? []).map((link) => `interface ${link} down`);
      case 'policy':
        return faults.map((fault) => `due to ${fault}`);
      case 'waiting':
      case 'not-started':
        return [];
      default:
        return [describeHold(hold)];
    }
  });
}

/** The cause of a transition as the end of a sentence that begins with the state. */
export function explainCause(cause: NativeCause, faults: readonly string[] = []): string {
  const peer = cause.peer ?? 'the master';
  switch (cause.kind) {
    case 'started':
      return 'it was started';
    case 'owner':
      return 'it owns the address or held it a moment ago';
    case 'silence':
      return cause.peer === undefined
        ? 'no master was heard'
        : `${peer} (priority ${cause.peerPriority ?? '?'}) fell silent`;
    case 'preempted':
      return `${peer} is master with the lower priority ${cause.peerPriority ?? '?'}`;
    case 'peer-left':
      return `${peer} gave up mastership (priority 0)`;
    case 'higher-priority':
      return `${peer} advertises priority ${cause.peerPriority ?? '?'}`;
    case 'held':
      return explainHolds(cause, faults);
    case 'released':
      return `nothing holds it any more (was: ${(cause.holds ?? []).map(describeHold).join(', ')})`;
    case 'group':
      return `its sync group moved (${cause.memberKind === undefined ? 'a member changed' : explainCause({ ...cause, kind: cause.memberKind }, faults)})`;
    case 'command':
      return 'the operator asked for it';
    case 'params':
      return 'its configuration changed';
    case 'removed':
      return 'it is no longer configured';
    case 'shutdown':
      return 'ka-node stops';
    case 'address-lost':
      return 'a virtual address was deleted and could not be put back';
    case 'absent':
      return `this node was not running, and ${peer} (priority ${cause.peerPriority ?? '?'}) is master since`;
  }
}

function explainHolds(cause: NativeCause, faults: readonly string[]): string {
  const reasons = (cause.holds ?? []).map((hold) => {
    if ((hold === 'link-down' || hold === 'tracked-link') && (cause.links ?? []).length > 0) {
      return `interface ${(cause.links ?? []).join(', ')} is down`;
    }
    return hold === 'policy' && faults.length > 0 ? `${faults.join(', ')} failed` : describeHold(hold);
  });
  return reasons.length === 0 ? 'it is held' : reasons.join(', ');
}

/** A hold in words. */
export function describeHold(hold: NativeHold): string {
  switch (hold) {
    case 'not-started':
      return 'not started yet';
    case 'link-down':
      return 'its interface is down or missing';
    case 'tracked-link':
      return 'a tracked interface is down';
    case 'no-source':
      return 'no IP address for interface';
    case 'policy':
      return 'a tracked object failed';
    case 'waiting':
      return 'a tracked object has given no result yet';
    case 'group':
      return 'another member of its sync group is held';
    case 'watchdog':
      return 'the event loop does not answer';
    case 'standby':
      return 'the operator put it in standby';
    case 'address-failed':
      return 'the kernel refuses its virtual addresses';
    case 'no-multicast':
      return 'its interface does not support multicast, and it has no unicast peers';
  }
}

/** What was wrong with an advert. */
export function describeDrop(reason: NativeDropReason): string {
  switch (reason) {
    case 'truncated':
      return 'it is truncated';
    case 'ip-header':
      return 'its IP header is wrong';
    case 'ttl':
      return 'its TTL is not 255: it was forwarded, or forged';
    case 'version':
      return 'wrong VRRP version';
    case 'type':
      return 'it is no advertisement';
    case 'length':
      return 'its length does not fit its contents';
    case 'checksum':
      return 'Invalid VRRP checksum';
    case 'vrid':
      return 'its virtual router id is not configured';
    case 'auth-type':
      return 'unknown authentication type';
    case 'auth-mismatch':
      return 'its authentication type differs from ours';
    case 'auth-failed':
      return 'received an invalid passwd!';
    case 'interval':
      return 'advertisement interval mismatch';
    case 'address-list':
      return 'its addresses are not ours';
    case 'destination':
      return 'it was sent to the wrong kind of destination (unicast or multicast)';
    case 'source':
      return 'its unicast source address is not a unicast peer';
    case 'owner':
      return 'it claims to own the address as we do';
    case 'own':
      return 'equal priority advert received from remote host with our IP address';
    case 'held':
      return 'the router is held';
  }
}
