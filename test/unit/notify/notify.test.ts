import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import type { Command } from '../../../lib/exec.js';
import { systemClock } from '../../../lib/host.js';
import { Notifier, type NotifyCommands, type NotifySubject } from '../../../lib/notify/notify.js';
import { ManualClock } from '../../support/manual-clock.js';
import { RecordingLogger } from '../../support/recording-logger.js';

interface Setup {
  /** A command that records its own word and its arguments. */
  record(word: string): Command;
  /** What was recorded, sorted, since scripts run side by side. */
  told(): readonly string[];
}

function setUp(context: TestContext): Setup {
  const directory = mkdtempSync(join(tmpdir(), 'ka-notify-'));
  context.after(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'told');
  return {
    record: (word) => ({ argv: ['sh', '-c', `echo "$@" >>${file}`, 'sh', word] }),
    told: () => readFileSync(file, 'utf8').trim().split('\n').sort(),
  };
}

const nothing: NotifyCommands = {
  master: undefined,
  backup: undefined,
  fault: undefined,
  stop: undefined,
  deleted: undefined,
  any: undefined,
  lowerPriority: undefined,
};

const subject = (kind: NotifySubject['kind'], commands: Partial<NotifyCommands>): NotifySubject => ({
  kind,
  name: 'VI_1',
  commands: { ...nothing, ...commands },
});

test('the script of the state and the generic one are told, with the arguments of keepalived', async (context) => {
  const { record, told } = setUp(context);
  const notifier = new Notifier({ clock: systemClock, logger: new RecordingLogger() });
  const instance = subject('INSTANCE', {
    master: record('m'),
    backup: record('b'),
    fault: record('f'),
    stop: record('s'),
    deleted: record('d'),
    any: record('any'),
  });
  for (const state of ['MASTER', 'BACKUP', 'FAULT', 'STOP', 'DELETED'] as const) {
    notifier.entered(instance, state, 105);
  }
  await notifier.drain();
  assert.deepEqual(told(), [
    'any INSTANCE VI_1 BACKUP 105',
    'any INSTANCE VI_1 DELETED 105',
    'any INSTANCE VI_1 FAULT 105',
    'any INSTANCE VI_1 MASTER 105',
    'any INSTANCE VI_1 STOP 105',
    'b',
    'd',
    'f',
    'm',
    's',
  ]);
});

test('the priority of a group is told as 0', async (context) => {
  const { record, told } = setUp(context);
  const notifier = new Notifier({ clock: systemClock, logger: new RecordingLogger() });
  notifier.entered(subject('GROUP', { any: record('any') }), 'MASTER', 105);
  await notifier.drain();
  assert.deepEqual(told(), ['any GROUP VI_1 MASTER 0']);
});

test('notify_master_rx_lower_pri has no arguments, and notify_deleted needs no command', async (context) => {
  const { record, told } = setUp(context);
  const notifier = new Notifier({ clock: systemClock, logger: new RecordingLogger() });
  notifier.heardLowerPriority(subject('INSTANCE', { lowerPriority: record('lower') }));
  notifier.entered(subject('INSTANCE', { deleted: 'state' }), 'DELETED', 1);
  await notifier.drain();
  assert.deepEqual(told(), ['lower']);
});

test('a script that cannot be started is reported with its name', async () => {
  const logger = new RecordingLogger();
  const notifier = new Notifier({ clock: systemClock, logger });
  notifier.entered(subject('INSTANCE', { fault: { argv: ['/no/such'] } }), 'FAULT', 1);
  await notifier.drain();
  assert.match(
    logger.lines.join('\n'),
    /^\(VI_1\) notify script '\/no\/such' could not be started: no such file or directory \(ENOENT\)$/,
  );
});

test('a stop waits one second for its scripts and then ends them', async () => {
  const clock = new ManualClock();
  const notifier = new Notifier({ clock, logger: new RecordingLogger() });
  notifier.entered(subject('INSTANCE', { stop: { argv: ['sleep', '600'] } }), 'STOP', 1);
  let isDrained = false;
  const drained = notifier.drain().then(() => (isDrained = true));
  await clock.advance(999);
  assert.equal(isDrained, false);
  await clock.advance(1);
  await drained;
});
