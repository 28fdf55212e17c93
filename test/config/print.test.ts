/** A printed model is read as the same model. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { parseConfig } from '../../lib/config/load.js';
import { plainModel } from '../../lib/config/plain.js';
import { printConfig } from '../../lib/config/print.js';
import { cases } from './cases.js';
import { fakeFiles, fakeMachine } from './machine.js';
import { rich } from './rich.js';

const options = { offline: true, machine: fakeMachine(), files: fakeFiles({}), configId: 'node1' } as const;

/** The text must mean the same when it is printed, and print the same then. */
function roundTrip(text: string): void {
  const { model } = parseConfig({ text }, options);
  if (model === undefined) return;
  const printed = printConfig(model);
  const again = parseConfig({ text: printed }, options).model;
  assert.ok(again !== undefined, printed);
  assert.deepEqual(plainModel(again), plainModel(model), `${text}\n---- printed:\n${printed}`);
  assert.equal(printConfig(again), printed);
}

const projectRoot = new URL('../../../', import.meta.url);

test('every example means the same when it is printed', () => {
  const examples = fileURLToPath(new URL('examples', projectRoot));
  const files = readdirSync(examples, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.conf'),
  );
  assert.ok(files.length >= 8);
  for (const file of files) roundTrip(readFileSync(`${examples}/${file}`, 'utf8'));
});

test('every text of the diagnostics means the same when it is printed', () => {
  for (const { text, code } of cases) if (code !== 'KA1205') roundTrip(text.replace(/[«»]/g, ''));
});

test('a file with every keyword means the same when it is printed', () => {
  roundTrip(rich);
});

const corpus = new URL('../shared/corpus/configs/', projectRoot);

test(
  'every real configuration means the same when it is printed',
  { skip: existsSync(corpus) ? false : 'the corpus of real configurations is not here' },
  () => {
    for (const file of readdirSync(corpus))
      if (file.endsWith('.conf')) roundTrip(readFileSync(new URL(file, corpus), 'latin1'));
  },
);

test(
  'any mutation of a file with every keyword means the same when it is printed',
  { timeout: 300_000 },
  () => {
    const lines = rich.split('\n');
    const value = fc.constantFrom(
      '0',
      '1',
      '2',
      '7',
      '100',
      '254',
      '255',
      '0.5',
      'on',
      'off',
      '"a b"',
      '10.0.0.9',
      '2001:db8::9',
      'reverse',
      'weight -3',
    );
    const edit = fc.record({
      at: fc.nat(lines.length - 1),
      kind: fc.constantFrom('drop', 'double', 'value', 'swap'),
      value,
    });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 12 }), (edits) => {
        const changed = [...lines];
        for (const { at, kind, value: text } of edits) {
          const line = changed[at] ?? '';
          if (kind === 'drop') changed[at] = '';
          else if (kind === 'double') changed[at] = `${line}\n${line}`;
          else if (kind === 'value') changed[at] = line.replace(/\S+(\s*)$/, `${text}$1`);
          else [changed[at], changed[at + 1]] = [changed[at + 1] ?? '', line];
        }
        roundTrip(changed.join('\n'));
      }),
      { numRuns: 120 },
    );
  },
);
