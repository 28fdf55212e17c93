/** Each lint, both ways: what hurts is told where it stands, what is well is not. */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { Diagnostic } from '../../lib/config/diagnostic.js';
import { lintCluster } from '../../lib/config/lint/cluster.js';
import { lintConfig } from '../../lib/config/lint/lint.js';
import { lintMessages } from '../../lib/config/lint/messages.js';
import type { Subnet } from '../../lib/config/lint/networks.js';
import { parseConfig, type FileAccess } from '../../lib/config/load.js';
import type { Config } from '../../lib/config/model.js';
import { textOf } from '../../lib/config/source.js';
import { keepalivedStatus } from '../../lib/config/verdict.js';
import { fakeFiles, fakeMachine } from './machine.js';

const eth0: Subnet = { family: 4, network: '192.0.2.0', prefixLength: 24, text: '192.0.2.0/24' };

function model(text: string): Config {
  const clean = text.replace('«', '').replace('»', '');
  const parsed = parseConfig({ text: clean }, { machine: fakeMachine(), files: fakeFiles({}) });
  assert.ok(parsed.model !== undefined);
  return parsed.model;
}

interface Instance {
  readonly name?: string;
  readonly vips?: string;
  readonly lines?: string;
  readonly vrid?: number;
}

function instance({ name = 'V', vips = '192.0.2.9/24', lines = '', vrid = 5 }: Instance = {}): string {
  return `vrrp_instance ${name} {\n interface eth0\n virtual_router_id ${String(vrid)}\n virtual_ipaddress {\n ${vips}\n }\n ${lines}\n}\n`;
}

const script = (lines: string): string => `vrrp_script s {\n script /usr/bin/true\n ${lines}\n}\n`;
const server = (lines: string): string =>
  `virtual_server 192.0.2.1 80 {\n lvs_sched rr\n lvs_method DR\n protocol TCP\n ${lines}\n}\n`;
const reals = 'real_server 10.0.0.1 80 {\n }\n real_server 10.0.0.2 80 {\n }';
const peer = (more: string): string => instance({ lines: `unicast_peer {\n ${more}\n }` });
const udp = (lines: string): string =>
  `virtual_server «192.0.2.1» 53 {\n lvs_sched rr\n lvs_method DR\n protocol UDP\n ops\n ${lines}\n ${reals}\n}\n`;

/** `/opt/open` may be written by everybody. */
const tree = fakeFiles({ '/opt/open/run.sh': { text: '', mode: 0o755 } });
const scripts: FileAccess = {
  ...tree,
  stat: (path) =>
    path === '/opt/open' ? { kind: 'directory', mode: 0o777, uid: 0, gid: 0 } : tree.stat(path),
};

