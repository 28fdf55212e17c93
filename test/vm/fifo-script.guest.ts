/** The script of lvs_notify_fifo_script, the mails and the socket of the checkers process are those of Debian's keepalived. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { socketBuffers } from '../support/socket-buffers.js';
import { DaemonProgram } from './daemon-program.js';
import { freshNamespace, ip, until } from './namespaces.js';
import { Notices } from './notices.js';

const limitMs = 180_000;
/** The kernel doubles the number. */
const keywords = 'no_checker_emails\nlvs_netlink_cmd_rcv_bufs 40000';

interface Seen {
  /** Lines that the script of lvs_notify_fifo_script read from the pipe. */
  readonly read: readonly string[];
  readonly mails: readonly string[];
  /** Sizes of the receive buffers of the checkers process for netlink. */
  readonly buffers: readonly number[];
}

/** Takes a server down and up again by either of its two checkers. */
async function seen(which: 'keepalived' | 'ka-node'): Promise<Seen> {
  const work = mkdtempSync(join(tmpdir(), 'kaG-'));
  const netns = `kaG-${which}`;
  freshNamespace(netns, []);
  const notices = new Notices(netns);
  const daemon = new DaemonProgram(netns, which, ['-C']);
  const [first, second, reader, told] = ['first', 'second', 'reader', 'told'].map((name) => join(work, name));
  const turn = (file: string, isUp: boolean): void => {
    if (isUp) writeFileSync(file, '');
    else rmSync(file);
  };
  const check = (file: string): string =>
    `MISC_CHECK {\nmisc_path ${file}.sh\nmisc_timeout 100\nwarmup 0\ndelay_loop 1\nretry 0\n}\n`;
  const lines = (): readonly string[] =>
    existsSync(told ?? '')
      ? readFileSync(told ?? '', 'utf8')
          .split('\n')
          .filter(Boolean)
      : [];
  try {
    for (const file of [first ?? '', second ?? '']) {
      turn(file, true);
      writeFileSync(`${file}.sh`, `#!/bin/sh\ntest -e ${file}\n`, { mode: 0o755 });
    }
    writeFileSync(reader ?? '', `#!/bin/sh\nexec cat "$1" >>${told ?? ''}\n`, { mode: 0o755 });
    const settings = notices.settings.replace(
      /lvs_notify_fifo .*\n/,
      `lvs_notify_fifo ${join(work, 'pipe')}\n`,
    );
    await until(
      () => String(notices.isReady),
      () => 'true',
      limitMs,
    );
    daemon.start(
      `global_defs {\n${settings}lvs_notify_fifo_script ${reader ?? ''}\n${keywords}\n}\n` +
        'virtual_server 10.8.0.1 80 {\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\n' +
        `real_server 10.9.0.1 80 {\nsmtp_alert\n${check(first ?? '')}${check(second ?? '')}}\n}\n`,
    );
    await daemon.says('Gained quorum', limitMs);
    for (const [file, isUp] of [
      [first, false],
      [second, false],
      [first, true],
      [second, true],
    ] as const) {
      const said = `${file ?? ''}.sh] ${isUp ? 'succeeded' : 'failed'}`;
      const from = daemon.count(said);
      turn(file ?? '', isUp);
      await daemon.says(said, limitMs, from + 1);
    }
    await until(
      () => String(lines().filter((line) => line.startsWith('RS')).length >= 2 && notices.mails.length >= 2),
      () => 'true',
      limitMs,
    );
    const pid = readFileSync(join(daemon.work, 'pid-c'), 'utf8').trim();
    const buffers = execFileSync('python3', ['-c', socketBuffers, pid], { encoding: 'utf8' }).matchAll(
      /^netlink (\d+)$/gm,
    );
    await daemon.stop();
    return { read: lines(), mails: notices.mails, buffers: Array.from(buffers, ([, size]) => Number(size)) };
  } finally {
    await daemon.stop('SIGKILL');
    await notices.close();
    ip('netns', 'del', netns);
  }
}

test('the pipe of the checkers and its reader', async (t) => {
  const theirs = await seen('keepalived');
  const ours = await seen('ka-node');
  await t.test('lvs_notify_fifo_script reads the pipe [keepalived: lvs_notify_fifo_script]', () => {
    assert.ok(theirs.read.length > 0);
    assert.deepEqual(ours.read, theirs.read);
  });
  await t.test('only the check that changes the server is mailed [keepalived: no_checker_emails]', () => {
    // Down with the first check that fails, up with the last one that succeeds: two of four.
    assert.equal(theirs.mails.length, 2, theirs.mails.join('\n'));
    assert.deepEqual(ours.mails, theirs.mails);
  });
  // keepalived 2.2.7 leaves this socket at the size that libnl gives it.
  await t.test('the socket for IPVS has the buffer asked for by lvs_netlink_cmd_rcv_bufs', () =>
    assert.ok(ours.buffers.includes(80_000), ours.buffers.join(' ')),
  );
});
