/**
 * The examples of the language reference: what each input means, and the status that keepalived's test mode gives it.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { parseConfig, type ParseOptions, type ParseResult } from '../../lib/config/load.js';
import type { GlobalDefs } from '../../lib/config/model.js';
import { keepalivedStatus } from '../../lib/config/verdict.js';
import { fakeFiles, fakeMachine } from './machine.js';

function read(
  text: string,
  options: ParseOptions = {},
  files: Parameters<typeof fakeFiles>[0] = {},
): ParseResult {
  const access = fakeFiles({ '/etc/keepalived/k.conf': text, ...files });
  return parseConfig(
    { path: '/etc/keepalived/k.conf' },
    { mode: 'test', machine: fakeMachine(), files: access, ...options },
  );
}

interface Example {
  readonly number: number;
  readonly text: string;
  /** Status that keepalived's test mode gives. */
  readonly status: number;
  readonly options?: ParseOptions;
  readonly files?: Parameters<typeof fakeFiles>[0];
  readonly globals?: Partial<Readonly<Record<keyof GlobalDefs, unknown>>>;
  readonly check?: (result: ParseResult) => void;
}

const global = (lines: string): string => `global_defs {\n${lines}\n}\n`;
const instance = (lines: string, name = 'V'): string =>
  `vrrp_instance ${name} {\n interface eth0\n virtual_router_id 5\n${lines}\n}\n`;
const vip = ' virtual_ipaddress {\n 192.0.2.9/24\n }\n';
const mails = (...lines: string[]): string => global(`notification_email {\n${lines.join('\n')}\n}`);
const to =
  (...expected: string[]) =>
  (result: ParseResult): void => {
    assert.deepEqual(
      result.model?.globalDefs.notificationEmail.map((word) => word.text),
      expected,
    );
  };
const secured = 'enable_script_security\nscript_user root\n';

