import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';

import { Capture } from '../../support/capture.js';
import { projectRoot } from '../../support/daemons.js';
import { exampleLab, onlyOn, vip } from '../../support/examples.js';
import type { LabHost } from '../../support/net-lab.js';
import type { Program } from '../../support/program.js';

/** A backend that says who it is, and the balancer of examples/ before it. */
async function startBalancer(host: LabHost, priority: number): Promise<Program> {
  const backend = `require('http').createServer((q, s) => s.end('${host.name} ' + q.url)).listen(8081, () => console.log('ready'))`;
  await (await host.start([process.execPath, '-e', backend])).waitForLine(/ready/);
  const file = join(projectRoot, 'examples/http-balancer/balancer.mjs');
  return host.start([process.execPath, file], { env: { PRIORITY: String(priority) } });
}

async function answer(client: LabHost): Promise<string> {
  const code = `require('http').get('http://${vip}/path', (r) => r.pipe(process.stdout)).on('error', (e) => console.log(e.code))`;
  return (await client.runOk([process.execPath, '-e', code])).trim();
}

test('the embedding example: its address moves with it, and its clients go on', async () => {
  await using lab = await exampleLab('lib');
  const { ka1, ka2, client } = lab;
  const first = await startBalancer(ka1, 150);
  await first.waitForLine(/^MASTER, because no master was heard/);
  const second = await startBalancer(ka2, 100);
  await second.waitForLine(/^BACKUP/);
  await onlyOn(vip, ka1, ka2);
  assert.equal(await answer(client), 'ka1 /path');

  assert.deepEqual(await first.stop('SIGTERM'), { code: 0, signal: null });
  await second.waitForLine(/^MASTER, because 10\.0\.0\.18 gave up mastership/);
  await onlyOn(vip, ka2, ka1);
  assert.equal(await answer(client), 'ka2 /path');
});

test('a program that embeds a router and dies of a bug says goodbye and leaves no address', async () => {
  await using lab = await exampleLab('libx');
  const { ka1, client } = lab;
  await using capture = await Capture.start(client, 'proto 112');
  const file = join(projectRoot, 'dist/lib/index.js');
  const code = `import { VirtualRouter } from ${JSON.stringify(file)};
    const router = await VirtualRouter.start({ interface: 'eth0', virtualRouterId: 51, addresses: ['10.0.0.100/24'], advertInterval: 0.1 });
    process.once('SIGUSR2', () => { throw new Error('a bug'); });
    await router.reached('MASTER');
    console.log('master');`;
  const program = await ka1.start([process.execPath, '--input-type=module', '-e', code]);
  await program.waitForLine(/master/);
  await ka1.waitForAddress(vip);
  program.signal('SIGUSR2');
  assert.equal((await program.exited).code, 1);
  assert.equal(await ka1.hasAddress(vip), false);
  await capture.waitForLine(/vrid 51, prio 0,/);
});
