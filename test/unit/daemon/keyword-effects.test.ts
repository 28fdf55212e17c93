/** Keywords that do one small thing: from the line of the file to what acts on it. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { systemAccounts } from '../../../lib/accounts.js';
import { parseConfig } from '../../../lib/config/load.js';
import type { Config } from '../../../lib/config/model.js';
import { ipvsNamespace } from '../../../lib/daemon/namespace.js';
import { ownScript, runOwnScript } from '../../../lib/daemon/own-scripts.js';
import { processTitle } from '../../../lib/daemon/titles.js';
import { makePlan, type Plan } from '../../../lib/plan/plan.js';
import { scriptPolicy } from '../../../lib/vrrp/tracker-set.js';

function config(text: string): Config {
  const { model, diagnostics } = parseConfig({ text }, { offline: true });
  assert.ok(model !== undefined);
  assert.deepEqual(
    diagnostics.filter(({ severity }) => severity === 'error').map(({ message }) => message),
    [],
  );
  return model;
}

const globals = (...lines: readonly string[]): string => `global_defs {\n${lines.join('\n')}\n}\n`;
const instance = (...lines: readonly string[]): string =>
  `vrrp_instance A {\ninterface eth0\nvirtual_router_id 6\n${lines.join('\n')}\nvirtual_ipaddress {\n192.0.2.9\n}\n}\n`;

const six = 'vrrp_instance A {\ninterface eth0\nvirtual_router_id 6\nvirtual_ipaddress {\nfe80::9\n}\n}\n';
const peer = 'unicast_src_ip 192.0.2.1\nunicast_peer {\n192.0.2.2\n}';
type Router = Plan['routers'][number]['params'];

test('process_name and its kin name the processes', () => {
  const own = config(globals('process_name ka', 'vrrp_process_name kv', 'checker_process_name kc'));
  const titles = (model: Config): readonly string[] =>
    (['parent', 'vrrp', 'checkers'] as const).map((which) => processTitle(model, which));
  assert.deepEqual(titles(own), ['ka', 'kv', 'kc']);
  assert.deepEqual(titles(config('')), ['keepalived', 'keepalived_vrrp', 'keepalived_lvs']);
});

test('v3_checksum_as_v2 and owner_ignore_adverts, of one instance or of all, reach the router', () => {
  const params = (text: string): readonly (boolean | undefined)[] => {
    const [router] = makePlan(config(text)).routers;
    return [router?.params.v3ChecksumAsV2, router?.params.ownerIgnoreAdverts];
  };
  const owner = ['state MASTER', 'priority 255', 'version 3'];
  assert.deepEqual(params(instance(...owner)), [false, false]);
  assert.deepEqual(params(instance(...owner, 'v3_checksum_as_v2', 'owner_ignore_adverts')), [true, true]);
  assert.deepEqual(params(globals('v3_checksum_as_v2', 'vrrp_owner_ignore_adverts') + instance(...owner)), [
    true,
    true,
  ]);
  assert.deepEqual(params(instance('priority 100', 'owner_ignore_adverts')), [false, false]);
});

test('vrrp_gna_interval and gna_interval pace announcements, vrrp_rlimit_rttime bounds the engine', () => {
  const plan = makePlan(
    config(
      `${globals('vrrp_garp_interval 0.5', 'vrrp_gna_interval 0.25', 'vrrp_rt_priority 5', 'vrrp_rlimit_rttime 30000')}garp_group {\ngarp_interval 0.1\ngna_interval 0.2\ninterfaces {\neth0\n}\n}\n${instance()}`,
    ),
  );
  assert.deepEqual(plan.paces, [
    { interfaces: [], garpIntervalUs: 500_000, gnaIntervalUs: 250_000 },
    { interfaces: ['eth0'], garpIntervalUs: 100_000, gnaIntervalUs: 200_000 },
  ]);
  assert.equal(plan.engine.rlimitRttimeUs, 30_000);
});

/** Line of global_defs, lines of the instance, and what the router is told: without the line and with it. */
const everyInstance: readonly (readonly [string, string, (router: Router) => unknown, unknown, unknown])[] = [
  ['vrrp_mcast_group6 ff02::77', six, ({ multicastGroup }) => multicastGroup, 'ff02::12', 'ff02::77'],
  ['vrrp_garp_master_refresh 30', '', ({ announce }) => announce.refreshUs, 0, 30_000_000],
  ['vrrp_garp_master_refresh_repeat 4', '', ({ announce }) => announce.refreshRepeat, 1, 4],
  ['vrrp_garp_lower_prio_repeat 7', '', ({ announce }) => announce.lowerPrioRepeat, 5, 7],
  ['vrrp_garp_lower_prio_delay 9', '', ({ announce }) => announce.lowerPrioDelayUs, 5_000_000, 9_000_000],
  [
    'vrrp_min_garp',
    '',
    ({ announce: { delayUs, repeat, refreshRepeat } }) => [delayUs, repeat, refreshRepeat],
    [5_000_000, 5, 1],
    [0, 1, 0],
  ],
  ['vrrp_down_timer_adverts 5', '', ({ downTimerAdverts }) => downTimerAdverts, 3, 5],
  ['vrrp_check_unicast_src', peer, ({ checkUnicastSource }) => checkUnicastSource, false, true],
  ['vrrp_lower_prio_no_advert', '', ({ lowerPrioNoAdvert }) => lowerPrioNoAdvert, false, true],
  ['vrrp_higher_prio_send_advert', '', ({ higherPrioSendAdvert }) => higherPrioSendAdvert, false, true],
];

