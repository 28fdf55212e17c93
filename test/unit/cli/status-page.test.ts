/** The page of `ka-node status`, and what it calls a problem. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { problems, statusCode, statusPage } from '../../../lib/cli/status-page.js';
import type { DaemonStatus, InstanceStatus } from '../../../lib/control/schema.js';

const nowMs = 1_700_000_100_000;
const options = { style: { isColoured: false }, nowMs, isDetailed: false };

const master: InstanceStatus = {
  name: 'VI_1',
  vrid: 51,
  version: 2,
  family: 'IPv4',
  interface: 'eth0',
  state: 'MASTER',
  sinceMs: nowMs - 65_000,
  reason: 'no master was heard',
  cause: 'silence',
  holds: [],
  priority: 150,
  basePriority: 150,
  priorityChanges: [],
  advertIntervalMs: 1000,
  master: '10.0.0.1',
  masterPriority: 150,
  splitBrain: false,
  trackers: [],
  addresses: [{ address: '10.0.0.100/24', dev: 'eth0', isPresent: true }],
};

function status(...instances: readonly InstanceStatus[]): DaemonStatus {
  return {
    atMs: nowMs,
    ageMs: 5,
    version: '1.0.0',
    pid: 42,
    configFile: '/etc/keepalived/keepalived.conf',
    startedMs: nowMs - 100_000,
    generation: 1,
    sides: [{ side: 'vrrp', pid: 43, restarts: 0 }],
    instances,
    groups: [],
  };
}

test('a healthy node is one line an instance', () => {
  assert.equal(
    statusPage(status(master), options),
    `ka-node 1.0.0, pid 42, up 100 s, /etc/keepalived/keepalived.conf

INSTANCE  STATE   SINCE  PRIO  MASTER     ADDRESSES  BECAUSE
VI_1      MASTER  65 s   150   this node  1 of 1     no master was heard
`,
  );
  assert.equal(statusCode(status(master)), 0);
});

test('what is wrong comes first, in words', () => {
  const fault: InstanceStatus = {
    ...master,
    state: 'FAULT',
    holds: ['script chk failed'],
    priority: 130,
    priorityChanges: [{ what: 'file load', amount: -20 }],
    trackers: [
      {
        what: 'script chk',
        state: 'down',
        detail: 'exited with status 1',
        output: 'no nginx',
        weight: 0,
        effect: 'fault',
      },
      { what: 'script gone', state: 'not followed', detail: 'it may not run', weight: 2, effect: '' },
    ],
    addresses: [{ address: '10.0.0.100/24', dev: 'eth0', isPresent: true }],
  };
  assert.deepEqual(problems(status(fault)), [
    'VI_1 is in FAULT: script chk failed',
    'VI_1: script gone is not followed: it may not run',
    'VI_1 is FAULT and 10.0.0.100/24 is on this host all the same',
  ]);
  assert.equal(statusCode(status(fault)), 1);
  const page = statusPage(status(fault), options);
  assert.match(page, /^! VI_1 is in FAULT: script chk failed$/m);
  assert.match(page, /^ {2}priority 150 -20 \(file load\)$/m);
  assert.match(page, /^ {2}script chk: down, exited with status 1, effect fault: no nginx$/m);
});

test('a master without its address, a dead process and an old answer are problems; standby is none', () => {
  const lost = { ...master, addresses: [{ address: '10.0.0.100/24', dev: 'eth0', isPresent: false }] };
  assert.deepEqual(problems(status(lost)), ['VI_1 is MASTER and 10.0.0.100/24 is not on eth0']);
  assert.deepEqual(problems(status({ ...master, splitBrain: true })), [
    'VI_1 is MASTER, and so is another node: ka-node why VI_1 tells which',
  ]);
  const dead: DaemonStatus = { ...status(master), sides: [{ side: 'vrrp', restarts: 3 }] };
  assert.deepEqual(problems(dead), ['the vrrp process does not run']);
  const old: DaemonStatus = {
    ...status(master),
    ageMs: 7000,
    sides: [{ side: 'vrrp', pid: 1, restarts: 0, problem: 'it does not answer' }],
  };
  assert.deepEqual(problems(old), ['vrrp: it does not answer; what is shown is 7 s old']);
  const standby: InstanceStatus = {
    ...master,
    state: 'STANDBY',
    maintenance: { kind: 'standby', sinceMs: nowMs - 60_000, untilMs: nowMs + 600_000 },
    addresses: [],
  };
  assert.equal(statusCode(status(standby)), 0);
  assert.match(statusPage(status(standby), options), /^ {2}in standby for 60 s, it ends in 10 min$/m);
});
