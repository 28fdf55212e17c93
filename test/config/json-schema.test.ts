/** The published JSON Schema holds for what `ka-node show --json` prints, and for nothing else. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parseConfig } from '../../lib/config/load.js';
import { plainModel, treeText, type Plain } from '../../lib/config/plain.js';
import { modelSchema } from '../../lib/config/reference/json-schema.js';
import { cases } from './cases.js';
import { fakeFiles, fakeMachine } from './machine.js';
import { rich } from './rich.js';

const projectRoot = new URL('../../../', import.meta.url);
const document: unknown = JSON.parse(readFileSync(new URL('share/model.schema.json', projectRoot), 'utf8'));
assert.ok(typeof document === 'object' && document !== null);
const validate = new Ajv2020({ strict: false, allErrors: true }).compile(document);

function plain(text: string): Plain | undefined {
  const options = { offline: true, machine: fakeMachine(), files: fakeFiles({}), configId: 'node1' };
  const { model } = parseConfig({ text }, options);
  return model === undefined ? undefined : plainModel(model);
}

function holds(text: string): void {
  const value = plain(text);
  if (value !== undefined)
    assert.ok(validate(value), JSON.stringify(validate.errors?.slice(0, 5), undefined, 1));
}

test('the schema holds for a file with every keyword, for the examples and for every text of the diagnostics', () => {
  holds(rich);
  holds('');
  const examples = fileURLToPath(new URL('examples', projectRoot));
  for (const file of readdirSync(examples, { recursive: true, encoding: 'utf8' }))
    if (file.endsWith('.conf')) holds(readFileSync(`${examples}/${file}`, 'utf8'));
  for (const { text, code } of cases) if (code !== 'KA1205') holds(text.replace(/[«»]/g, ''));
});

const corpus = new URL('../shared/corpus/configs/', projectRoot);

test(
  'the schema holds for every real configuration',
  { skip: existsSync(corpus) ? false : 'the corpus of real configurations is not here' },
  () => {
    for (const file of readdirSync(corpus))
      if (file.endsWith('.conf')) holds(readFileSync(new URL(file, corpus), 'latin1'));
  },
);

test('the schema refuses what is not in a model', () => {
  const value = plain(rich);
  assert.ok(typeof value === 'object' && value !== null && !Array.isArray(value));
  for (const wrong of [{ ...value, fnord: 1 }, { ...value, vrrpInstance: 5 }, { ...value, configId: 7 }, {}])
    assert.equal(validate(wrong), false);
});

test('the readable tree shows durations with their unit', () => {
  const text =
    'vrrp_instance V {\n interface eth0\n virtual_router_id 5\n version 3\n advert_int 0.25\n preempt_delay 90\n virtual_ipaddress {\n 192.0.2.1\n }\n}\nvirtual_server 192.0.2.1 80 {\n delay_loop 1.5\n real_server 10.0.0.1 80 {\n TCP_CHECK {\n connect_timeout 0.000123\n }\n }\n}\n';
  const tree = treeText(plain(text) ?? {}, modelSchema());
  for (const line of [
    'advertInt: 250 ms',
    'preemptDelay: 90 s',
    'delayLoop: 1.5 s',
    'connectTimeout: 123 us',
    'virtualRouterId: 5',
  ])
    assert.ok(tree.includes(`${line}\n`), `${line} in\n${tree}`);
});
