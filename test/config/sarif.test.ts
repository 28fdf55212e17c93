/** `ka-node check --format sarif` against the schema of SARIF 2.1.0. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import test from 'node:test';
import { Ajv } from 'ajv';
import { lintCluster } from '../../lib/config/lint/cluster.js';
import { lintConfig } from '../../lib/config/lint/lint.js';
import { parseConfig } from '../../lib/config/load.js';
import { sarifReport } from '../../lib/config/report.js';
import { cases } from './cases.js';
import { fakeFiles, fakeMachine } from './machine.js';

/** The published schema, of draft 4: `id` is what `$id` is today, and formats are looked at below. */
function publishedSchema(): object {
  const path = '@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json';
  const text = readFileSync(createRequire(import.meta.url).resolve(path), 'utf8');
  const schema: unknown = JSON.parse(text, (key, value: unknown) =>
    key === '$schema' && typeof value === 'string' ? undefined : value,
  );
  assert.ok(typeof schema === 'object' && schema !== null && 'id' in schema);
  const { id, ...rest } = schema;
  return { $id: id, ...rest };
}

const validate = new Ajv({
  strict: false,
  allErrors: true,
  validateFormats: false,
  unicodeRegExp: false,
}).compile(publishedSchema());

function holds(report: string): void {
  const log: unknown = JSON.parse(report);
  assert.ok(validate(log), JSON.stringify(validate.errors?.slice(0, 5), undefined, 1));
  for (const [, uri = ''] of report.matchAll(/"uri": "(.*)"/g)) {
    assert.match(
      uri,
      /^[\w.~/%-]+$/,
      'a reference to a file, with nothing that could be a scheme or a query',
    );
  }
}

function diagnose(text: string, name = 'k.conf'): Parameters<typeof sarifReport>[0] {
  const options = { machine: fakeMachine(), files: fakeFiles({}), configId: 'node1' };
  const { model, diagnostics } = parseConfig({ text, name }, options);
  return model === undefined ? diagnostics : [...diagnostics, ...lintConfig(model, {})];
}

test('the schema refuses what is no SARIF', () => {
  assert.ok(!validate({ version: '2.1.0' }));
  assert.ok(!validate(JSON.parse(sarifReport(diagnose('foo\n'), '1.0.0').replace('"ruleId"', '"rule"'))));
});

test('a report of every diagnostic that the tests know is SARIF 2.1.0', () => {
  for (const { text } of cases) holds(sarifReport(diagnose(text), '1.0.0'));
});

test('no problem, a file name of any form, a place without width, and comparisons of nodes are SARIF too', () => {
  holds(sarifReport([], '1.0.0'));
  for (const name of ['a b.conf', 'ä#1?.conf', 'a:b.conf', '/etc/100%/[x].conf', '<text>'])
    holds(sarifReport(diagnose('foo {\n', name), '1.0.0'));
  holds(sarifReport(diagnose(''), '1.0.0'));
  const models = ['1', '2'].map((interval, index) => {
    const name = `${String(index)}.conf`;
    const text = `vrrp_instance V {\n interface eth0\n virtual_router_id 5\n advert_int ${interval}\n virtual_ipaddress {\n 192.0.2.9\n }\n}\n`;
    const { model } = parseConfig({ text, name }, { offline: true });
    assert.ok(model !== undefined);
    return { name, model };
  });
  const across = lintCluster(models);
  assert.ok(across.some(({ related }) => related.length > 0));
  holds(sarifReport(across, '1.0.0'));
});
