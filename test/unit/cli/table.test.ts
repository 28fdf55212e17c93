/** Tables, lengths of time, colours. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { duration, paint, parseDuration, styleFor, table } from '../../../lib/cli/table.js';
import { matchServer } from '../../../lib/lvs/match-name.js';
import { plain } from '../../../lib/plain-text.js';

const grey = { isColoured: false };

test('columns are as wide as their widest cell, numbers stand at the right', () => {
  const rows = [
    [{ text: 'a' }, { text: '1', isRight: true }],
    [{ text: 'long name' }, { text: '1000', isRight: true }],
  ];
  assert.equal(table(['NAME', 'N'], rows, grey), 'NAME          N\na             1\nlong name  1000\n');
});

test('colour does not change the width, and is only for a terminal', () => {
  const rows = [[{ text: 'up', colour: 'green' as const }, { text: 'x' }]];
  assert.match(table(['A', 'B'], rows, { isColoured: true }), /\u001B\[32mup\u001B\[0m {2}x/);
  assert.equal(paint('x', 'red', grey), 'x');
  assert.equal(styleFor({}).isColoured, false);
});

test('lengths of time are written short and read back', () => {
  assert.equal(duration(1400), '1 s');
  assert.equal(duration(119_000), '119 s');
  assert.equal(duration(3_600_000), '60 min');
  assert.equal(duration(5 * 3_600_000 + 60_000), '5 h 1 min');
  assert.equal(duration(80 * 3_600_000), '3 d 8 h');
  assert.equal(parseDuration('30m'), 1_800_000);
  assert.equal(parseDuration('1.5h'), 5_400_000);
  assert.equal(parseDuration('45'), 45_000);
  for (const wrong of ['', '0', '-1s', '1w', 'm', '1 s s']) assert.equal(parseDuration(wrong), undefined);
});

test('servers are found by what people type', () => {
  const all = [
    { name: '[10.0.0.1]:tcp:80' },
    { name: '[10.0.0.1]:udp:80' },
    { name: '[fd00::1]:tcp:80' },
    { name: 'FWM 7' },
  ];
  const names = (text: string): readonly string[] => matchServer(all, text).map(({ name }) => name);
  assert.deepEqual(names('tcp:10.0.0.1:80'), ['[10.0.0.1]:tcp:80']);
  assert.deepEqual(names('10.0.0.1:80'), ['[10.0.0.1]:tcp:80', '[10.0.0.1]:udp:80']);
  assert.deepEqual(names('[fd00::1]:80'), ['[fd00::1]:tcp:80']);
  assert.deepEqual(names('fwmark:7'), ['FWM 7']);
  assert.deepEqual(names('10.0.0.1:81'), []);
});

test('text of others cannot steer a terminal', () => {
  assert.equal(plain('a\u001B[2Jb\r\nc\u202Ed'), 'a [2Jb c d');
});
