import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { projectRoot } from '../support/daemons.js';
import { Program } from '../support/program.js';

const demo = [process.execPath, join(projectRoot, 'dist/test/demo/demo.js')];
const example = (file: string): string => join(projectRoot, 'examples', file);

function namespacesOf(pid: number): readonly string[] {
  return readdirSync('/run/netns').filter((name) => name.startsWith(`ka-demo-${pid}-`));
}

test('the demo shows the address leaving a dead node and coming back, with the causes', async () => {
  await using program = await Program.start(demo);
  assert.equal((await program.exited).code, 0, program.text());
  const text = program.text();
  assert.match(
    text,
    /ka2 took over after \d+\.\d\d s:\n {2}ka1 {2}without power\n {2}ka2 {2}10\.0\.0\.100\/24 on eth0/,
  );
  assert.match(text, /why: 10\.0\.0\.\d+ \(priority 100\) fell silent/);
  assert.match(text, /pings without an answer so far: [1-9]\d*\n/);
  assert.match(text, /ka1 took the address back:\n {2}ka1 {2}10\.0\.0\.100\/24 on eth0.*\n {2}ka2 {2}-/);
  assert.match(text, /why ka2 gave way: .* advertises priority 100/);
  assert.match(text, /No address is left behind\./);
  assert.deepEqual(namespacesOf(program.pid), []);
});

test('the demo runs the files that it is given', async () => {
  const files = ['02-nopreempt/ka1.conf', '02-nopreempt/ka2.conf'].map(example);
  await using program = await Program.start([...demo, ...files]);
  assert.equal((await program.exited).code, 0, program.text());
  assert.match(program.text(), /keeps the address, as the files say/);
});

test('the demo says why it cannot show a file', async () => {
  await using program = await Program.start([...demo, '/nonexistent.conf', '/nonexistent.conf']);
  assert.equal((await program.exited).code, 1);
  assert.match(program.text(), /cannot read \/nonexistent\.conf: it does not exist/);
});

test('Ctrl-C ends the demo and leaves nothing', async () => {
  await using program = await Program.start(demo);
  await program.waitForLine(/started:/, { timeoutMs: 60_000 });
  assert.notDeepEqual(namespacesOf(program.pid), []);
  program.signal('SIGINT');
  assert.equal((await program.exited).signal, 'SIGINT');
  assert.deepEqual(namespacesOf(program.pid), []);
});
