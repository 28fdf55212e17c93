import assert from 'node:assert/strict';
import test from 'node:test';
import { miscCheck } from '../../../lib/checkers/misc.js';
import type { MiscCheck } from '../../../lib/config/model-lvs.js';
import { milliseconds, seconds } from '../../../lib/units.js';
import { assertFailure, attempt, checkRig, timedAttempt } from '../../support/check-rig.js';
import { connection, nowhere } from '../../support/lvs-model.js';

const { context } = checkRig();

function misc(script: string, more: Partial<MiscCheck> = {}) {
  const argv = ['/bin/sh', '-c', script];
  const config: MiscCheck = {
    kind: 'MISC_CHECK',
    ...connection(),
    miscPath: { argv, isRedirection: false, user: undefined, group: undefined, at: nowhere },
    miscTimeout: seconds(5),
    miscDynamic: false,
    user: undefined,
    ...more,
  };
  return miscCheck(config, { argv }, context);
}

test('status 0 is a success, everything else a failure [keepalived: MISC_CHECK]', async () => {
  assert.deepEqual(await attempt(misc('exit 0')), { kind: 'success', detail: 'exited with status 0' });
  assertFailure(await attempt(misc('exit 1')), 'exited with status 1');
  assertFailure(await attempt(misc('exit 9')), 'exited with status 9');
  assertFailure(await attempt(misc('kill -9 $$')), 'due to signal 9');
});

test('misc_dynamic: a status from 2 to 255 is a weight, 1 is a failure', async () => {
  const dynamic = { miscDynamic: true };
  assert.deepEqual(await attempt(misc('exit 9', dynamic)), {
    kind: 'success',
    weight: 7,
    detail: 'exited with status 9',
  });
  assert.deepEqual(await attempt(misc('exit 255', dynamic)), {
    kind: 'success',
    weight: 253,
    detail: 'exited with status 255',
  });
  assertFailure(await attempt(misc('exit 1', dynamic)), 'exited with status 1');
});

test('a script that takes too long is ended and has failed', async () => {
  const { outcome, ms } = await timedAttempt(misc('exec sleep 100', { miscTimeout: milliseconds(200) }));
  assertFailure(outcome, 'timed out');
  assert.ok(ms < 10_000, `${ms} ms`);
});

test('a script that cannot be started has failed', async () => {
  const check = misc('');
  const config = { argv: ['/nonexistent/script'] };
  const missing = miscCheck(
    {
      kind: 'MISC_CHECK',
      ...connection(),
      miscPath: { argv: config.argv, isRedirection: false, user: undefined, group: undefined, at: nowhere },
      miscTimeout: seconds(5),
      miscDynamic: false,
      user: undefined,
    },
    config,
    context,
  );
  assert.equal((await attempt(missing)).kind, 'failure');
  assert.equal((await attempt(check)).kind, 'success');
});

test('the log lines are keepalived’s', () => {
  const about = 'Misc check for [[10.1.0.1]:tcp:80 VS [10.0.0.1]:tcp:80] by [/bin/sh -c x]';
  const down = { kind: 'down', reason: 'exited with status 1', retries: 0 } as const;
  assert.equal(
    misc('x', { retry: 0 }).describe(down),
    `${about} failed with retry disabled (exited with status 1).`,
  );
  assert.equal(
    misc('x', { retry: 2 }).describe(down),
    `${about} failed after 2 retries (exited with status 1).`,
  );
  assert.equal(
    misc('x', { retry: 0 }).describe({ ...down, reason: 'timed out' }),
    `${about} timed out with retry disabled.`,
  );
  assert.equal(misc('x').describe({ kind: 'up', outcome: { kind: 'success' } }), `${about} succeeded.`);
});