for (const [line, own, told, without, with_] of everyInstance)
  test(`${line} is for every instance that says nothing itself`, () => {
    const router = (text: string): unknown => {
      const params = makePlan(config(text)).routers[0]?.params;
      assert.ok(params !== undefined);
      return told(params);
    };
    const text = own === six ? six : instance(own);
    assert.deepEqual([router(text), router(globals(line) + text)], [without, with_]);
  });

test('checker_log_all_failures is for every checker that says nothing itself', () => {
  const server = (...lines: readonly string[]): string =>
    `virtual_server 192.0.2.1 80 {\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\nreal_server 10.0.0.1 80 {\nTCP_CHECK {\n${lines.join('\n')}\n}\n}\n}\n`;
  const wish = (text: string): unknown => {
    const [checker] = config(text).virtualServer[0]?.realServer[0]?.checkers ?? [];
    return checker !== undefined && 'logAllFailures' in checker && checker.logAllFailures;
  };
  assert.deepEqual(
    [
      wish(server()),
      wish(globals('checker_log_all_failures true') + server()),
      wish(globals('checker_log_all_failures true') + server('log_all_failures false')),
    ],
    [false, true, false],
  );
});

test('random_seed makes ${_RANDOM} say the same each time', () => {
  const name = (seed: number): string | undefined =>
    config(globals(`random_seed ${seed}`, 'router_id ${_RANDOM 1 1000000000}')).globalDefs.routerId;
  assert.match(name(7) ?? '', /^\d+$/);
  assert.equal(name(7), name(7));
  assert.notEqual(name(7), name(8));
});

test('vrrp_netlink_cmd_rcv_bufs_force lets the buffer be larger than the system allows', () => {
  const { engine } = makePlan(
    config(globals('vrrp_netlink_cmd_rcv_bufs 300000', 'vrrp_netlink_cmd_rcv_bufs_force true') + instance()),
  );
  assert.deepEqual([engine.requestBufferBytes, engine.requestBufferForced], [300_000, true]);
});

test('no_virtual_ipaddress: an instance may have no address, and is told of none', () => {
  const text = instance('no_virtual_ipaddress').replace(/virtual_ipaddress \{[^}]*\}\n/, '');
  assert.deepEqual(makePlan(config(text)).routers[0]?.params.addresses, []);
});

test('interface_up_down_delays are kept below the silence after which a backup takes over', () => {
  const delays = 'interface_up_down_delays {\neth0 5 0.5\neth1 5\n}\n';
  assert.deepEqual(makePlan(config(delays + instance('advert_int 1'))).linkDelays, [
    { name: 'eth0', downUs: 1_996_093, upUs: 500_000 },
    { name: 'eth1', downUs: 5_000_000, upUs: 0 },
  ]);
});

test('receive buffers: the number of an instance goes before the policy', () => {
  const wish = (policy: string, ...own: readonly string[]): readonly (number | undefined)[] => {
    const { routers } = makePlan(
      config(globals(...(policy === '' ? [] : [policy]), 'vrrp_rx_bufs_multiplier 4') + instance(...own)),
    );
    return [routers[0]?.params.rxBufferBytes, routers[0]?.params.rxBufferMtus];
  };
  assert.deepEqual(wish(''), [0, undefined]);
  assert.deepEqual(wish('vrrp_rx_bufs_policy MTU'), [0, 4]);
  assert.deepEqual(wish('vrrp_rx_bufs_policy ADVERT'), [4 * 40, undefined]);
  assert.deepEqual(wish('vrrp_rx_bufs_policy ADVERT', 'version 3'), [4 * 32, undefined]);
  assert.deepEqual(wish('vrrp_rx_bufs_policy 7000'), [7000, undefined]);
  assert.deepEqual(wish('vrrp_rx_bufs_policy MTU', 'kernel_rx_buf_size 9000'), [9000, undefined]);
});