/** Code, a text that it is said of with « and » around the place, and a text that is well. */
const alone: readonly (readonly [string, string, string])[] = [
  [
    'KA6001',
    instance({ name: 'A' }) + instance({ name: 'B', vrid: 6, vips: '«192.0.2.9/24»' }),
    instance({ name: 'A' }) + instance({ name: 'B', vrid: 6, vips: '192.0.2.10/24' }),
  ],
  [
    'KA6001',
    instance({ vips: '192.0.2.9/24\n «192.0.2.9/32»' }),
    instance({ vips: '192.0.2.9/24\n 192.0.2.10/24' }),
  ],
  [
    'KA6001',
    `static_ipaddress {\n 192.0.2.9/24 dev eth1\n}\n${instance({ vips: '«192.0.2.9»' })}`,
    `static_ipaddress {\n 192.0.2.8/24 dev eth1\n}\n${instance()}`,
  ],
  [
    'KA6001',
    instance({ name: 'A', vips: 'fe80::1/64' }) + instance({ name: 'B', vrid: 6, vips: '«fe80::1/64»' }),
    instance({ name: 'A', vips: 'fe80::1/64' }) +
      instance({ name: 'B', vrid: 6, vips: 'fe80::1/64' }).replace('eth0', 'eth1'),
  ],
  [
    'KA6002',
    instance({ lines: 'state BACKUP\n priority «255»' }),
    instance({ lines: 'state MASTER\n priority 255' }),
  ],
  [
    'KA6003',
    script('') + instance({ lines: 'priority 254\n track_script {\n «s» weight 5\n }' }),
    script('') + instance({ lines: 'priority 254\n track_script {\n s weight -5\n }' }),
  ],
  [
    'KA6003',
    script('') + instance({ lines: 'priority 250\n track_script {\n «s» weight 10\n }' }),
    script('') + instance({ lines: 'priority 244\n track_script {\n s weight 10\n }' }),
  ],
  [
    'KA6003',
    `${script('weight 10')}${instance({ lines: 'priority 250' })}vrrp_sync_group G {\n group {\n V\n }\n track_script {\n «s»\n }\n}\n`,
    `${script('weight 10')}${instance({ lines: 'priority 100' })}vrrp_sync_group G {\n group {\n V\n }\n track_script {\n s\n }\n}\n`,
  ],
  ['KA6004', peer('«192.0.2.3» min_ttl 1'), peer('192.0.2.3 min_ttl 254')],
  [
    'KA6004',
    peer('«192.0.2.3»'),
    instance({
      lines: 'authentication {\n auth_type PASS\n auth_pass x\n }\n unicast_peer {\n 192.0.2.3\n }',
    }),
  ],
  ['KA6004', peer('«192.0.2.3»'), peer('192.0.2.3 min_ttl 255')],
  [
    'KA6005',
    `global_defs {\n vrrp_mcast_group4 «224.0.0.19»\n}\n${peer('192.0.2.3 min_ttl 255')}`,
    `global_defs {\n vrrp_mcast_group4 224.0.0.19\n}\n${instance()}`,
  ],
  [
    'KA6005',
    `global_defs {\n vrrp_mcast_group6 «ff02::13»\n}\n${instance({ vips: '2001:db8::1/64', lines: 'unicast_peer {\n 2001:db8::3 min_ttl 255\n }' })}`,
    `global_defs {\n vrrp_mcast_group4 224.0.0.19\n}\n${instance({ name: 'A' })}${instance({ name: 'B', vrid: 6, vips: '192.0.2.10', lines: 'unicast_peer {\n 192.0.2.3 min_ttl 255\n }' })}`,
  ],
  [
    'KA6006',
    instance({ lines: 'strict_mode\n version 3' }).replace('V {', '«V» {'),
    instance({ lines: 'version 3' }),
  ],
  ['KA6007', instance({ vips: '«198.51.100.1/24»' }), instance()],
  [
    'KA6007',
    instance({ lines: 'virtual_ipaddress_excluded {\n «198.51.100.1/24»\n }' }),
    instance({ lines: 'virtual_ipaddress_excluded {\n 198.51.100.1/32 dev lo\n fe80::1/64\n }' }),
  ],
  [
    'KA6007',
    `static_ipaddress {\n 203.0.113.1/24 dev eth0\n}\n${instance({ vips: '«198.51.100.1»' })}`,
    `static_ipaddress {\n 203.0.113.1/24 dev eth0\n}\n${instance({ vips: '203.0.113.9' })}`,
  ],
  ['KA6008', instance({ lines: 'state «MASTER»' }), instance({ lines: 'state MASTER\n priority 150' })],
  [
    'KA6013',
    script('weight -150') + instance({ lines: 'priority 100\n track_script {\n «s»\n }' }),
    script('weight -99') + instance({ lines: 'priority 100\n track_script {\n s\n }' }),
  ],
  [
    'KA6014',
    script('') + instance({ lines: 'priority 1\n track_script {\n «s» weight -5\n }' }),
    script('') + instance({ lines: 'priority 1\n track_script {\n s weight 5\n }' }),
  ],
  [
    'KA6015',
    instance({ lines: 'strict_mode\n accept\n unicast_peer {\n «192.0.2.3» min_ttl 255\n }' }),
    instance({ lines: 'strict_mode off\n unicast_peer {\n 192.0.2.3 min_ttl 255\n }' }),
  ],
  [
    'KA6016',
    instance({ lines: 'notify_master «"/opt/open/run.sh a"» root' }),
    instance({ lines: 'notify_master "/usr/bin/true a" root' }),
  ],
  [
    'KA6017',
    instance({ lines: 'notify_stop «/opt/none.sh»' }),
    instance({ lines: 'notify_stop /usr/bin/true' }),
  ],
  [
    'KA6019',
    script('') + script('').replace(' s {', ' «s» {'),
    script('') + script('').replace(' s {', ' t {'),
  ],
  [
    'KA6018',
    script('weight -20') + instance({ lines: 'nopreempt\n track_script {\n «s»\n }' }),
    script('') + instance({ lines: 'nopreempt\n track_script {\n s\n }' }),
  ],
  ['KA6009', udp('persistence_timeout 50'), udp('')],
  [
    'KA6010',
    server(`quorum 2\n ${reals}`).replace('192.0.2.1', '«192.0.2.1»'),
    server(`quorum 2\n sorry_server 10.0.0.9 80\n ${reals}`),
  ],
  [
    'KA6020',
    instance({ lines: 'notify_master «"/bin/echo master > /run/state"»' }),
    instance({ lines: `notify_master "/bin/sh -c 'echo master > /run/state'"` }),
  ],
  [
    'KA6020',
    'vrrp_script s {\n script «"/usr/bin/ss -ltn | grep :80"»\n}\n',
    'vrrp_script s {\n script "/usr/bin/ss -ltn sport = :80"\n}\n',
  ],
  ['KA6011', script('interval 2\n timeout 5').replace(' s {', ' «s» {'), script('interval 5\n timeout 2')],
  [
    'KA6011',
    server('delay_loop 3\n real_server 10.0.0.1 80 {\n «TCP_CHECK» {\n connect_timeout 5\n }\n }'),
    server('delay_loop 5\n real_server 10.0.0.1 80 {\n TCP_CHECK {\n connect_timeout 3\n }\n }'),
  ],
  [
    'KA6012',
    `virtual_server_group G {\n 192.0.2.1-9 80\n}\nvirtual_server group G {\n lvs_method DR\n real_server «192.0.2.5» 80 {\n }\n}\n`,
    `virtual_server_group G {\n 192.0.2.1-9 80\n}\nvirtual_server group G {\n lvs_method DR\n real_server 192.0.2.10 80 {\n }\n}\n`,
  ],
  [
    'KA6012',
    `${instance()}virtual_server fwmark 1 {\n lvs_method DR\n real_server «192.0.2.9» 80 {\n }\n}\n`,
    `${instance()}virtual_server fwmark 1 {\n lvs_method DR\n real_server 10.0.0.1 80 {\n }\n}\n`,
  ],
  ['KA6012', server('real_server «192.0.2.1» 80 {\n }'), server('real_server 10.0.0.1 80 {\n }')],
];