const examples: readonly Example[] = [
  {
    number: 1,
    text: 'global_defs { router_id one\n}\nglobal_defs\n{\nrouter_id two }',
    status: 0,
    globals: { routerId: 'two' },
  },
  {
    number: 2,
    text: global('router_id c\\#d\nsmtp_helo_name "x#y!z"'),
    status: 0,
    globals: { routerId: 'c#d', smtpHeloName: 'x#y!z' },
  },
  { number: 3, text: global('colour blue\nrouter_id x'), status: 5, globals: { routerId: 'x' } },
  {
    number: 4,
    text: 'colours {\n red 1\n}\nglobal_defs {\n router_id x\n}\n',
    status: 5,
    globals: { routerId: 'x' },
  },
  { number: 5, text: 'global_defs {\n router_id x', status: 5, globals: { routerId: 'x' } },
  { number: 6, text: `${global('router_id x')}}\n`, status: 5, globals: { routerId: 'x' } },
  { number: 7, text: 'global_defs\n router_id x\n}', status: 5, globals: { routerId: 'x' } },
  { number: 8, text: 'global_defs { {\n router_id x\n}', status: 5, globals: { routerId: 'x' } },
  { number: 9, text: global('router_id "unterminated'), status: 5, globals: { routerId: undefined } },
  { number: 10, text: global('vrrp_version'), status: 2 },
  { number: 11, text: global('vrrp_garp_master_repeat 0'), status: 5, globals: { vrrpGarpMasterRepeat: 1 } },
  {
    number: 12,
    text: global('vrrp_garp_master_delay 7abc'),
    status: 5,
    globals: { vrrpGarpMasterDelay: 5_000_000 },
  },
  { number: 13, text: global('vrrp_min_garp TRUE'), status: 5, globals: { vrrpMinGarp: false } },
  { number: 14, text: global('vrrp_version 4'), status: 5, globals: { vrrpVersion: 2 } },
  {
    number: 15,
    text: `$NAME=alpha\n$N2=$NAME-beta\n$N3=\${NAME}-beta\n${global('router_id $N2\nsmtp_helo_name $N3\nnotification_email {\na@$NAME\n}')}`,
    status: 0,
    globals: { routerId: '$NAME-beta', smtpHeloName: 'alpha-beta' },
    check: to('a@alpha'),
  },
  { number: 16, text: '$NAME = alpha\n', status: 5 },
  {
    number: 17,
    text: '$OPTS=\\\n router_id m\\\n smtp_helo_name n\nglobal_defs {\n$OPTS\n}\n',
    status: 0,
    globals: { routerId: 'm', smtpHeloName: 'n' },
  },
  {
    number: 18,
    text: '@main global_defs {\n@main router_id m\n@^main router_id other\n@main }\n',
    status: 0,
    options: { configId: 'main' },
    globals: { routerId: 'm' },
  },
  {
    number: 19,
    text: global('notification_email {\n ~SEQ(I, 2, 4) u${I}@example.org\n }'),
    status: 0,
    check: to('u2@example.org', 'u3@example.org', 'u4@example.org'),
  },
  {
    number: 20,
    text: global('~LST({A,B},{vrrp,-5},{bfd,-6}) ${A}_priority ${B}'),
    status: 0,
    globals: { vrrpPriority: -5, bfdPriority: -6 },
  },
  {
    number: 21,
    text: global('~SEQ(I, 5, -1, 1) router_id r$I\n~SEQ(I, 5, 1, 1) router_id s$I'),
    status: 5,
    globals: { routerId: 'r1' },
  },
  { number: 22, text: `include none.conf\n${global('router_id x')}`, status: 0, globals: { routerId: 'x' } },
  { number: 23, text: `includem none.conf\n${global('router_id x')}`, status: 6 },
  {
    number: 24,
    text: `includem none*.conf\n${global('router_id x')}`,
    status: 0,
    globals: { routerId: 'x' },
  },
  { number: 25, text: 'includew none*.conf\n', status: 6 },
  { number: 26, text: `${global('include_check match')}include none.conf\n`, status: 6 },
  {
    number: 27,
    text: 'include i*.conf\n',
    status: 0,
    files: {
      '/etc/keepalived/i2.conf': global('router_id i2'),
      '/etc/keepalived/i1.conf': global('router_id i1'),
    },
    globals: { routerId: 'i2' },
  },
  { number: 28, text: 'includeb {i1,zz}.conf\n', status: 6, files: { '/etc/keepalived/i1.conf': '' } },
  {
    number: 29,
    text: 'includer x1.cfg\n',
    status: 6,
    files: { '/etc/keepalived/x1.cfg': { text: '', mode: 0o755 } },
  },
  {
    number: 30,
    text: 'vrrp_sync_group G {\n group { A }\n}\nvrrp_sync_group G {\n group { B }\n}\n',
    status: 5,
    check: (result) => assert.deepEqual(result.model?.vrrpSyncGroup, []),
  },
  { number: 31, text: `vrrp_script s {\n script /usr/bin/true\n}\n${instance(vip)}`, status: 6 },
  {
    number: 31,
    text: 'vrrp_script s {\n script /usr/bin/true\n}\n',
    status: 0,
  },
  {
    number: 32,
    text: `${global(secured)}vrrp_script s {\n script /usr/bin/true\n}\n${instance(vip)}`,
    status: 0,
  },
  {
    number: 33,
    text: `${global(secured)}vrrp_script s {\n script "/no/such/file"\n}\n${instance(vip)}`,
    status: 5,
    check: (result) => assert.deepEqual(result.model?.vrrpScript, []),
  },
  {
    number: 35,
    text: `${global('enable_script_security')}vrrp_script s {\n script /usr/bin/true\n}\n${instance(`${vip} track_script {\n s\n }`)}`,
    status: 5,
    check: (result) => assert.deepEqual(result.model?.vrrpInstance[0]?.trackScript, []),
  },
  { number: 36, text: global('script_user nosuchuser'), status: 5 },
  {
    number: 37,
    text: `vrrp_script s {\n interval 2\n}\n${instance(`${vip} track_script {\n s\n }`)}`,
    status: 5,
    check: (result) => assert.deepEqual(result.model?.vrrpScript, []),
  },
  {
    number: 38,
    text: `${global(secured)}${instance(`${vip} notify_master /usr/bin/logger -t x\n notify_backup "/usr/bin/true one"`)}`,
    status: 0,
    check(result) {
      assert.equal(result.model?.vrrpInstance[0]?.notifyMaster, undefined);
      assert.deepEqual(result.model?.vrrpInstance[0]?.notifyBackup?.argv, ['/usr/bin/true', 'one']);
    },
  },
  {
    number: 39,
    text: `${global(secured)}${instance(`${vip} notify_master /usr/bin/true\n notify_master /usr/bin/true`)}`,
    status: 5,
  },
  {
    number: 40,
    text: `${global('default_interface nosuch0')}static_ipaddress {\n 192.0.2.1/24\n}\n`,
    status: 4,
  },
  { number: 41, text: 'vrrp_instance V {\n interface nosuch0\n virtual_router_id 5\n}\n', status: 5 },
  {
    number: 42,
    text: `${global('dynamic_interfaces')}vrrp_instance V {\n interface nosuch0\n virtual_router_id 5\n${vip}}\n`,
    status: 0,
  },
  {
    number: 43,
    text: `vrrp_instance V {\n interface eth0\n${vip}}\n`,
    status: 5,
    check: (result) => assert.deepEqual(result.model?.vrrpInstance, []),
  },
  {
    number: 44,
    text: `vrrp_instance V {\n interface eth0\n virtual_router_id 256\n virtual_router_id 5\n priority 300\n${vip}}\n`,
    status: 5,
    check(result) {
      assert.equal(result.model?.vrrpInstance[0]?.virtualRouterId, 5);
      assert.equal(result.model?.vrrpInstance[0]?.priority, 100);
    },
  },
  { number: 45, text: instance(' version 3'), status: 5 },
  { number: 46, text: instance(`${vip} track_script {\n later\n }`), status: 5 },
  {
    number: 47,
    text: 'vrrp_track_file T {\n file /etc/keepalived/t\n}\n',
    status: 0,
    check: (result) => assert.equal(result.model?.trackFile[0]?.file, '/etc/keepalived/t'),
  },
  {
    number: 48,
    text: global('vrrp_vmac_garp_intvl 5'),
    status: 5,
    globals: { vrrpGarpExtraIf: { all: false, period: 5_000_000 } },
  },
  { number: 49, text: global('router_id ${UNSET}'), status: 5 },
  { number: 50, text: global('router_id "${UNSET}"'), status: 0, globals: { routerId: '${UNSET}' } },
  {
    number: 51,
    text: `$SEL=@main\n${global('$SEL router_id s')}`,
    status: 0,
    options: { configId: 'main' },
    globals: { routerId: 's' },
  },
  { number: 52, text: global('router_id ${_ENV UNSETVAR}x'), status: 0, globals: { routerId: 'x' } },
  {
    number: 53,
    text: global('process_name abcdefghijklmnopqrst'),
    status: 5,
    globals: { processName: 'abcdefghijklmno' },
  },
  { number: 54, text: global(`router_id ${'x'.repeat(1100)}`), status: 5 },
  { number: 55, text: `\ufeff${global('router_id x')}`, status: 5, globals: { routerId: 'x' } },
  { number: 56, text: global('router_id x').replaceAll('\n', '\r\n'), status: 0, globals: { routerId: 'x' } },
  { number: 57, text: '', status: 0 },
  {
    number: 58,
    text: global('smtp_connect_timeout 010\nvrrp_garp_interval .25'),
    status: 0,
    globals: { smtpConnectTimeout: 10_000_000, vrrpGarpInterval: 250_000 },
  },
  {
    number: 59,
    text: global('vrrp_garp_master_refresh 0x10\nvrrp_gna_interval 1.0000001'),
    status: 5,
    globals: { vrrpGarpMasterRefresh: 0, vrrpGnaInterval: 1_000_000 },
  },
  { number: 60, text: 'vrrp_sync_group {\n group { A }\n}\n', status: 5 },
  { number: 61, text: 'vrrp_sync_group G {\n group { A }\n group { B }\n}\n', status: 5 },
  {
    number: 62,
    text: '$INST=\\\nbfd_instance B$I {\\\n neighbor_ip 192.0.2.$I\\\n}\n$I=1\n$INST\n$I=2\n$INST\n',
    status: 0,
    check: (result) =>
      assert.deepEqual(
        result.model?.bfdInstance.map((item) => item.neighborIp),
        ['192.0.2.1', '192.0.2.2'],
      ),
  },
  {
    number: 63,
    text: '$INST=\\\nbfd_instance B$I {\\\n neighbor_ip 192.0.2.$I\\\n}\n~SEQ(I,1,2) $INST\n',
    status: 0,
    check: (result) =>
      assert.deepEqual(
        result.model?.bfdInstance.map((item) => item.name),
        ['B1', 'B2'],
      ),
  },
  {
    number: 64,
    text: '~SEQ(I,1,2) vrrp_instance A$I {\n interface eth0\n virtual_router_id $I\n}\n',
    status: 5,
  },
  {
    number: 65,
    text: `$U=one \\\n two\n${mails('p $U')}`,
    status: 0,
    check: to('p', 'one', 'two'),
  },
  { number: 69, text: instance(`${vip} advert_int 1.5`), status: 5 },
  {
    number: 70,
    text: instance(`${vip} authentication {\n auth_type MD5\n auth_pass 123456789\n }`),
    status: 5,
    check: (result) => assert.equal(result.model?.vrrpInstance[0]?.authentication, undefined),
  },
  {
    number: 71,
    text: instance(' virtual_ipaddress {\n 192.0.2.9 nodad\n 192.0.2.8/40\n 192.0.2.7.1\n 2001:db8::1\n }'),
    status: 5,
    check(result) {
      const list = result.model?.vrrpInstance[0]?.virtualIpaddress.map(
        (item) => `${item.address}/${String(item.prefixLength)}`,
      );
      assert.deepEqual(list, ['192.0.2.9/32', '192.0.2.8/32']);
    },
  },
  {
    number: 72,
    text: mails(`a"b c"d 'q r'`, 'y\\!z', 'back\\slash', '"" end'),
    status: 0,
    check: to('a', 'b c', 'd', "'q", "r'", 'y!z', 'back\\slash', '', 'end'),
  },
  { number: 73, text: mails('s"${_HASH}"t', 'u${_HASH}v'), status: 0, check: to('s', '#', 't', 'u') },
  {
    number: 74,
    text: mails('~SEQ(I,0) z$I', '~SEQ(I,-2) n${I}m', '~SEQx(I,9,11) h$I'),
    status: 0,
    check: to('z1', 'z0', 'n-1m', 'n-2m', 'h9', 'ha', 'hb'),
  },
  {
    number: 75,
    text: mails('~LST({a,b},{1,2},{3}) l${a}-${b}e', '~SEQ(I,1,2) ~SEQ(J,1,2) d${I}${J}'),
    status: 0,
    check: to('l1-2e', 'l3-e', 'd11', 'd12', 'd21', 'd22'),
  },
  {
    number: 76,
    text: mails('@id @id c3', '~FOO(1)'),
    status: 0,
    options: { configId: 'id' },
    check: to('@id', 'c3', '~FOO(1)'),
  },
  {
    number: 77,
    text: 'static_rules {\n from 192.0.2.0/24 table 7 no_track\n to 192.0.2.0/24\n to 192.0.2.1 table 7 priority 9 sport 80\n}\n',
    status: 5,
    check(result) {
      assert.deepEqual(
        result.model?.staticRules.map((rule) => [rule.preference, rule.sport]),
        [
          [16384, undefined],
          [9, undefined],
        ],
      );
    },
  },
];

