import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { parseReloadTime, ReloadSchedule } from '../../../lib/daemon/reload-schedule.js';
import { ManualClock } from '../../support/manual-clock.js';

/** 2023-11-14 22:13:20 UTC, where the manual clock begins. */
const now = 1_700_000_000_000;

test('times in UTC, with and without a date', () => {
  assert.equal(parseReloadTime('22:13:30Z', now), now + 10_000);
  assert.equal(parseReloadTime('22:13:20Z', now), now + 86_400_000, 'now is over: tomorrow');
  assert.equal(parseReloadTime('22:13:10Z', now), now + 86_390_000);
  assert.equal(parseReloadTime('23-11-15 22:13:20Z', now), now + 86_400_000);
  assert.equal(parseReloadTime('2023-11-13 22:13:20Z', now), now - 86_400_000);
});

test('times without Z are local', () => {
  const local = new Date(2030, 0, 2, 3, 4, 5).getTime();
  assert.equal(parseReloadTime('2030-01-02 03:04:05', now), local);
  assert.equal(parseReloadTime('30-01-02 03:04:05', now), local);
});

for (const text of [
  'bad',
  '',
  '1:02:03',
  '24:00:00',
  '10:60:00',
  ' 10:00:00',
  '10:00:00 ',
  '10:00:00z',
  '2023-13-01 10:00:00',
  '2023-02-29 10:00:00',
  '2023-11-15  10:00:00',
  '2023-11-15T10:00:00',
]) {
  test(`'${text}' is no time`, () => assert.equal(parseReloadTime(text, now), undefined));
}

interface Rig {
  readonly clock: ManualClock;
  readonly file: string;
  readonly lines: string[];
  readonly schedule: ReloadSchedule;
  reloads(): number;
}

function rig(t: { after: (end: () => void) => void }): Rig {
  const folder = mkdtempSync(join(tmpdir(), 'ka-reload-'));
  const clock = new ManualClock();
  const lines: string[] = [];
  let count = 0;
  const schedule = new ReloadSchedule({
    host: { clock, logger: { log: (_level, text) => void lines.push(text) } },
    reload: () => void count++,
  });
  t.after(() => {
    schedule.close();
    rmSync(folder, { recursive: true });
  });
  return { clock, file: join(folder, 'when'), lines, schedule, reloads: () => count };
}

test('the file is removed when its time has come, and the reload happens once', async (t) => {
  const { clock, file, lines, schedule, reloads } = rig(t);
  writeFileSync(file, '22:13:30Z\nmore\n');
  schedule.follow(file, false);
  await clock.advance(9_999);
  assert.equal(reloads(), 0);
  await clock.advance(1);
  assert.equal(reloads(), 1);
  assert.ok(!existsSync(file));
  assert.equal(clock.pending, 0);
  assert.match(lines.join('\n'), /^Scheduling reload for \d{4}-\d\d-\d\d \d\d:\d\d:30$/);
});

test('reload_repeat: a time without a date comes again every day', async (t) => {
  const { clock, file, schedule, reloads } = rig(t);
  writeFileSync(file, '22:13:30Z\n');
  schedule.follow(file, true);
  await clock.advance(10_000);
  assert.ok(existsSync(file));
  await clock.advance(86_399_999);
  assert.equal(reloads(), 1);
  await clock.advance(1);
  assert.equal(reloads(), 2);
});

test('a changed time, a time that is over, nonsense and another configuration are told of', (t) => {
  const { clock, file, lines, schedule } = rig(t);
  for (const text of ['22:13:30Z', '22:13:40Z', '2001-01-01 00:00:00', 'bad', '22:13:30Z']) {
    writeFileSync(file, text);
    schedule.follow(file, false);
  }
  schedule.follow(undefined, false);
  assert.equal(clock.pending, 0);
  const patterns = [
    /^Scheduling reload for /,
    /^Reload time updated from .*:30 to .*:40$/,
    /^Reload time 2001-01-01 00:00:00 is over - ignoring$/,
    /^Cancelling reload scheduled for /,
    /^Invalid reload time 'bad' specified - ignoring$/,
    /^Scheduling reload for /,
    /^Cancelling reload scheduled for /,
  ];
  assert.equal(lines.length, patterns.length, lines.join('\n'));
  for (const [index, pattern] of patterns.entries()) assert.match(lines[index] ?? '', pattern);
});