function lint(text: string): readonly Diagnostic[] {
  return lintConfig(model(text), {
    networks: (device) => (device === 'eth0' ? [eth0] : []),
    host: { machine: fakeMachine(), files: scripts },
  });
}

for (const [code, bad, good] of alone) {
  test(`${code} is told of what hurts, and of nothing else`, () => {
    const found = lint(bad).filter((item) => item.code === code);
    assert.equal(found.length, 1, JSON.stringify(lint(bad).map((item) => item.message)));
    const span = found[0]?.span;
    assert.deepEqual([span?.start, span?.end], [bad.indexOf('«'), bad.indexOf('»') - 1]);
    assert.deepEqual(
      lint(good).filter((item) => item.code === code),
      [],
    );
    assert.equal(keepalivedStatus(found), 0, 'keepalived would not say it');
  });
}

test('what a server says for all of its checkers is told once', () => {
  const real = (last: string): string =>
    `real_server 10.0.0.${last} 80 {\n TCP_CHECK {\n connect_timeout 5\n }\n }\n`;
  const found = lint(server(`delay_loop 3\n ${real('1')}${real('2')}`));
  assert.deepEqual(
    found.map(({ code }) => code),
    ['KA6011'],
  );
});

test('what was said of a script already is not said again', () => {
  const clean = `global_defs {\n enable_script_security\n script_user root\n}\n${instance({ lines: 'notify_master /opt/open/run.sh\n notify_stop /opt/none.sh\n notify_fault /opt/open' })}`;
  const machine = fakeMachine();
  const parsed = parseConfig({ text: clean }, { machine, files: scripts });
  assert.ok(parsed.model !== undefined);
  const found = lintConfig(parsed.model, {
    host: { machine, files: scripts },
    told: parsed.diagnostics,
  });
  assert.deepEqual(found, []);
  assert.deepEqual(
    parsed.diagnostics.map(({ code, message }) => `${code} ${message}`),
    [
      'KA5004 /opt/open/run.sh will not run: /opt/open can be changed by others than root',
      'KA5004 /opt/open will not run: it is not a file',
      'KA5004 /opt/none.sh will not run: it is not found',
    ],
  );
});

