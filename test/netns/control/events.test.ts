/** What the event stream of a running daemon tells besides states: trackers, reloads, and processes that die. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import test from 'node:test';
import { startKaNode } from '../../support/daemons.js';
import { followEvents, toldEvent } from '../../support/event-reader.js';
import { NetLab } from '../../support/net-lab.js';

const limitMs = 30_000;

const configuration = (load: string, priority: number): string => `track_file load {
  file ${load}
}
vrrp_instance VI_1 {
  interface eth0
  virtual_router_id 51
  priority ${priority}
  version 3
  advert_int 0.1
  virtual_ipaddress {
    10.0.0.100/24
  }
  track_file {
    load weight 1
  }
}
`;

test('the event stream tells of trackers, reloads and processes', async () => {
  await using lab = await NetLab.create('events');
  const host = await lab.host('a', [{ switch: await lab.switch('lan'), addresses: ['10.0.0.1/24'] }]);
  const path = host.path('control.sock');
  const load = host.write('load', '1\n');
  const daemon = await startKaNode(host, configuration(load, 150), ['--control-socket', path]);
  await daemon.waitForLine(/Entering MASTER STATE/);
  await host.waitFor('the control socket', () => Promise.resolve(existsSync(path)), limitMs);
  const reader = await followEvents(host, path);

  host.write('load', '7\n');
  const tracked = await toldEvent(reader, 'tracker');
  assert.ok(tracked.kind === 'tracker');
  assert.deepEqual([tracked.side, tracked.what, tracked.state], ['vrrp', 'file load', '7']);

  daemon.reload(configuration(load, 160));
  const good = await toldEvent(reader, 'reload');
  assert.ok(good.kind === 'reload');
  assert.deepEqual([good.side, good.isGood, good.generation], ['daemon', true, 2]);
  assert.match(good.lines.join('\n'), /VI_1/);

  const here = reader.lines.length;
  daemon.reload('vrrp_instance VI_1 {\n  interface eth0\n  virtual_router_id 999\n}\n');
  const refused = await toldEvent(reader, 'reload', here);
  assert.ok(refused.kind === 'reload');
  assert.deepEqual([refused.isGood, refused.generation], [false, 2]);
  assert.match(refused.lines.join('\n'), /virtual_router_id/);

  const [line = ''] = daemon.program.lines.flatMap(
    ({ text }) => /Starting VRRP child process, pid=(\d+)/.exec(text)?.[1] ?? [],
  );
  process.kill(Number(line), 'SIGKILL');
  const died = await toldEvent(reader, 'process');
  assert.ok(died.kind === 'process');
  assert.deepEqual([died.process, died.what, died.pid], ['vrrp', 'died', Number(line)]);
  assert.match(died.ending ?? '', /SIGKILL/);
  const next = 1 + reader.lines.findIndex(({ text }) => text.includes('"what":"died"'));
  const started = await toldEvent(reader, 'process', next);
  assert.ok(started.kind === 'process' && started.what === 'started');
  assert.notEqual(started.pid, died.pid);
});

test('a process that dies while it reads the configuration is told to who asks for all of the run', async () => {
  await using lab = await NetLab.create('early');
  const host = await lab.host('a', [{ switch: await lab.switch('lan'), addresses: ['10.0.0.1/24'] }]);
  const path = host.path('control.sock');
  const load = host.write('load', '1\n');
  const flag = host.path('has-died');
  // The first one to be started to read, and the first one for a reload, die of it.
  const die = `const { existsSync, writeFileSync } = require('node:fs');
    const [, role] = /"role":"(first|reader)"/.exec(process.argv.join(' ')) ?? [];
    const flag = ${JSON.stringify(flag)} + role;
    if (role !== undefined && !existsSync(flag)) {
      writeFileSync(flag, '');
      process.kill(process.pid, 'SIGKILL');
    }`;
  const env = { NODE_OPTIONS: `--require=${host.write('die.cjs', die)}` };
  const daemon = await startKaNode(host, configuration(load, 150), ['--control-socket', path], { env });
  await daemon.waitForLine(/The process that reads the configuration ended: SIGKILL; once more/);
  await daemon.waitForLine(/Entering MASTER STATE/);
  await host.waitFor('the control socket', () => Promise.resolve(existsSync(path)), limitMs);
  const reader = await followEvents(host, path, 'another-run.1');
  const died = await toldEvent(reader, 'process');
  assert.ok(died.kind === 'process');
  assert.deepEqual([died.process, died.what, died.sequence], ['reader', 'died', 1]);
  assert.match(died.ending ?? '', /SIGKILL/);

  const from = reader.lines.length;
  daemon.reload(configuration(load, 160));
  const again = await toldEvent(reader, 'process', from);
  assert.ok(again.kind === 'process');
  assert.deepEqual([again.process, again.what], ['reader', 'died']);
  assert.notEqual(again.pid, died.pid);
  const refused = await toldEvent(reader, 'reload', from);
  assert.ok(refused.kind === 'reload' && !refused.isGood);
});
