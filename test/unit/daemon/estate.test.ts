/** What a VRRP process left: it goes when nobody can resume it, and never twice. */
import assert from 'node:assert/strict';
import test from 'node:test';

import type { NamedAddress } from '../../../bindings/addresses.js';
import { Estate } from '../../../lib/daemon/estate.js';
import { beatNow, type Left } from '../../../lib/daemon/protocol.js';
import { silentLogger } from '../../../lib/host.js';

function left(freshMs: number): Left {
  return {
    netns: '/run/netns/x',
    instances: ['A', 'B'].map((name, index) => ({
      name,
      freshMs,
      addresses: [{ dev: 'eth0', address: `10.0.0.${index + 1}/24` }],
    })),
  };
}

/** An estate that removes nothing, and what it would have removed. */
function estate(): { readonly estate: Estate; readonly removed: string[]; readonly first: Promise<number> } {
  const removed: string[] = [];
  let told: (atMs: number) => void = () => undefined;
  const first = new Promise<number>((resolve) => (told = resolve));
  const remove = (addresses: readonly NamedAddress[], netns?: string): number => {
    assert.equal(netns, '/run/netns/x');
    removed.push(...addresses.map(({ address, onlyMarked }) => (onlyMarked ? `marked ${address}` : address)));
    told(performance.now());
    return addresses.length;
  };
  return { estate: new Estate({ logger: silentLogger, remove }), removed, first };
}

test('what the master held goes at once when its mastership is not fresh', () => {
  const { estate: one, removed } = estate();
  one.open(left(20), ['A', 'B'], { monotonicUs: beatNow().monotonicUs - 21_000, wallMs: 0 });
  assert.deepEqual(removed, ['10.0.0.1/24', '10.0.0.2/24']);
});

test('what could be resumed stays for 0.6 s and no longer', async () => {
  const beganMs = performance.now();
  const { estate: one, removed, first } = estate();
  one.open(left(60_000), ['A', 'B'], beatNow());
  assert.deepEqual(removed, []);
  assert.ok((await first) - beganMs >= 599);
  assert.deepEqual(removed, ['10.0.0.1/24', '10.0.0.2/24']);
});

test('of what nobody told to be master only marked addresses go, and none any more once the next process begins', () => {
  const { estate: one, removed } = estate();
  one.open(left(60_000), ['B'], beatNow());
  one.abandon();
  assert.deepEqual(removed, ['marked 10.0.0.1/24', '10.0.0.2/24']);
  const { estate: next, removed: then } = estate();
  next.open(left(60_000), ['B'], beatNow());
  next.begun();
  next.abandon();
  assert.deepEqual(then, ['10.0.0.2/24']);
});

test('the next process takes it: nothing is removed any more', () => {
  const { estate: one, removed } = estate();
  one.open(left(60_000), ['A', 'B'], beatNow());
  one.begun();
  one.taken();
  one.abandon();
  assert.deepEqual(removed, []);
  assert.equal(one.isOpen, false);
});

test('the next process dies over it as well: it goes at once', () => {
  const { estate: one, removed } = estate();
  one.open(left(60_000), ['A'], beatNow());
  one.begun();
  one.open(left(60_000), ['A'], { monotonicUs: 0, wallMs: 0 });
  const all = ['10.0.0.1/24', 'marked 10.0.0.2/24'];
  assert.deepEqual(removed, all);
  one.abandon();
  assert.deepEqual(removed, all);
});