test('typographic quotation marks of a script are told for another machine, too', () => {
  const found = lintConfig(model(instance({ lines: 'notify_stop \u201c/usr/bin/true\u201d' })));
  assert.deepEqual(
    found.map(({ code, hint }) => `${code} ${hint}`),
    ['KA6017 typographic quotation marks are ordinary letters here; write " "'],
  );
  assert.deepEqual(lintConfig(model(instance({ lines: 'notify_stop "/usr/bin/true"' }))), []);
});

test('nothing is said of subnets that are not known', () => {
  assert.deepEqual(lintConfig(model(instance({ vips: '198.51.100.1/24' }))), []);
});

const on = (priority: number, lines = ''): string =>
  instance({ lines: `priority ${String(priority)}\n ${lines}` });
const unicast = (own: string, other: string, priority: number): string =>
  on(priority, `unicast_src_ip ${own}\n unicast_peer {\n ${other}\n }`);
const auth = (password: string): string => `authentication {\n auth_type PASS\n auth_pass ${password}\n }`;
const tracked = (weight: number): string => `track_script {\n s weight ${String(weight)}\n }`;

const twoNetworks = (one: string, other: string): string =>
  instance({ name: 'A', vips: one }) + instance({ name: 'B', vips: other }).replace('eth0', 'eth1');

