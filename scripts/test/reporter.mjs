// Reporter of node:test for scripts/test.mjs: a line a test, the error under a failed one, and at the end the counts as
// one line of JSON, with what failed. Suites and files are not counted as tests, unless a file itself fails.
import { relative } from 'node:path';

export const countsMark = '##counts ';

export default async function* report(source) {
  const counts = { passed: 0, failed: 0, skipped: [], failures: [] };
  for await (const { type, data } of source) {
    if (type === 'test:stderr' || type === 'test:stdout') {
      yield data.message;
      continue;
    }
    if (type === 'test:diagnostic' && data.nesting > 0) {
      yield `${indent(data)}  ${data.message}\n`;
      continue;
    }
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    if (data.details.type === 'suite' && type === 'test:pass') continue;
    const name = `${indent(data)}${data.name}`;
    const excuse = data.skip ?? data.todo;
    if (excuse !== undefined && excuse !== false) {
      const reason = typeof excuse === 'string' && excuse !== '' ? excuse : 'no reason given';
      counts.skipped.push(`${data.name}: ${reason}`);
      yield `- ${name}  (skipped: ${reason})\n`;
    } else if (type === 'test:pass') {
      counts.passed += 1;
      yield `✓ ${name}  ${Math.round(data.details.duration_ms)} ms\n`;
    } else {
      const cause = data.details.error?.cause ?? data.details.error;
      // A test that fails because of a subtest, and a suite, are told by what failed in them.
      const isEcho = data.details.error?.failureType === 'subtestsFailed';
      if (!isEcho) counts.failed += 1;
      const where =
        data.file === undefined ? '' : `  [${relative(process.cwd(), data.file)}:${data.line ?? 1}]`;
      const told = isEcho
        ? `✗ ${name}${where}\n`
        : `✗ ${name}${where}\n${describe(cause).replace(/^/gm, '    ')}\n`;
      if (!isEcho) counts.failures.push(told.trim());
      yield told;
    }
  }
  yield `${countsMark}${JSON.stringify(counts)}\n`;
}

function indent(data) {
  return '  '.repeat(data.nesting);
}

function describe(cause) {
  if (!(cause instanceof Error)) return String(cause);
  return cause.stack ?? cause.message;
}
