/** The lab itself: what the other namespace tests stand on must hold on its own. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import test from 'node:test';

import { Capture } from '../support/capture.js';
import { NetLab, type LabHost } from '../support/net-lab.js';

async function twoHosts(lab: NetLab): Promise<readonly [LabHost, LabHost]> {
  const lan = await lab.switch('lan');
  const left = await lab.host('left', [{ switch: lan, addresses: ['10.0.0.18/16', 'fd00::18/64'] }]);
  const right = await lab.host('right', [{ switch: lan, addresses: ['10.0.0.28/16', 'fd00::28/64'] }]);
  return [left, right];
}

function namespacesOf(prefix: string): string[] {
  return readdirSync('/run/netns').filter((name) => name.startsWith(prefix));
}

test('two hosts of a lab reach each other in both families, and nothing is left of them afterwards', async () => {
  let prefix: string;
  {
    await using lab = await NetLab.create('self');
    prefix = lab.prefix;
    const [left] = await twoHosts(lab);
    assert.equal(await left.ping('10.0.0.28'), true);
    assert.equal(await left.ping('fd00::28'), true);
    assert.equal(await left.ping('10.0.0.99'), false);
    assert.equal(namespacesOf(prefix).length, 3);
  }
  assert.deepEqual(namespacesOf(prefix), []);
});

test('a pulled cable takes the carrier, an isolated port only the traffic', async () => {
  await using lab = await NetLab.create('self');
  const [left] = await twoHosts(lab);
  const carrier = async (): Promise<string> =>
    (await left.runOk(['cat', '/sys/class/net/eth0/carrier'])).trim();
  await left.unplug();
  await left.waitFor('carrier lost', async () => (await carrier()) === '0');
  await left.plug();
  await left.waitFor('carrier back', async () => (await carrier()) === '1');
  assert.equal(await left.ping('10.0.0.28'), true);
  await left.isolate();
  assert.equal(await carrier(), '1');
  assert.equal(await left.ping('10.0.0.28'), false);
  await left.rejoin();
  assert.equal(await left.ping('10.0.0.28'), true);
});

test('an address is awaited without a race, and its coming and going is kept', async () => {
  await using lab = await NetLab.create('self');
  const [left] = await twoHosts(lab);
  await left.ip('address', 'add', '10.0.0.100/24', 'dev', 'eth0', 'label', 'eth0:0');
  await left.waitForAddress('10.0.0.100');
  const mine = (await left.addresses('eth0')).find((each) => each.address === '10.0.0.100');
  assert.deepEqual(mine, {
    device: 'eth0',
    address: '10.0.0.100',
    prefixLength: 24,
    label: 'eth0:0',
    scope: 'global',
  });
  const gone = left.waitForAddress('10.0.0.100', false);
  await left.ip('address', 'del', '10.0.0.100/24', 'dev', 'eth0');
  await gone;
  await (await left.monitor()).waitForLine(/Deleted .*10\.0\.0\.100/);
  await assert.rejects(left.waitForAddress('10.0.0.100', true, 50), /waited 50 ms for 10\.0\.0\.100 on left/);
});

test('a capture tells of packets while they pass, and decodes them afterwards', async () => {
  await using lab = await NetLab.create('self');
  const [left, right] = await twoHosts(lab);
  await using capture = await Capture.start(right, 'icmp');
  assert.equal(await left.ping('10.0.0.28'), true);
  await capture.waitForLine(/10\.0\.0\.28 > 10\.0\.0\.18: ICMP echo reply/);
  await capture.stop();
  const packets = await capture.packets(['ip.src', 'icmp.type']);
  assert.deepEqual(packets, [
    { 'ip.src': '10.0.0.18', 'icmp.type': '8' },
    { 'ip.src': '10.0.0.28', 'icmp.type': '0' },
  ]);
});

test('a host has an /etc of its own', async () => {
  await using lab = await NetLab.create('self');
  const [left, right] = await twoHosts(lab);
  left.writeEtc('hostname', 'left-in-the-lab\n');
  assert.equal(await left.runOk(['cat', '/etc/hostname']), 'left-in-the-lab');
  assert.notEqual(await right.runOk(['cat', '/etc/hostname']), 'left-in-the-lab');
});

test('a lab ends with its process: interrupted at once, killed at the next lab', async () => {
  const module = new URL('../support/net-lab.js', import.meta.url).href;
  const script = `
    const { NetLab } = await import(${JSON.stringify(module)});
    const lab = await NetLab.create('doomed');
    const host = await lab.host('only');
    await host.start(['sleep', '1000']);
    console.log(lab.prefix);
    setInterval(() => {}, 1000);`;
  for (const signal of ['SIGINT', 'SIGKILL'] as const) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const prefix = await new Promise<string>((resolve) =>
      child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString().trim())),
    );
    assert.equal(namespacesOf(`${prefix}-`).length, 2);
    const ended = new Promise<NodeJS.Signals | null>((resolve) =>
      child.once('exit', (_code, by) => resolve(by)),
    );
    child.kill(signal);
    assert.equal(await ended, signal);
    if (signal === 'SIGKILL') await (await NetLab.create('next'))[Symbol.asyncDispose]();
    assert.deepEqual(namespacesOf(`${prefix}-`), []);
  }
});
