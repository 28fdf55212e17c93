import assert from 'node:assert/strict';
import test from 'node:test';
import { parseConfig } from '../../../lib/config/load.js';
import type { LvsMethod, VirtualServer } from '../../../lib/config/model-lvs.js';
import { addressRange } from '../../../lib/lvs/addresses.js';
import { desiredTable, type VirtualServerHealth } from '../../../lib/lvs/desired.js';
import { markTables } from '../../../lib/lvs/mark-tables.js';
import { virtualServerNames } from '../../../lib/lvs/names.js';
import { serviceId } from '../../../lib/lvs/table.js';
import { lvsConfig, nat, nowhere, realServer, sorryServer, virtualServer } from '../../support/lvs-model.js';

const dr: LvsMethod = { ...nat, method: 'DR' };
const gue: LvsMethod = { method: 'TUN', tunnelType: 'gue', tunnelPort: 6080, tunnelCsum: 'csum' };

function healthy(server: VirtualServer, isSorryActive = false): VirtualServerHealth {
  return {
    quorum: { isUp: !isSorryActive, isSorryActive },
    servers: server.realServer.map(({ weight }) => ({ isAlive: !isSorryActive, weight })),
  };
}

test('a virtual server becomes a service with its healthy servers', () => {
  const server = virtualServer({
    lvsSched: 'mh',
    schedFlags: 0x10,
    persistenceTimeout: 300,
    persistenceGranularity: '255.255.255.0',
    realServer: [
      realServer({ weight: 3, uthreshold: 100, lthreshold: 50 }),
      realServer({ address: '10.1.0.2', lvsMethod: gue, port: 80 }),
    ],
  });
  assert.deepEqual(desiredTable(lvsConfig([server]), [healthy(server)]), [
    {
      service: {
        key: { kind: 'address', protocol: 'TCP', address: '10.0.0.1', port: 80 },
        scheduler: 'mh',
        schedFlags: 0x10,
        onePacket: false,
        persistence: { timeoutS: 300, granularity: '255.255.255.0', engine: undefined },
      },
      destinations: [
        {
          address: '10.1.0.1',
          port: 8080,
          forward: 'NAT',
          tunnel: undefined,
          weight: 3,
          upperThreshold: 100,
          lowerThreshold: 50,
        },
        {
          address: '10.1.0.2',
          port: 80,
          forward: 'TUN',
          tunnel: { type: 'gue', port: 6080, csum: 'csum' },
          weight: 1,
          upperThreshold: 0,
          lowerThreshold: 0,
        },
      ],
    },
  ]);
});

test('nftables_ipvs: the addresses of a group are one mark, unless the group has marks itself', () => {
  const text = [
    'global_defs {\nnftables_ipvs\nnftables_ipvs_start_fwmark 70\n}',
    'virtual_server_group G {\n10.8.0.1-3 80\n}\nvirtual_server_group M {\n10.8.0.4 80\nfwmark 9\n}',
    ...['G TCP 1', 'M TCP 2', 'G UDP 3', 'G TCP 4'].map((each) => {
      const [group = '', protocol = '', last = ''] = each.split(' ');
      return `virtual_server group ${group} {\nprotocol ${protocol}\nlvs_method DR\nreal_server 10.9.0.${last} 80 {\n}\n}`;
    }),
  ].join('\n');
  const { model } = parseConfig({ text }, { offline: true });
  assert.ok(model !== undefined);
  const table = desiredTable(
    model,
    model.virtualServer.map((server) => healthy(server)),
  );
  assert.deepEqual(
    table.map(({ service, destinations }) => [
      serviceId(service.key),
      destinations.map(({ address, port }) => `${address} ${port}`),
    ]),
    [
      ['FWM 70', ['10.9.0.1 0', '10.9.0.4 0']],
      ['TCP [10.8.0.4]:80', ['10.9.0.2 80']],
      ['FWM 9', ['10.9.0.2 0']],
      ['FWM 71', ['10.9.0.3 0']],
    ],
  );
  assert.deepEqual(
    markTables(model).map(({ family, name, elements }) => [family, name, [...elements]]),
    [
      [
        'ip',
        'keepalived_ipvs',
        [
          ['tcp_map', ['10.8.0.1-10.8.0.3 . 80 : 70']],
          ['udp_map', ['10.8.0.1-10.8.0.3 . 80 : 71']],
        ],
      ],
    ],
  );
});

