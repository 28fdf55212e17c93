/**
 * The small parts of the configuration room: addresses, patterns, commands, near names, places, words.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { broadcastOf, formatIpv6, parseAddress, parseIpv4, parseIpv6 } from '../../../lib/config/address.js';
import { expandBraces, matchFiles } from '../../../lib/config/include.js';
import { splitCommand } from '../../../lib/config/schema/scripts.js';
import { Scanner } from '../../../lib/config/scanner.js';
import { SourceFile } from '../../../lib/config/source.js';
import { nearest } from '../../../lib/config/suggest.js';
import { micros, milliseconds, priority, seconds, vrid } from '../../../lib/units.js';
import { fakeFiles } from '../../config/machine.js';

test('addresses become canonical, and what is none is refused', () => {
  const good: readonly (readonly [string, string])[] = [
    ['192.0.2.1', '192.0.2.1'],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['::', '::'],
    ['::1', '::1'],
    ['fe80::', 'fe80::'],
    ['1:0:2:0:0:3:0:4', '1:0:2::3:0:4'],
    ['1:2:3:4:5:6:0:8', '1:2:3:4:5:6:0:8'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ];
  for (const [text, canonical] of good) assert.equal(parseAddress(text)?.text, canonical);
  const bad = [
    '',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '01.2.3.4',
    '1.2.3.4 ',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '12345::',
    'g::',
    '1:2:3:4:5:6:7:8:9',
    '1.2.3.4::',
    'fe80::1%eth0',
  ];
  for (const text of bad) assert.equal(parseAddress(text), undefined, text);
  assert.equal(parseIpv4('255.255.255.255'), 4294967295);
  assert.deepEqual(parseIpv6('::2'), [0, 0, 0, 0, 0, 0, 0, 2]);
  assert.equal(formatIpv6([1, 0, 0, 0, 0, 0, 0, 0]), '1::');
});

test('broadcast addresses', () => {
  assert.equal(broadcastOf('192.0.2.77', 24, 1), '192.0.2.255');
  assert.equal(broadcastOf('192.0.2.77', 26, 0), '192.0.2.64');
  assert.equal(broadcastOf('10.1.2.3', 8, 1), '10.255.255.255');
});

test('braces of a pattern are expanded, nested and empty ones too', () => {
  assert.deepEqual(expandBraces('a{b,c}d'), ['abd', 'acd']);
  assert.deepEqual(expandBraces('{a,b{c,d}}'), ['a', 'bc', 'bd']);
  assert.deepEqual(expandBraces('x{,y}'), ['x', 'xy']);
  assert.deepEqual(expandBraces('a{b'), ['a{b']);
});

test('patterns match as in a shell: sorted, hidden files on request only', () => {
  const files = fakeFiles({
    '/c/b.conf': '',
    '/c/a.conf': '',
    '/c/.h.conf': '',
    '/c/d/x.conf': '',
    '/c/a.txt': '',
  });
  const match = (pattern: string): readonly string[] =>
    matchFiles(pattern, '/c', files).flatMap((item) => item.paths);
  assert.deepEqual(match('*.conf'), ['a.conf', 'b.conf']);
  assert.deepEqual(match('/c/[ab].conf'), ['/c/a.conf', '/c/b.conf']);
  assert.deepEqual(match('[!a].conf'), ['b.conf']);
  assert.deepEqual(match('.*.conf'), ['.h.conf']);
  assert.deepEqual(match('*/x.conf'), ['d/x.conf']);
  assert.deepEqual(match('{b,z,a}.conf'), ['b.conf', 'a.conf']);
  assert.deepEqual(match('[z-a].conf'), []);
});

test('a command with arguments is one quoted word, split by rules of its own', () => {
  assert.deepEqual(splitCommand('"/x/y a b" root  wheel'), ['/x/y a b', 'root', 'wheel']);
  assert.deepEqual(splitCommand("'/x y'z"), ['/x yz']);
  assert.deepEqual(splitCommand('/bin/sh -c \'echo "a b"\''), ['/bin/sh', '-c', 'echo "a b"']);
  assert.deepEqual(splitCommand('a\\ b \\x41\\101\\n ""'), ['a b', 'AA\n', '']);
  assert.deepEqual(splitCommand("'c\\d' c\\x41d-"), ['cd', 'c\x1d-']);
});

test('near names are offered, far ones are not', () => {
  assert.equal(nearest('lable', ['dev', 'scope', 'label']), 'label');
  assert.equal(nearest('prioritty', ['priority', 'preempt']), 'priority');
  assert.equal(nearest('xyz', ['priority', 'preempt']), undefined);
  assert.equal(nearest('label', ['label']), undefined);
});

test('places count lines and columns from 1', () => {
  const source = new SourceFile('f', 'ab\r\n\ncd');
  assert.deepEqual(source.position(0), { line: 1, column: 1 });
  assert.deepEqual(source.position(5), { line: 3, column: 1 });
  assert.deepEqual(source.position(99), { line: 3, column: 3 });
  assert.equal(source.line(1), 'ab');
  assert.equal(source.line(3), 'cd');
  assert.equal(source.line(4), '');
});

test('the scanner splits words, quotes, escapes, comments and braces', () => {
  const scanner = new Scanner();
  const text = 'a "b {#c"d\\#e f!x\n  g{h';
  assert.equal(scanner.scan(text, 0, text.length), 'line');
  assert.deepEqual(scanner.words, ['a', 'b {#c', 'd#e', 'f']);
  assert.deepEqual([scanner.commentStart, scanner.commentEnd], [15, 17]);
  assert.equal(scanner.scan(text, scanner.next, text.length), 'open');
  assert.deepEqual(scanner.words, ['g']);
  assert.equal(scanner.scan(text, scanner.next, text.length), 'end');
  assert.deepEqual(scanner.words, ['h']);
  assert.equal(scanner.scan('x $y', 0, 4), 'special');
  assert.equal(scanner.scan('  @x y', 0, 6), 'special');
});

test('units are checked and rounded', () => {
  assert.equal(seconds(0.25), 250_000);
  assert.equal(milliseconds(1.5), 1500);
  assert.equal(micros(-1), 0);
  assert.equal(micros(Number.NaN), 0);
  assert.equal(micros(1e300), Number.MAX_SAFE_INTEGER);
  assert.equal(vrid(0), undefined);
  assert.equal(vrid(255), 255);
  assert.equal(priority(256), undefined);
});
