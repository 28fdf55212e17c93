/** The page that /metrics gives, from figures. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { renderMetrics } from '../../../lib/control/metrics.js';
import { hasProgram, run } from '../../support/program.js';
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

const skip = hasProgram('promtool') ? false : 'promtool is missing: apt-get install prometheus';

test('everything that happens has its metric, and promtool finds no fault with any', { skip }, async () => {
  const rates = { connections: 5, inPackets: 4, outPackets: 3, inBytes: 2, outBytes: 1 };
  const text = await renderMetrics({
    version: '1.0.0',
    startedMs: 0,
    generation: 2,
    sides: [
      { side: 'vrrp', pid: 1, restarts: 1, answers: true },
      { side: 'checkers', pid: 2, restarts: 0, answers: true },
    ],
    vrrp: {
      atMs: 0,
      instances: [
        {
          ...instance,
          name: 'V',
          counters: {
            ...counters,
            received: 9,
            sendFailed: 3,
            sendFailedByErrno: { EPERM: 3 },
            dropped: { checksum: 2, version: 1 },
          },
        },
      ],
      transitions: [{ instance: 'V', to: 'MASTER', cause: 'silence', count: 4 }],
      engine: {
        wakeUps: 8,
        lateness: [1, 2, 3],
        latenessSumUs: 12,
        maxLatenessUs: 6,
        netlinkOverruns: 0,
        droppedUnknown: { vrid: 6 },
      },
      scripts: [{ name: 'S', verdict: 'down', counts: [2], runs: 2, sumS: 0.5, timeouts: 1 }],
    },
    checkers: {
      atMs: 0,
      virtualServers: [
        {
          name: '[10.8.0.1]:tcp:80',
          scheduler: 'rr',
          isQuorumUp: true,
          isSorryActive: false,
          inTable: true,
          total: rates,
          perSecond: rates,
          servers: [
            {
              name: '[10.9.0.1]:tcp:80',
              isAlive: true,
              weight: 7,
              inTable: true,
              activeConnections: 2,
              inactiveConnections: 1,
              persistentConnections: 0,
              total: rates,
              perSecond: rates,
              checkers: [],
            },
          ],
        },
      ],
    },
  });
  const server = 'virtual_server="[10.8.0.1]:tcp:80",real_server="[10.9.0.1]:tcp:80"';
  for (const line of [
    'ka_node_vrrp_state{instance="V"} 2',
    'ka_node_vrrp_transitions_total{instance="V",to="MASTER",cause="silence"} 4',
    'ka_node_vrrp_adverts_sent_total{instance="V"} 7',
    'ka_node_vrrp_adverts_received_total{instance="V"} 9',
    'ka_node_vrrp_adverts_failed_total{instance="V",errno="EPERM"} 3',
    'ka_node_vrrp_adverts_dropped_total{instance="V",reason="checksum"} 2',
    'ka_node_vrrp_adverts_dropped_total{instance="V",reason="version"} 1',
    'ka_node_engine_adverts_unknown_total{reason="vrid"} 6',
    'ka_node_engine_lateness_seconds_count 6',
    'ka_node_engine_lateness_seconds_sum 0.000012',
    'ka_node_vrrp_script_up{script="S"} 0',
    'ka_node_vrrp_script_timeouts_total{script="S"} 1',
    `ka_node_lvs_server_up{${server}} 1`,
    `ka_node_lvs_server_weight{${server}} 7`,
    `ka_node_lvs_server_active_connections{${server}} 2`,
    `ka_node_lvs_server_connections_total{${server}} 5`,
    'ka_node_side_restarts_total{side="vrrp"} 1',
  ])
    assert.ok(text.split('\n').includes(line), `${line} is not in\n${text}`);
  const { code, stdout, stderr } = await run(['promtool', 'check', 'metrics'], { input: text });
  assert.deepEqual([code, stdout + stderr], [0, '']);
});
