import assert from 'node:assert/strict';
import test from 'node:test';

import { parseConfig, type ParseResult } from '../../../lib/config/load.js';
import { plainModel } from '../../../lib/config/plain.js';

const globals = 'global_defs {\n smtp_alert yes\n checker_log_all_failures\n dynamic_interfaces\n}\n';
const instance =
  'vrrp_instance V {\n interface nosuch0\n virtual_router_id 5\n virtual_ipaddress {\n 10.0.0.1\n }\n}\n';
const server =
  'virtual_server 10.0.0.1 80 {\n lb_algo rr\n lb_kind DR\n protocol TCP\n real_server 10.0.0.2 80 {\n TCP_CHECK {\n }\n }\n}\n';
const nosuch = (text: string): string =>
  `virtual_server 10.0.0.1 80 {\n lb_algo rr\n lb_kind DR\n protocol TCP\n quorum_up /nosuch/script\n${text}}\n`;

function read(text: string, diagnosticsOnly = false): ParseResult {
  return parseConfig({ text }, { diagnosticsOnly, configId: 'here' });
}

const codes = ({ diagnostics }: ParseResult): readonly string[] => diagnostics.map(({ code }) => code);

test('global_defs counts for what stands before it as for what stands behind', () => {
  const before = read(`${globals}${instance}${server}`);
  const behind = read(`${instance}${server}${globals}`);
  assert.ok(behind.model !== undefined && before.model !== undefined);
  assert.deepEqual(plainModel(behind.model), plainModel(before.model));
  assert.equal(behind.model.virtualServer[0]?.smtpAlert, true);
  assert.equal(behind.model.virtualServer[0].realServer[0]?.checkers.length, 1);
  assert.deepEqual(codes(behind), codes(before));
});

test('without dynamic_interfaces the missing interface is told', () => {
  const without = globals.replace(' dynamic_interfaces\n', '');
  const told = codes(read(`${instance}${server}${without}`));
  assert.equal(told.length, codes(read(`${instance}${server}${globals}`)).length + 1);
});

test('a group counts for virtual servers before it', () => {
  const { model, diagnostics } = read(
    `${server.replace('10.0.0.1 80', 'group G')}virtual_server_group G {\n 10.0.0.1 80\n}\n`,
  );
  assert.equal(model?.virtualServer.length, 1);
  assert.deepEqual(diagnostics, []);
});

test('virtual servers stay in their order when only some of them wait for a group', () => {
  const other = server.replace('10.0.0.1', '10.0.0.9');
  const { model } = read(
    `${server}${server.replace('10.0.0.1 80', 'group G')}${other}virtual_server_group G {\n 10.0.0.1 80\n}\n`,
  );
  assert.deepEqual(
    model?.virtualServer.map(({ key }) => key.kind),
    ['address', 'group', 'address'],
  );
});

test('diagnostics alone are the same diagnostics', () => {
  const text = `${instance}${server}${nosuch(' real_server 10.0.0.3 80 {\n weigth 3\n }\n')}${nosuch('')}`;
  const all = read(text);
  const alone = read(text, true);
  assert.ok(all.diagnostics.length >= 4, codes(all).join(' '));
  assert.deepEqual(codes(alone), codes(all));
  assert.deepEqual(
    alone.diagnostics.map(({ message }) => message),
    all.diagnostics.map(({ message }) => message),
  );
  assert.equal(alone.model, undefined);
});
