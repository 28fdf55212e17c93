import assert from 'node:assert/strict';
import test from 'node:test';
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
  assert.deepEqual(roles(config, false, undefined), ['master 0', 'backup 0']);
  assert.deepEqual(roles({ ...config, id: 7 }, true, undefined), ['master 7', 'backup 7']);
  assert.deepEqual(roles(undefined, true, undefined), []);
});

test('with an instance the state decides, and its router id is the default id', () => {
  const followed = { ...config, inst: 'ONE' };
  assert.deepEqual(roles(followed, false, 51), ['backup 51']);
  assert.deepEqual(roles(followed, true, 51), ['master 51']);
  assert.deepEqual(roles({ ...followed, id: 9 }, true, 51), ['master 9']);
});
