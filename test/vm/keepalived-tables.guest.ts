/** Debian's keepalived and this project read the same file and must make the same IPVS table of it. */
import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { Prober } from '../../bindings/prober.js';
import { parseConfig } from '../../lib/config/load.js';
import { silentLogger, systemClock } from '../../lib/host.js';
import { Balancer } from '../../lib/lvs/balancer.js';
import { Ipvs } from '../../lib/lvs/ipvs.js';
import { compareCases } from './compare-configs.js';
import { end, freshNamespace, ip, savedTable, startIn, until } from './namespaces.js';

const theirs = 'kaL-theirs';
const ours = 'kaL-ours';
const work = mkdtempSync(join(tmpdir(), 'kaL-'));
for (const name of [theirs, ours]) freshNamespace(name, []);
after(() => {
  for (const name of [theirs, ours]) ip('netns', 'del', name);
});

for (const [i, { name, text }] of compareCases.entries()) {
  test(`same table as keepalived: ${name} [keepalived: virtual_server]`, async () => {
    const file = join(work, `${i}.conf`);
    writeFileSync(file, `global_defs {\n}\n${text}`);
    const { model } = parseConfig({ path: file }, { mode: 'daemon' });
    assert.ok(model !== undefined);
    await using ipvs = new Ipvs({ netns: ours });
    using prober = new Prober({ netns: ours });
    const balancer = new Balancer({
      ipvs,
      prober,
      host: { clock: systemClock, logger: silentLogger },
      onEvent: () => undefined,
      command: () => undefined,
    });
    await balancer.load(model);
    const mine = savedTable(ours);
    assert.notEqual(mine, '', 'no service at all');
    let log = '';
    const pids = ['-p', '-c', '-r'].flatMap((option) => [option, join(work, `pid${option}`)]);
    const argv = ['keepalived', '-n', '-l', '-C', '-f', file, ...pids];
    const keepalived = startIn(theirs, argv, (more) => (log += more));
    try {
      const seen = await until(
        () => savedTable(theirs),
        () => mine,
        60_000,
      );
      assert.equal(mine, seen, log);
    } finally {
      await end(keepalived, 'SIGTERM');
      await balancer.close();
    }
    assert.equal(savedTable(ours), '');
    assert.equal(savedTable(theirs), '');
  });
}
