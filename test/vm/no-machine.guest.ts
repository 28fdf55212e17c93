/** Where the kernel has IPVS the tests need no machine: this kernel has it, so here is such a place. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

test('on a kernel that has IPVS the tests run without a machine', () => {
  const file = fileURLToPath(new URL('./vm.test.js', import.meta.url));
  // NODE_TEST_CONTEXT would make the output one for this test's own runner.
  const env = { PATH: process.env['PATH'], KA_VM_ONLY: 'kernel.guest' };
  const { stdout, stderr } = spawnSync(process.execPath, ['--test-reporter=tap', '--test', file], {
    encoding: 'utf8',
    env,
  });
  assert.match(stdout, /^ok \d+ - IPVS on a real kernel: this kernel$/m, stderr);
  assert.match(stdout, /^ +ok \d+ - the kernel has IPVS and its table is empty$/m);
  assert.match(stdout, /^# fail 0$/m);
});