test('a server of a group without NAT keeps its port in the configuration, and has that of each service in the kernel', () => {
  const group = 'virtual_server_group G {\n10.8.0.1 80\n10.8.0.2 81\n}\n';
  const text = `${group}virtual_server group G {\nprotocol TCP\nlvs_sched rr\nlvs_method DR\nreal_server 10.9.0.1 8080 {\nTCP_CHECK {\n}\n}\n}\n`;
  const { model } = parseConfig({ text }, { offline: true });
  const [server] = model?.virtualServer ?? [];
  assert.ok(model !== undefined && server !== undefined);
  const [real] = server.realServer;
  const [check] = real?.checkers ?? [];
  assert.equal(real?.port, 8080);
  assert.equal(check?.kind === 'TCP_CHECK' && check.connectPort, 8080);
  assert.deepEqual(
    desiredTable(model, [healthy(server)]).flatMap(({ destinations }) =>
      destinations.map(({ port }) => port),
    ),
    [80, 81],
  );
});

test('the sorry server alone is there while it is active', () => {
  const server = virtualServer({
    sorryServer: sorryServer(),
    realServer: [realServer(), realServer({ address: '10.1.0.2', inhibitOnFailure: true })],
  });
  const [entry] = desiredTable(lvsConfig([server]), [healthy(server, true)]);
  assert.deepEqual(
    entry?.destinations.map(({ address, port, weight }) => [address, port, weight]),
    [
      ['10.1.0.2', 8080, 0],
      ['10.1.0.99', 9999, 1],
    ],
  );
});

test('a sorry server that is one of the real servers shares its entry', () => {
  const server = virtualServer({
    sorryServer: sorryServer({ address: '10.1.0.1', port: 8080 }),
    realServer: [realServer({ inhibitOnFailure: true })],
  });
  const [entry] = desiredTable(lvsConfig([server]), [healthy(server, true)]);
  assert.deepEqual(
    entry?.destinations.map(({ address, weight }) => [address, weight]),
    [['10.1.0.1', 1]],
  );
});

test('a group gives a service for each address and mark; virtual servers that share one share its services', () => {
  const group = {
    name: 'G',
    at: nowhere,
    entries: [
      { kind: 'addresses', family: 4, first: '10.0.0.254', last: '10.0.1.1', port: 80, at: nowhere } as const,
      { kind: 'fwmark', fwmark: 7, family: undefined, at: nowhere } as const,
    ],
  };
  const use = (address: string): VirtualServer =>
    virtualServer({
      key: { kind: 'group', group: 'G' },
      realServer: [realServer({ address, lvsMethod: dr, port: 80 })],
    });
  const servers = [use('10.1.0.1'), use('10.1.0.2')];
  const table = desiredTable(
    lvsConfig(servers, [group]),
    servers.map((s) => healthy(s)),
  );
  assert.deepEqual(
    table.map(({ service, destinations }) => [
      serviceId(service.key),
      ...destinations.map((d) => `${d.address}:${d.port}`),
    ]),
    [
      ['TCP [10.0.0.254]:80', '10.1.0.1:80', '10.1.0.2:80'],
      ['TCP [10.0.0.255]:80', '10.1.0.1:80', '10.1.0.2:80'],
      ['TCP [10.0.1.0]:80', '10.1.0.1:80', '10.1.0.2:80'],
      ['TCP [10.0.1.1]:80', '10.1.0.1:80', '10.1.0.2:80'],
      ['FWM 7', '10.1.0.1:0', '10.1.0.2:0'],
    ],
  );
  assert.deepEqual(virtualServerNames([...servers, virtualServer()]), [
    '[G]:0',
    '[G]:1',
    '[10.0.0.1]:tcp:80',
  ]);
});

test('address ranges are walked in both families', () => {
  assert.deepEqual(addressRange(4, '10.0.0.1', '10.0.0.1'), ['10.0.0.1']);
  assert.deepEqual(addressRange(4, '10.0.0.255', '10.0.1.1'), ['10.0.0.255', '10.0.1.0', '10.0.1.1']);
  assert.deepEqual(addressRange(6, '2001:db8::fffe', '2001:db8::1:1'), [
    '2001:db8::fffe',
    '2001:db8::ffff',
    '2001:db8::1:0',
    '2001:db8::1:1',
  ]);
});
