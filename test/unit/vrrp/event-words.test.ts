import assert from 'node:assert/strict';
import test from 'node:test';
import { eventLines } from '../../../lib/vrrp/event-words.js';

const late = {
  kind: 'late',
  atMs: 0,
  lateUs: 1234,
  suspended: false,
  missed: false,
  listens: false,
} as const;
const lines = (event: Parameters<typeof eventLines>[0]): readonly string[] =>
  eventLines(event, String).map(({ level, text }) => `${level} ${text}`);

test('a wake-up that was late without a lost advert is a detail; a longer one says what follows from it', () => {
  assert.deepEqual(lines(late), ['detail the engine woke 1.2 ms late']);
  const missed = { ...late, lateUs: 2_500_000, missed: true };
  assert.deepEqual(lines(missed), ['warning the engine was not running for 2500.0 ms']);
  assert.deepEqual(lines({ ...missed, listens: true }), [
    'warning the engine was not running for 2500.0 ms: it listens before it speaks',
  ]);
  assert.deepEqual(lines({ ...late, suspended: true }), ['warning the machine was suspended for 1.2 ms']);
});
