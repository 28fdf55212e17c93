/** What the flight recorder says has the shape that the control socket promises. */
import assert from 'node:assert/strict';
import test from 'node:test';

import { schemas } from '../../../lib/control/schema.js';
import { explain } from '../../../lib/recorder/explain.js';

test('an explanation with troubles and steps of both kinds is what `Why` says', () => {
  const atMs = 1_700_000_000_000;
  const explanation = explain({
    instance: 'WEB',
    state: 'FAULT',
    priority: 100,
    sinceMs: atMs,
    interface: 'eth0',
    advertIntervalMs: 1000,
    tracked: ['script check'],
    nowMs: atMs + 5000,
    transitions: [
      {
        kind: 'transition',
        atMs,
        router: 'WEB',
        from: 'MASTER',
        to: 'FAULT',
        priority: 100,
        cause: { kind: 'held', holds: ['policy'] },
        faults: ['script check'],
        record: undefined,
      },
    ],
    others: [
      {
        kind: 'tracker',
        atMs: atMs - 10,
        what: 'script check',
        state: 'down',
        detail: 'exited with status 1',
        output: 'no answer\n',
      },
      {
        kind: 'reload',
        atMs: atMs - 60_000,
        refusedFor: 'the engine refused it',
        added: [],
        removed: [],
        changed: [],
      },
    ],
    record: undefined,
  });
  assert.equal(explanation.troubles.length, 1);
  assert.deepEqual(
    explanation.steps.map(({ to }) => to),
    ['FAULT', undefined],
  );
  const answer = schemas.Why.parse(JSON.parse(JSON.stringify({ ...explanation, ageMs: 0 })));
  assert.equal(answer.headline, 'script check exited with status 1');
  assert.ok(answer.troubles[0]?.evidence.includes('it said: "no answer"'));
});
