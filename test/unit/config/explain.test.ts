/** `ka-node explain` knows every word of the tables. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { allMessages } from '../../../lib/config/reference/advice.js';
import { blocks } from '../../../lib/config/reference/catalogue.js';
import { explain } from '../../../lib/config/reference/explain.js';
import { directives, entryOptions } from '../../../lib/config/schema/entry-options.js';

/** What is said of a topic, which must be something, in whole sentences of words. */
function told(topic: string): string {
  const explanation = explain(topic);
  assert.equal(explanation.kind, 'found', topic);
  assert.ok(explanation.kind === 'found');
  const { text } = explanation;
  assert.doesNotMatch(text, /undefined|NaN|\[object|function|[^\S\n]$/m, topic);
  assert.ok(text.endsWith('\n'), topic);
  return text;
}

test('every keyword is explained in every block that has it', () => {
  const all = blocks();
  assert.ok(all.length > 20);
  for (const { name, keywords } of all)
    for (const { keyword } of keywords)
      assert.ok(told(keyword).includes(`${keyword} (in ${name}): `), keyword);
});

test('every block is explained with its keywords', () => {
  for (const { name, help, keywords } of blocks()) {
    const text = told(name);
    assert.ok(text.includes(`${name}: ${help}`), name);
    for (const { keyword } of keywords) assert.ok(text.includes(`    ${keyword} `), `${name} ${keyword}`);
  }
});

test('options of entries and words of the preprocessor are explained', () => {
  for (const table of [directives, ...Object.values(entryOptions)])
    for (const [word, help] of Object.entries(table)) assert.ok(told(word).includes(help), word);
});

test('lines of the preprocessor are explained as they are written', () => {
  for (const [topic, word] of [
    ['@id', '@ID'],
    ['@node1', '@ID'],
    ['@', '@ID'],
    ['@^id', '@^ID'],
    ['$VIPS', '$NAME'],
    ['$VIPS=10.0.0.1', '$NAME='],
    ['${VIPS}', '${NAME}'],
    ['${_ENV', '${_ENV NAME}'],
    ['${_ENV HOME}', '${_ENV NAME}'],
    ['${_RANDOM 1 5}', '${_RANDOM}'],
    ['~SEQ(I,1,3)', '~SEQ'],
    ['~LST(I,a,b)', '~LST'],
  ] as const)
    assert.equal(told(topic), told(word), topic);
});

test('every code is explained, with its repair, in any case', () => {
  for (const { code, severity } of allMessages()) {
    assert.match(told(code), new RegExp(`^${code} \\(${severity}\\)\\n\\n\\S.*\\nRepair: \\S`), code);
    assert.equal(told(code.toLowerCase()), told(code));
  }
});

test('what there is not is not explained: a near word is offered, if there is one', () => {
  assert.deepEqual(explain('virtual_ruoter_id'), { kind: 'unknown', near: 'virtual_router_id' });
  assert.deepEqual(explain('lable'), { kind: 'unknown', near: 'label' });
  assert.deepEqual(explain('KA0000').kind, 'unknown');
  for (const word of ['', 'toString', '__proto__', 'constructor', 'x'.repeat(100_000)])
    assert.equal(explain(word).kind, 'unknown', word.slice(0, 20));
});
