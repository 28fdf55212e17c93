/** The flight recorder's file: what one process wrote, the next one reads, whatever the first was doing when it died. */
import assert from 'node:assert/strict';
import { closeSync, fstatSync, ftruncateSync } from 'node:fs';
import test from 'node:test';

import { openHandover } from '../../../lib/daemon/handover.js';
import { RecorderFile } from '../../../lib/daemon/recorder-file.js';
import type { Entry } from '../../../lib/recorder/timeline.js';

const command = (atMs: number, text = 'x'.repeat(100)): Entry => ({
  kind: 'command',
  atMs,
  router: 'WEB',
  text,
});
const times = (file: RecorderFile): readonly number[] => file.entries().map(({ atMs }) => atMs);

test('the next process reads what was written, and goes on behind it', () => {
  const fd = openHandover();
  const first = new RecorderFile(fd);
  first.add(command(1));
  first.add(command(2));
  const next = new RecorderFile(fd);
  next.add(command(3));
  assert.deepEqual(times(new RecorderFile(fd)), [1, 2, 3]);
  assert.deepEqual(next.entries()[2], command(3));
  closeSync(fd);
});

test('an entry that was not finished is written over', () => {
  const fd = openHandover();
  const first = new RecorderFile(fd);
  first.add(command(1));
  first.add(command(2));
  ftruncateSync(fd, fstatSync(fd).size - 7);
  const next = new RecorderFile(fd);
  assert.deepEqual(times(next), [1]);
  next.add(command(3));
  assert.deepEqual(times(new RecorderFile(fd)), [1, 3]);
  closeSync(fd);
});

test('nothing of an entry that was not finished shows behind a shorter one', () => {
  // Wherever the shorter one ends, one of the four begins to read in front of what looks like an entry of one byte.
  for (const text of ['', 'x', 'xx', 'xxx']) {
    const fd = openHandover();
    const first = new RecorderFile(fd);
    first.add(command(1));
    first.add(command(2, '\0\0\0\u0001'.repeat(200)));
    ftruncateSync(fd, fstatSync(fd).size - 1);
    new RecorderFile(fd).add(command(3, text));
    assert.deepEqual(times(new RecorderFile(fd)), [1, 3]);
    closeSync(fd);
  }
});

test('it stays below its limit, and the newest entries stay in it', () => {
  const fd = openHandover();
  const file = new RecorderFile(fd, 4096);
  for (let atMs = 0; atMs < 1000; atMs++) {
    file.add(command(atMs));
    assert.ok(fstatSync(fd).size <= 4096);
  }
  const kept = times(file);
  assert.ok(kept.length >= 8, `${kept.length} are left`);
  assert.deepEqual(
    kept,
    Array.from({ length: kept.length }, (_, index) => 1000 - kept.length + index),
  );
  file.add(command(1000, 'y'.repeat(5000)));
  assert.equal(times(file).at(-1), 999);
  closeSync(fd);
});
