/** The page that /metrics gives, from figures. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { renderMetrics } from '../../../lib/control/metrics.js';
import type { InstanceFigures } from '../../../lib/control/vrrp-metrics.js';

const counters: NonNullable<InstanceFigures['counters']> = {
  sent: 7,
  sendFailed: 0,
  sendFailedByErrno: {},
  received: 0,
  priorityZeroSent: 0,
  priorityZeroReceived: 0,
  becameActive: 1,
  releasedActive: 0,
  dropped: {},
  announced: 5,
  splitBrains: 2,
  timeInStateUs: { initialize: 0, backup: 0, active: 0 },
};

const instance: InstanceFigures = {
  name: 'VI "1"',
  vrid: 51,
  interface: 'eth0',
  state: 'MASTER',
  priority: 150,
  sinceMs: 1_700_000_000_000,
  isSplit: true,
  counters,
};

const page = (instances: readonly InstanceFigures[]): Promise<string> =>
  renderMetrics({
    version: '1.0.0',
    startedMs: 1_700_000_000_000,
    generation: 1,
    sides: [{ side: 'vrrp', pid: 1, restarts: 0, answers: true }],
    vrrp: { atMs: 0, instances, transitions: [], engine: undefined, scripts: [] },
    checkers: undefined,
  });

test('a second master is a gauge, and how often there was one a counter', async () => {
  const text = await page([instance, { ...instance, name: 'B', isSplit: false, counters: undefined }]);
  const lines = text.split('\n').filter((line) => line.includes('split_brain'));
  assert.deepEqual(lines, [
    '# HELP ka_node_vrrp_split_brain Whether another node holds the addresses of this master, too',
    '# TYPE ka_node_vrrp_split_brain gauge',
    'ka_node_vrrp_split_brain{instance="VI \\"1\\""} 1',
    'ka_node_vrrp_split_brain{instance="B"} 0',
    '# HELP ka_node_vrrp_split_brains_total How often another node was found to hold the addresses of this master, too',
    '# TYPE ka_node_vrrp_split_brains_total counter',
    'ka_node_vrrp_split_brains_total{instance="VI \\"1\\""} 2',
  ]);
});

test('without instances the page is whole', async () => {
  const text = await page([]);
  assert.match(text, /^# TYPE ka_node_vrrp_split_brain gauge$/m);
  assert.match(text, /^ka_node_side_up\{side="vrrp"\} 1$/m);
});

test('the runs of a script are a histogram with its counts', async () => {
  const text = await renderMetrics({
    version: '1.0.0',
    startedMs: 0,
    generation: 1,
    sides: [],
    vrrp: {
      atMs: 0,
      instances: [],
      transitions: [],
      engine: undefined,
      scripts: [{ name: 'S', verdict: 'up', counts: [2, 1], runs: 4, sumS: 1.5, timeouts: 0 }],
    },
    checkers: undefined,
  });
  const of = (what: string): string | undefined =>
    new RegExp(`^ka_node_vrrp_script_duration_seconds_${what} (.*)$`, 'm').exec(text)?.[1];
  assert.equal(of('bucket\\{script="S",le="0.005"\\}') ?? of('bucket\\{le="0.005",script="S"\\}'), '2');
  assert.equal(of('bucket\\{script="S",le="0.01"\\}') ?? of('bucket\\{le="0.01",script="S"\\}'), '3');
  assert.equal(of('sum\\{script="S"\\}'), '1.5');
  assert.equal(of('count\\{script="S"\\}'), '4');
});