for (const { number, text, status, options, files, globals, check } of examples) {
  test(`example ${String(number)}: ${JSON.stringify(text.slice(0, 60))}`, () => {
    const result = read(text, options, files);
    assert.equal(
      keepalivedStatus(result.asKeepalived),
      status,
      JSON.stringify(result.diagnostics.map((item) => item.message)),
    );
    for (const [field, value] of Object.entries(globals ?? {})) {
      assert.ok(result.model !== undefined);
      assert.deepEqual(new Map(Object.entries(result.model.globalDefs)).get(field), value);
    }
    check?.(result);
  });
}

test('example 65: what follows a multi-line parameter on its line is lost', () => {
  const { model, diagnostics } = read(`$U=one \\\n two\n${mails('p $U q')}`);
  assert.deepEqual(
    model?.globalDefs.notificationEmail.map((word) => word.text),
    ['p', 'one', 'two'],
  );
  assert.equal(keepalivedStatus(diagnostics), 0);
});

test('example 66: a file that does not exist is told, and is status 0 in test mode', () => {
  const { model, diagnostics } = parseConfig(
    { path: '/etc/keepalived/none.conf' },
    { machine: fakeMachine(), files: fakeFiles({}) },
  );
  assert.equal(model, undefined);
  assert.deepEqual(
    diagnostics.map((item) => item.code),
    ['KA1001'],
  );
  assert.equal(keepalivedStatus(diagnostics), 0);
});

test('example 67: a pattern with two matches reads both and is complained about', () => {
  const files = fakeFiles({ '/c/i1.conf': global('router_id i1'), '/c/i2.conf': global('router_id i2') });
  const { model, diagnostics } = parseConfig({ path: '/c/i*.conf' }, { machine: fakeMachine(), files });
  assert.equal(model?.globalDefs.routerId, 'i2');
  assert.equal(keepalivedStatus(diagnostics), 5);
});
