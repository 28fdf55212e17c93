/** Commands against a daemon whose processes somebody has stopped: they say so soon, and nothing is done later. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { get } from '../../../lib/control/client.js';
import { schemas } from '../../../lib/control/schema.js';
import { projectRoot, startKaNode } from '../../support/daemons.js';
import { NetLab } from '../../support/net-lab.js';

const limitMs = 30_000;
const configuration = `vrrp_instance VI_1 {
  interface eth0
  virtual_router_id 51
  priority 150
  version 3
  advert_int 0.1
  virtual_ipaddress {
    10.0.0.100/24
  }
}
`;

/** Runs `body` while a process is stopped. */
async function whileStopped<T>(pid: number, body: () => Promise<T>): Promise<T> {
  process.kill(pid, 'SIGSTOP');
  try {
    return await body();
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

test('status, why and standby tell of a frozen process instead of waiting for it', async () => {
  await using lab = await NetLab.create('frozen');
  const host = await lab.host('a', [{ switch: await lab.switch('lan'), addresses: ['10.0.0.1/24'] }]);
  const path = host.path('control.sock');
  const daemon = await startKaNode(host, configuration, ['--control-socket', path]);
  await daemon.waitForLine(/Entering MASTER STATE/);
  await host.waitFor('the control socket', () => Promise.resolve(existsSync(path)), limitMs);
  const ka = (command: string, ...rest: readonly string[]) =>
    host.run([
      process.execPath,
      join(projectRoot, 'bin/ka-node'),
      command,
      '--control-socket',
      path,
      ...rest,
    ]);

  const { pid, sides } = schemas.Status.parse(await get({ path, timeoutMs: limitMs }, '/v1/status'));
  const vrrp = sides.find(({ side }) => side === 'vrrp')?.pid;
  assert.ok(vrrp !== undefined);

  await whileStopped(vrrp, async () => {
    const status = await ka('status');
    assert.equal(status.code, 1, status.stderr);
    assert.match(status.stdout, new RegExp(`vrrp: process ${vrrp} does not answer; what is shown is \\d+`));
    assert.match(status.stdout, /^VI_1 +MASTER/m);
    for (const each of [await ka('why', 'VI_1'), await ka('standby', 'VI_1', '--force')]) {
      assert.equal(each.code, 4, each.stdout);
      assert.match(each.stderr, new RegExp(`process ${vrrp} does not answer`));
    }
  });
  await host.waitFor('an answer', async () => (await ka('status')).code === 0, limitMs);
  // The standby that was refused is not done now.
  assert.match((await ka('status')).stdout, /^VI_1 +MASTER/m);

  await whileStopped(pid, async () => {
    for (const command of ['status', 'why', 'lvs']) {
      const { code, stdout, stderr } = await ka(command);
      assert.equal(code, 3, stderr);
      assert.equal(stdout, 'unknown');
      assert.match(stderr, /has not answered for [\d.]+ s/);
    }
    const { code, stdout } = await ka('status', '--json');
    assert.equal(code, 3);
    assert.match(stdout, /^\{"state":"unknown",/);
  });
  assert.equal((await daemon.stop()).code, 0);
});
