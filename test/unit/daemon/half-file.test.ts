/** A half that was written after others, in the same process, is read as it was meant. */
import assert from 'node:assert/strict';
import { closeSync } from 'node:fs';
import test from 'node:test';
import { parseConfig } from '../../../lib/config/load.js';
import type { Config } from '../../../lib/config/model.js';
import { halfOf, HalfWriter, readHalf } from '../../../lib/daemon/half-file.js';
import { openHandover } from '../../../lib/daemon/handover.js';
import { fakeFiles, fakeMachine } from '../../config/machine.js';

/** The checkers' half of a configuration of so many virtual servers. */
function half(count: number): Config {
  const text = Array.from(
    { length: count },
    (_, i) =>
      `virtual_server 10.0.${i >> 8}.${i & 255} 80 {\n protocol TCP\n lvs_sched rr\n lvs_method NAT\n real_server 192.0.2.1 80 {\n }\n}\n`,
  ).join('');
  const { model } = parseConfig({ text }, { machine: fakeMachine(), files: fakeFiles({}) });
  assert.ok(model !== undefined);
  return halfOf(model, 'checkers');
}

test('virtual servers that come, go, change and move are in the file in their order', () => {
  const config = half(100);
  const others = half(20).virtualServer;
  const all = config.virtualServer;
  const lists = [
    all,
    all.toSpliced(40, 1),
    [...others.slice(0, 3), ...all.slice(0, 50), ...others.slice(3, 9), ...all.slice(50)],
    all.toReversed(),
    all.slice(10, 12),
    [],
    all.map((server, i) => (i === 33 ? { ...server, delayLoop: server.delayLoop } : server)),
    [...all, ...all],
  ];
  const writer = new HalfWriter();
  const fd = openHandover();
  try {
    lists.forEach((virtualServer, generation) => {
      const written = { side: 'checkers', generation, config: { ...config, virtualServer } } as const;
      writer.write(fd, written);
      const fresh = openHandover();
      try {
        new HalfWriter().write(fresh, written);
        assert.deepEqual(readHalf(fd), readHalf(fresh));
      } finally {
        closeSync(fresh);
      }
      assert.deepEqual(readHalf(fd), written);
    });
  } finally {
    closeSync(fd);
  }
});

test('a file that nothing was written into is none', () => {
  const fd = openHandover();
  try {
    assert.throws(() => readHalf(fd), { code: 'KA_DAEMON_HANDOVER' });
  } finally {
    closeSync(fd);
  }
});
