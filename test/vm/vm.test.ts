/**
 * The tests that need IPVS: every `*.guest.ts` of this folder, run together in one boot and reported here one by one.
 * `KA_VM_ONLY=word,other` picks the files whose name has one of the words.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runSuite, suiteObstacle, type SuiteResult } from './suite.js';

const here = dirname(fileURLToPath(import.meta.url));
const words = (process.env['KA_VM_ONLY'] ?? '').split(',');
const files = readdirSync(here)
  .filter((name) => name.endsWith('.guest.js') && words.some((word) => name.includes(word)))
  .sort()
  .map((name) => join(here, name));

const obstacle = await suiteObstacle();
if (obstacle !== undefined) {
  test('IPVS on a real kernel', { skip: obstacle }, () => undefined);
} else {
  const suite = await runSuite(files, 3000);
  report(suite);
}

function report(suite: SuiteResult): void {
  describe(`IPVS on a real kernel: ${suite.where}`, () => {
    test('the run came to its end', () => assert.equal(suite.failure, undefined, suite.failure));
    for (const file of files) {
      const inFile = suite.results.filter((result) => file.endsWith(result.file));
      const own = inFile.filter((result) => !result.isSuite);
      // A file that broke off outside of its tests has failed as a whole and says why itself.
      const broken = inFile.find((result) => result.isSuite && result.outcome === 'fail');
      test(`${file.slice(here.length + 1)} ran tests`, () => {
        assert.ok(own.length > 0, broken?.detail);
        assert.ok(broken === undefined || own.some(({ outcome }) => outcome === 'fail'), broken?.detail);
      });
      for (const result of own) {
        const skip = result.outcome === 'skip' ? result.detail : false;
        test(result.path.join(' > '), { skip }, () => assert.ok(result.outcome === 'pass', result.detail));
      }
    }
  });
}
