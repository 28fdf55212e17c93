/** share/openapi.json says what the tables say. test/netns/control/maintenance.test.ts holds the running daemon to the file. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { openApi } from '../../../lib/control/openapi.js';
import { findOperation } from '../../../lib/control/api.js';

const root = new URL('../../../../', import.meta.url);

test('share/openapi.json is what `npm run docs` writes', () => {
  const [, version = ''] =
    /"version": "([^"]+)"/.exec(readFileSync(new URL('package.json', root), 'utf8')) ?? [];
  const written: unknown = JSON.parse(readFileSync(new URL('share/openapi.json', root), 'utf8'));
  assert.deepEqual(written, JSON.parse(JSON.stringify(openApi(version))));
});

test('a path is found by its parts, names are decoded, bad escapes find nothing', () => {
  const found = findOperation('POST', '/v1/instances/a%2Fb/standby');
  assert.ok(found.kind === 'found');
  assert.equal(found.operation.id, 'standby');
  assert.deepEqual(found.names, ['a/b']);
  assert.equal(findOperation('GET', '/v1/instances/a/standby').kind, 'method');
  assert.equal(findOperation('POST', '/v1/instances/%ZZ/standby').kind, 'path');
  assert.equal(findOperation('POST', '/v1/instances/a/b/standby').kind, 'path');
});
