/** The machine itself: what every other guest test takes for granted. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import test from 'node:test';

test('the kernel has IPVS and its table is empty', () => {
  assert.ok(existsSync('/proc/net/ip_vs'));
  assert.equal(execFileSync('ipvsadm', ['-Sn'], { encoding: 'utf8' }), '');
});

for (const scheduler of 'rr wrr lc wlc lblc lblcr sh mh dh fo ovf sed nq'.split(' ')) {
  test(`scheduler ${scheduler} is there`, () => {
    execFileSync('ipvsadm', ['-A', '-t', '10.9.9.9:1', '-s', scheduler]);
    execFileSync('ipvsadm', ['-D', '-t', '10.9.9.9:1']);
  });
}
