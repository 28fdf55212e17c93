/** Formatting is idempotent, keeps comments, and never changes what a file means. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import fc from 'fast-check';
import { isSameMeaning } from '../../lib/cli/format.js';
import { formatText } from '../../lib/config/format.js';
import { fakeFiles } from './machine.js';

const untidy = `! first
global_defs   {   # all
router_id\tLVS_1
      }


vrrp_instance V{
interface eth0 # uplink
    virtual_router_id   51
virtual_ipaddress { 
192.0.2.9/24   dev eth0
   # spare
}
notify "/usr/bin/true  a   b"
}

`;

const tidy = `! first
global_defs { # all
    router_id LVS_1
}

vrrp_instance V {
    interface eth0 # uplink
    virtual_router_id 51
    virtual_ipaddress {
        192.0.2.9/24 dev eth0
        # spare
    }
    notify "/usr/bin/true  a   b"
}
`;

function isSame(text: string): boolean {
  return isSameMeaning('/k.conf', text, formatText(text), fakeFiles({ '/k.conf': text }));
}

test('a file is laid out by its braces; comments and quoted blanks stay', () => {
  assert.equal(formatText(untidy), tidy);
  assert.ok(isSame(untidy));
});

test('parameters of several lines and repetitions keep their text', () => {
  const text =
    '$A=\\\n   x  \\\n  y\n~SEQ(I,1,2)   static_ipaddress {\n 192.0.2.$I\n}\nglobal_defs {\n router_id ${_HASH}\n}\n';
  assert.ok(formatText(text).startsWith('$A=\\\n   x  \\\n  y\n'));
  assert.ok(isSame(text));
});

const piece = fc.constantFrom(
  ...[
    '{',
    '}',
    '"',
    '#',
    ' !',
    '\\',
    '$A=',
    '${A}',
    '@node1 ',
    '~SEQ(I,1,2) ',
    '\n',
    '\n\n\n',
    '\r\n',
    ' ',
    '\t',
  ],
  ...[
    'global_defs',
    'router_id',
    'vrrp_instance',
    'V',
    'interface',
    'eth0',
    'x',
    '5',
    'virtual_ipaddress',
    '192.0.2.1',
  ],
);
const anyText = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(''));
const runs = { numRuns: 500, interruptAfterTimeLimit: 20_000, markInterruptAsFailure: true };

test('characters that only look like blanks stay', () => {
  assert.equal(
    formatText('vrrp_instance V {\n priority  100\u3000# \u5168\u89d2\n\u00a0state\tMASTER\u00a0 \n}\n'),
    'vrrp_instance V {\n    priority 100\u3000 # \u5168\u89d2\n    \u00a0state MASTER\u00a0\n}\n',
  );
});

test('formatting twice is formatting once, whatever the text', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const once = formatText(text);
      assert.equal(formatText(once), once);
    }),
    runs,
  );
});

test('only blanks change, whatever the text', () => {
  const ink = (text: string): string => text.replace(/\s/g, '');
  fc.assert(
    fc.property(anyText, (text) => assert.equal(ink(formatText(text)), ink(text))),
    runs,
  );
});

test('another layout of a file that is well means the same', () => {
  const blank = fc.constantFrom(' ', '  ', '\t', ' \t ');
  const lead = fc.constantFrom('', ' ', '\t\t', '      ');
  const lines = tidy.split('\n').filter((line) => line !== '');
  fc.assert(
    fc.property(
      fc.array(fc.tuple(lead, blank), { minLength: lines.length, maxLength: lines.length }),
      (layout) => {
        const text = lines
          .map((line, index) => {
            const [indent, between] = layout[index] ?? ['', ' '];
            const words = line.trim();
            return indent + (/["#!]/.test(words) ? words : words.replaceAll(' ', between));
          })
          .join('\n');
        assert.ok(isSame(text));
        assert.equal(formatText(text), tidy.replace('}\n\nvrrp', '}\nvrrp'));
      },
    ),
    { ...runs, numRuns: 100 },
  );
});

const corpus = new URL('../../../../shared/corpus/configs/', import.meta.url);

test(
  'every real configuration keeps its meaning',
  { skip: existsSync(corpus) ? false : 'no corpus here' },
  () => {
    const changed = readdirSync(corpus).filter((name) => {
      const text = readFileSync(new URL(name, corpus), 'utf8');
      // Random values differ between two readings.
      if (!name.endsWith('.conf') || text.includes('_RANDOM')) return false;
      const once = formatText(text);
      return formatText(once) !== once || !isSameMeaning(new URL(name, corpus).pathname, text, once);
    });
    assert.deepEqual(changed, []);
  },
);
