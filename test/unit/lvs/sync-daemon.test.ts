import assert from 'node:assert/strict';
import test from 'node:test';
import { parseConfig } from '../../../lib/config/load.js';
import { syncDaemonOf } from '../../../lib/lvs/sync-choice.js';
import { wantedDaemons } from '../../../lib/lvs/sync-daemon.js';
import { nowhere } from '../../support/lvs-model.js';

const config = {
  interface: 'eth0',
  inst: undefined,
  id: undefined,
  maxlen: undefined,
  port: undefined,
  ttl: undefined,
  group: undefined,
  at: nowhere,
};

const roles = (...args: Parameters<typeof wantedDaemons>): readonly string[] =>
  wantedDaemons(...args).map(({ role, syncId }) => `${role} ${syncId}`);

test('without an instance both daemons run, with id 0 unless told [keepalived: lvs_sync_daemon]', () => {
  assert.deepEqual(roles(config, false), ['master 0', 'backup 0']);
  assert.deepEqual(roles({ ...config, id: 7 }, true), ['master 7', 'backup 7']);
  assert.deepEqual(roles(undefined, true), []);
});

test('with an instance the state decides', () => {
  const followed = { ...config, inst: 'ONE', id: 51 };
  assert.deepEqual(roles(followed, false), ['backup 51']);
  assert.deepEqual(roles(followed, true), ['master 51']);
});

const asked = (globals: string, own: string): unknown => {
  const text = `${globals}vrrp_instance ONE {
    interface eth0
    virtual_router_id 51
    ${own}
    virtual_ipaddress { 192.0.2.1 }
  }`;
  const { model } = parseConfig({ text }, { offline: true });
  assert.ok(model !== undefined);
  const wanted = syncDaemonOf(model);
  return wanted && [wanted.interface, wanted.inst, wanted.id];
};

test('the router id of the instance that is followed is the default id', () => {
  const globals = (line: string): string => `global_defs {\nlvs_sync_daemon ${line}\n}\n`;
  assert.deepEqual(asked(globals('eth1 ONE'), ''), ['eth1', 'ONE', 51]);
  assert.deepEqual(asked(globals('eth1 ONE id 9'), ''), ['eth1', 'ONE', 9]);
  assert.deepEqual(asked(globals('eth1'), ''), ['eth1', undefined, undefined]);
});

test('lvs_sync_daemon_interface of an instance is lvs_sync_daemon with that instance, which goes before it', () => {
  assert.deepEqual(asked('', 'lvs_sync_daemon_interface eth2'), ['eth2', 'ONE', 51]);
  assert.deepEqual(
    asked('global_defs {\nlvs_sync_daemon eth1 ONE id 9\n}\n', 'lvs_sync_daemon_interface eth2'),
    ['eth1', 'ONE', 9],
  );
  assert.equal(asked('', ''), undefined);
});
