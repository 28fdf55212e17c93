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

test('vrrp_no_swap: V8 goes on giving memory back and compiling', async () => {
  await using lab = await exampleLab('lock');
  const { ka1 } = lab;
  const file = join(projectRoot, 'dist/lib/index.js');
  const text = `global_defs {\n vrrp_no_swap\n}\nvrrp_instance VI {\n interface eth0\n virtual_router_id 51\n advert_int 0.1\n version 3\n virtual_ipaddress {\n ${vip}/24\n }\n}\n`;
  const code = `import { readFileSync } from 'node:fs';
    import { createNode, parseConfig } from ${JSON.stringify(file)};
    const node = await createNode(parseConfig({ path: ${JSON.stringify(ka1.write('lock.conf', text))} }).model);
    await new Promise((resolve) => node.on('state', (router, { to }) => { if (to === 'MASTER') resolve(); }));
    console.log(/^VmLck:.*$/m.exec(readFileSync('/proc/self/status', 'utf8'))[0]);
    let sum = 0;
    for (let i = 0; i < 3000; ++i) {
      const hot = new Function('n', 'let s = ' + i + '; for (let k = 0; k < n; ++k) s = (s * 31 + k) | 0; return [s, { s }];');
      for (let k = 0; k < 30; ++k) sum += hot(200)[0];
      if (i % 500 === 0) globalThis.gc();
    }
    await node.close();
    console.log('compiled', Number.isInteger(sum));`;
  const program = await ka1.start([
    process.execPath,
    '--expose-gc',
    '--always-sparkplug',
    '--input-type=module',
    '-e',
    code,
  ]);
  await program.waitForLine(/^VmLck:\s+[1-9]/);
  await program.waitForLine(/^compiled true/);
  assert.deepEqual(await program.exited, { code: 0, signal: null });
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