/** Code, the files of a cluster where it is told, and of one where it is not. */
const clusters: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ['KA7001', [on(150), instance({ vips: '192.0.2.8/24', lines: 'priority 100' })], [on(150), on(100)]],
  ['KA7002', [on(150, 'version 3'), on(100, 'version 2')], [on(150, 'version 3'), on(100, 'version 3')]],
  ['KA7003', [on(150, 'advert_int 2'), on(100)], [on(150, 'advert_int 2'), on(100, 'advert_int 2')]],
  ['KA7004', [on(150, auth('a')), on(100, auth('b'))], [on(150, auth('a')), on(100, auth('a'))]],
  ['KA7005', [on(150), on(100), on(100)], [on(150), on(100), on(99)]],
  [
    'KA7006',
    [unicast('192.0.2.1', '192.0.2.2', 150), unicast('192.0.2.2', '192.0.2.3', 100)],
    [unicast('192.0.2.1', '192.0.2.2', 150), unicast('192.0.2.2', '192.0.2.1', 100)],
  ],
  [
    'KA7007',
    [script('') + on(150, tracked(-20)), script('') + on(100, tracked(-20))],
    [script('') + on(150, tracked(-60)), script('') + on(100, tracked(-60))],
  ],
  ['KA7001', [on(150), on(100, 'virtual_ipaddress_excluded {\n 192.0.2.77\n }')], [on(150), on(100)]],
  ['KA7009', [on(150), on(100, 'state MASTER')], [on(150, 'state MASTER'), on(100)]],
  [
    'KA7010',
    [script('') + on(150), script('') + on(100, tracked(60))],
    [script('') + on(150, tracked(60)), script('') + on(100, tracked(60))],
  ],
  [
    'KA7011',
    [on(150, 'version 3\n advert_int 0.5'), on(100, 'version 2')],
    [on(150, 'version 3\n advert_int 2'), on(100, 'version 2')],
  ],
  [
    'KA7012',
    [on(150), unicast('192.0.2.2', '192.0.2.1', 100)],
    [unicast('192.0.2.1', '192.0.2.2', 150), unicast('192.0.2.2', '192.0.2.1', 100)],
  ],
  [
    'KA7007',
    [script('') + on(150, tracked(-50)), script('') + on(100)],
    [script('') + on(150, tracked(-51)), script('') + on(100)],
  ],
  [
    'KA7013',
    [script('') + on(150, tracked(-60)), on(100, 'nopreempt')],
    [script('') + on(150, `nopreempt\n ${tracked(-60)}`), on(100)],
  ],
  ['KA7014', [on(150), instance({ vrid: 7 })], [on(150), on(100)]],
  [
    'KA7001',
    [on(150), instance({ vips: '192.0.2.9/24\n 192.0.2.8/24' })],
    [on(150), instance({ vips: '192.0.2.9/32', lines: 'priority 100' })],
  ],
  // One VRID on two networks is two routers.
  [
    'KA7001',
    [twoNetworks('192.0.2.9', '198.51.100.9'), twoNetworks('192.0.2.9', '198.51.100.8')],
    [twoNetworks('192.0.2.9', '198.51.100.9'), twoNetworks('192.0.2.9', '198.51.100.9')],
  ],
  ['KA7008', [on(150), instance({ vrid: 7, vips: '192.0.2.77' }).replace('V', 'W')], [on(150), on(100)]],
];

function across(texts: readonly string[]): readonly string[] {
  const nodes = texts.map((text, index) => ({ name: `node${String(index)}.conf`, model: model(text) }));
  return lintCluster(nodes).map((item) => item.code);
}

for (const [code, bad, good] of clusters) {
  test(`${code} is told of a cluster that does not agree`, () => {
    assert.ok(across(bad).includes(code), JSON.stringify(across(bad)));
    assert.ok(!across(good).includes(code), JSON.stringify(across(good)));
  });
}

test('each mistake across nodes is told once, where it stands', () => {
  const places = (texts: readonly string[]): readonly string[] => {
    const nodes = texts.map((text, index) => ({ name: `node${String(index)}.conf`, model: model(text) }));
    return lintCluster(nodes).map(({ code, span, related }) =>
      [code, textOf(span), ...related.map((item) => textOf(item.span))].join(' '),
    );
  };
  assert.deepEqual(
    places([on(150), instance({ vips: '192.0.2.9/24\n 192.0.2.8/24', lines: 'priority 100' })]),
    ['KA7001 192.0.2.8/24 V'],
  );
  assert.deepEqual(places([on(150, 'version 3\n advert_int 0.5'), on(100, 'version 2')]), [
    'KA7002 2 3',
    'KA7011 0.5',
  ]);
  assert.deepEqual(places([on(150, 'advert_int 3'), on(100, 'advert_int 2')]), ['KA7003 2 3']);
  assert.deepEqual(places([on(150, 'state MASTER'), on(100, 'state MASTER')]), ['KA7009 MASTER 150']);
  assert.deepEqual(places([on(150), instance({ vrid: 7, lines: 'priority 100' })]), ['KA7014 7 5']);
});

test('every lint is tested', () => {
  const tested = new Set([...alone.map(([code]) => code), ...clusters.map(([code]) => code)]);
  const missing = Object.values(lintMessages).filter(({ code }) => !tested.has(code));
  assert.deepEqual(
    missing.map(({ code }) => code),
    [],
  );
});
