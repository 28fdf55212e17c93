/** What becomes of a file whose braces do not fit: the same as with keepalived 2.2.7, whose own messages gave the expectations. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { parseConfig, type ParseResult } from '../../../lib/config/load.js';
import { keepalivedStatus } from '../../../lib/config/verdict.js';
import { fakeMachine } from '../../config/machine.js';

function read(text: string, options: { readonly asMeant?: boolean } = {}): ParseResult {
  return parseConfig({ text }, { mode: 'test', machine: fakeMachine(), ...options });
}

/** Instances as `name vrid priority address,address`. */
function instances({ model }: ParseResult): readonly string[] {
  return (model?.vrrpInstance ?? []).map(
    ({ name, virtualRouterId, priority, virtualIpaddress }) =>
      `${name} ${String(virtualRouterId)} ${String(priority)} ${virtualIpaddress.map(({ address }) => address).join()}`,
  );
}

const servers = ({ model }: ParseResult): readonly string[] =>
  (model?.virtualServer ?? []).map(({ key }) => (key.kind === 'address' ? key.address : key.kind));

const head = 'interface eth0\n virtual_router_id 5\n';
const vip = (last: number): string => `virtual_ipaddress {\n 192.0.2.${String(last)}\n }\n`;
const good = `vrrp_instance B {\n interface eth0\n virtual_router_id 6\n ${vip(2)}}\n`;
const server = (last: number): string =>
  `virtual_server 192.0.2.${String(last)} 80 {\n protocol TCP\n lvs_sched rr\n lvs_method NAT\n real_server 10.0.0.1 80 {\n }\n}\n`;

test("the '}' of an unknown block ends the block around it, and what follows is lost", () => {
  const text = `vrrp_instance A {\n ${head} ${vip(1)} colour {\n priority 7\n }\n priority 9\n ${vip(3)}}\n${good}`;
  assert.deepEqual(instances(read(text)), ['A 5 7 192.0.2.1', 'B 6 100 192.0.2.2']);
  assert.deepEqual(instances(read(text, { asMeant: true })), [
    'A 5 9 192.0.2.1,192.0.2.3',
    'B 6 100 192.0.2.2',
  ]);
});

test("the '{' behind a keyword without a block is ignored in the same way", () => {
  const result = read(
    `vrrp_instance A {\n ${head} ${vip(1)} state BACKUP {\n priority 7\n }\n priority 9\n}\n`,
  );
  assert.deepEqual(instances(result), ['A 5 7 192.0.2.1']);
  assert.deepEqual(
    result.diagnostics.filter(({ severity }) => severity !== 'info').map(({ code }) => code),
    ['KA2008'],
  );
});

test('an unknown block at the top level is as if it were not there', () => {
  assert.deepEqual(instances(read(`colour {\n${good}}\n`)), ['B 6 100 192.0.2.2']);
});

test("a block that is left open takes what follows, up to the next '}'", () => {
  const open = `vrrp_instance A {\n ${head} ${vip(1)} priority 7\n${good.replace('priority', 'x')}`;
  const result = read(`${open}vrrp_instance C {\n interface eth0\n virtual_router_id 8\n ${vip(4)}}\n`);
  assert.deepEqual(instances(result), ['A 6 7 192.0.2.1,192.0.2.2', 'C 8 100 192.0.2.4']);
});

test('the checkers skip a VRRP block by its braces, and all behind it when they do not fit', () => {
  const open = `vrrp_instance A {\n ${head} ${vip(1)}`;
  assert.deepEqual(servers(read(`${open}${good}${server(9)}`)), []);
  const closed = `vrrp_instance A {\n ${head} ${vip(1)} colour {\n }\n }\n`;
  assert.deepEqual(servers(read(`${closed}${server(9)}`)), ['192.0.2.9']);
});

test("a brace inside a list is an entry, and the next '}' ends the list", () => {
  const text = `vrrp_instance A {\n ${head} virtual_ipaddress {\n 192.0.2.1 {\n 192.0.2.2\n }\n 192.0.2.3\n }\n priority 9\n}\n`;
  assert.deepEqual(instances(read(text)), ['A 5 100 192.0.2.1,192.0.2.2']);
});

test("a list without '{' reads lines up to the next '}'", () => {
  const result = read(`vrrp_instance A {\n ${head} virtual_ipaddress\n 192.0.2.1\n }\n priority 9\n}\n`);
  assert.deepEqual(instances(result), ['A 5 9 192.0.2.1']);
});

test('a block that is refused by its name is skipped whole', () => {
  const second = `vrrp_instance B {\n colour {\n }\n virtual_router_id 9\n}\n`;
  const third = `vrrp_instance C {\n interface eth0\n virtual_router_id 8\n ${vip(4)}}\n`;
  assert.deepEqual(instances(read(good + second + third)), ['B 6 100 192.0.2.2', 'C 8 100 192.0.2.4']);
  assert.deepEqual(servers(read(server(9).replace('192.0.2.9', '192.0.2.999') + server(8))), ['192.0.2.8']);
});

test('a second group list ends its sync group', () => {
  const text = `${good}vrrp_sync_group G {\n group {\n B\n }\n group {\n X\n }\n smtp_alert\n}\n`;
  const [group] = read(text).model?.vrrpSyncGroup ?? [];
  assert.deepEqual([group?.group.map((member) => member.text), group?.smtpAlert], [['B'], false]);
});

test('what keepalived gives up on only because of the braces is told, and counts', () => {
  const result = read(`vrrp_script s {\n script "/bin/true"\n${good}virtual_ipaddress {\n }\nvrrp_script\n`);
  const other = read('virtual_server_group G }\n');
  assert.equal(keepalivedStatus(other.asKeepalived), 2);
  assert.ok(other.diagnostics.some(({ keepalivedClass }) => keepalivedClass === 'gives-up'));
  assert.equal(keepalivedStatus(result.asKeepalived), 2);
  assert.ok(result.diagnostics.some(({ keepalivedClass }) => keepalivedClass === 'gives-up'));
});

test("a '}' that is missing is one mistake, and what stands behind it is read as meant", () => {
  const script = 'vrrp_script s {\n script "/bin/true"\n';
  const nested = good.replace(
    'virtual_ipaddress',
    'authentication {\n auth_type PASS\n auth_pass abc\n virtual_ipaddress',
  );
  for (const [text, line] of [
    [script + good.replace('virtual_ipaddress {', 'prioritty 5\n virtual_ipaddress {'), 3],
    [nested.replace('interface', 'prioritty 5\n interface'), 8],
  ] as const) {
    const result = read(text, { asMeant: true });
    const found = result.diagnostics.filter(({ severity }) => severity === 'error');
    assert.deepEqual(found.map(({ code }) => code).toSorted(), ['KA2005', 'KA2020']);
    const missing = found.find(({ code }) => code === 'KA2020');
    assert.equal(missing?.span.source.position(missing.span.start).line, line);
    assert.deepEqual(instances(result), ['B 6 100 192.0.2.2']);
  }
});

test('where braces fit, there is one reading', () => {
  const result = read(good + server(9));
  assert.equal(result.asKeepalived, result.diagnostics);
  assert.deepEqual([instances(result).length, servers(result).length], [1, 1]);
});
