/** kill -9 of programs that embed a router, at random moments: what is left behind goes when the program starts again. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';

import { projectRoot } from '../../support/daemons.js';
import { exampleLab, vip } from '../../support/examples.js';
import { addressSpans, overlaps, owners, randomNumbers } from '../../support/killing.js';
import type { LabHost } from '../../support/net-lab.js';
import type { Program } from '../../support/program.js';

const deaths = 8;
/** Of the programs below: 0.3 s and the skew. A master that is taken over from yields when it hears of it. */
const masterDownMs = 400;
/** Fixed, so that a failure can be repeated. */
const seed = 20261;

/** Says `takes part` once what an earlier run left is gone, and `again` whenever it has become master. */
function embedding(priority: number): string {
  return `import { VirtualRouter } from ${JSON.stringify(join(projectRoot, 'dist/lib/index.js'))};
    const router = await VirtualRouter.start({
      interface: 'eth0', virtualRouterId: 51, addresses: ['${vip}/24'], advertInterval: 0.1, priority: ${priority},
    });
    router.on('master', () => console.log('master'));
    console.log('takes part');`;
}

function start(host: LabHost, priority: number): Promise<Program> {
  return host.start([process.execPath, '--input-type=module', '-e', embedding(priority)]);
}

test('programs killed at random moments: the address is on both nodes no longer than the killed one is down', async () => {
  await using lab = await exampleLab('libkill');
  const hosts = [lab.ka1, lab.ka2];
  const random = randomNumbers(seed);
  const monitors = await Promise.all(hosts.map((host) => host.monitor()));
  const programs = [await start(lab.ka1, 100), await start(lab.ka2, 101)];
  /** From a death until the program was back and had cleaned up. */
  const absences: { readonly fromMs: number; readonly toMs: number }[] = [];
  for (let count = 0; count < deaths; count++) {
    const which = random() < 0.5 ? 0 : 1;
    const [host, program] = [hosts[which], programs[which]];
    assert.ok(host !== undefined && program !== undefined);
    await program.waitForLine(/takes part/);
    await lab.ka1.waitFor('an owner', async () => (await owners(hosts, vip)).length === 1);
    // A random moment is not an event: this is what the test is about.
    await new Promise((resolve) => setTimeout(resolve, random() * 300));
    const fromMs = performance.now();
    program.signal('SIGKILL');
    await program.exited;
    const next = await start(host, 100 + which);
    programs[which] = next;
    await next.waitForLine(/takes part/);
    await lab.ka1.waitFor('one owner again', async () => (await owners(hosts, vip)).length === 1);
    absences.push({ fromMs, toMs: performance.now() });
  }
  for (const program of programs) {
    program.signal('SIGKILL');
    await program.exited;
  }
  const endMs = performance.now();
  const [first = [], second = []] = monitors.map((each) => addressSpans(each, `${vip}/24`, endMs));
  const long = overlaps(first, second).filter(
    ({ fromMs, toMs }) => toMs - fromMs > masterDownMs && toMs < endMs,
  );
  assert.ok(first.length + second.length > 2, 'the address has moved');
  for (const { fromMs, toMs } of long) {
    const isExplained = absences.some((each) => each.fromMs <= fromMs && toMs <= each.toMs);
    assert.ok(isExplained, `on both nodes from ${fromMs} to ${toMs}, absences ${JSON.stringify(absences)}`);
  }
});
