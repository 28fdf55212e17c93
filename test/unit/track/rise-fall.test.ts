import assert from 'node:assert/strict';
import test from 'node:test';
import { RiseFall } from '../../../lib/track/tracker.js';

function feedAll(riseFall: RiseFall, results: string): string {
  return [...results]
    .map((result) => {
      riseFall.feed(result === '+');
      return riseFall.state === 'up' ? 'U' : 'D';
    })
    .join('');
}

test('the first result decides alone, whatever rise and fall say [keepalived: vrrp_script]', () => {
  assert.equal(feedAll(new RiseFall(5, 5), '+'), 'U');
  assert.equal(feedAll(new RiseFall(5, 5), '-'), 'D');
});

test('fall failures in a row bring it down, rise successes in a row bring it up', () => {
  assert.equal(feedAll(new RiseFall(3, 2), '+-+---+++-++'), 'UUUUDDDDUUUU');
});

test('a contrary result starts the count again', () => {
  assert.equal(feedAll(new RiseFall(3, 1), '-++-++-+++'), 'DDDDDDDDDU');
});

test('a change is told exactly when it happens', () => {
  const riseFall = new RiseFall(1, 2);
  assert.deepEqual(
    [true, true, false, false, false, true].map((ok) => riseFall.feed(ok)),
    [true, false, false, true, false, true],
  );
});

test('a verdict kept over a reload needs fall failures to change', () => {
  assert.equal(feedAll(new RiseFall(2, 2, 'up'), '--'), 'UD');
});