test('a tracked process is looked for as its block says', () => {
  const track =
    'vrrp_track_process P {\nprocess nginx -g\nparam_match partial\nfull_command\nquorum 2\nquorum_max 5\nterminate_delay 3\nfork_delay 0.5\n}\n';
  const [wanted] = makePlan(config(track + instance('track_process {\nP\n}'))).processes;
  assert.deepEqual(
    [wanted?.process, wanted?.paramMatch, wanted?.fullCommand, wanted?.quorum, wanted?.quorumMax],
    [['nginx', '-g'], 'partial', true, 2, 5],
  );
  assert.deepEqual([wanted?.terminateDelay, wanted?.forkDelay], [3_000_000, 500_000]);
});

test('net_namespace_ipvs is where the services are, unless the command line names a namespace', () => {
  const model = config('net_namespace_ipvs blue\n');
  const home = { homeNamespace: '/proc/1/ns/net' };
  assert.equal(ipvsNamespace(model, { ...home, options: { namespace: undefined } }), '/run/netns/blue');
  assert.equal(ipvsNamespace(model, { ...home, options: { namespace: 'green' } }), undefined);
  assert.equal(ipvsNamespace(config(''), { ...home, options: { namespace: undefined } }), undefined);
});

test('startup_script is ended after startup_script_timeout, and shutdown_script after its own', async () => {
  const model = config(
    globals(
      'startup_script "/bin/sleep 600" root',
      'startup_script_timeout 1',
      'shutdown_script "/bin/sleep 600" root',
      'shutdown_script_timeout 2',
    ),
  );
  const [first, last] = [ownScript(model, 'startup'), ownScript(model, 'shutdown')];
  assert.deepEqual([first?.timeoutMs, last?.timeoutMs], [1000, 2000]);
  assert.ok(first !== undefined);
  const lines: string[] = [];
  // Ends only because of the limit.
  await runOwnScript('startup', first, { log: (_, text) => void lines.push(text) });
  assert.ok(lines.includes('startup script timed out'), lines.join('\n'));
});

test('use_symlink_paths and set_supplementary_groups are rules for scripts', () => {
  const rules = (text: string): readonly (boolean | undefined)[] => {
    const { keepsSymlinks, givesGroups } = scriptPolicy(config(text), systemAccounts);
    return [keepsSymlinks, givesGroups];
  };
  assert.deepEqual(rules(''), [false, false]);
  assert.deepEqual(rules(globals('use_symlink_paths on', 'set_supplementary_groups on')), [true, true]);
});

test('a url of HTTP_GET says how the answer is looked at', () => {
  const url =
    'url {\npath /\nregex "^OK"\nregex_no_match\nregex_options caseless multiline\nregex_min_offset 2\nregex_max_offset 9\n}';
  const model = config(
    `virtual_server 192.0.2.1 80 {\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\npersistence_engine sip\nreal_server 10.0.0.1 80 {\nHTTP_GET {\nhttp_protocol 1.1\n${url}\n}\n}\n}\n`,
  );
  const [server] = model.virtualServer;
  const [checker] = server?.realServer[0]?.checkers ?? [];
  assert.equal(server?.persistenceEngine, 'sip');
  assert.ok(checker?.kind === 'HTTP_GET');
  assert.equal(checker.httpProtocol, '1.1');
  const [asked] = checker.url;
  assert.deepEqual(
    [asked?.regexNoMatch, asked?.regexOptions, asked?.regexMinOffset, asked?.regexMaxOffset],
    [true, ['caseless', 'multiline'], 2, 9],
  );
});

test('iproute_etc_dir and iproute_usr_dir name the folders of the tables that names are looked up in', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ka-names-'));
  try {
    for (const [name, line] of [
      ['etc', '77 office'],
      ['usr', '78 lab'],
    ] as const) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'rt_tables'), `# ours\n${line}\n`);
    }
    const rules = 'static_rules {\nfrom 192.0.2.0/24 table office\nfrom 192.0.2.0/24 table lab\n}\n';
    const read = (text: string): readonly (number | string)[] =>
      parseConfig({ text: text + rules }).model?.staticRules.map(({ action }) =>
        action.kind === 'table' ? action.table : action.kind,
      ) ?? [];
    const named = globals(`iproute_etc_dir ${folder}/etc`, `iproute_usr_dir ${folder}/usr`);
    assert.deepEqual(read(named), [77, 78]);
    assert.deepEqual(read(''), []);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
