/**
 * Real configurations with the status that Debian's keepalived 2.2.7 gives them.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { parseConfig } from '../../lib/config/load.js';
import { forgivingFiles, systemMachine } from '../../lib/config/system.js';
import { keepalivedStatus } from '../../lib/config/verdict.js';

interface Recorded {
  readonly id: string;
  readonly exit: number;
  readonly interfaces: readonly string[];
  readonly namespaces: readonly string[];
  readonly envDependent: readonly string[];
}

const corpus = new URL('../../../../shared/corpus/', import.meta.url);

/** Files where the answer is another one on purpose, with the reason. */
const deliberate: Readonly<Record<string, string>> = {
  '443': 'keepalived ends itself with SIGTERM here, which is a bug of 2.2.7 and no verdict',
};

/** Commands that the recorded machine did not have, and that it had: whatever this one has, the verdicts are of that one. */
const absentCommands = ['nft'];
const presentCommands = ['killall', 'pidof', 'curl'].map((name) => `/usr/bin/${name}`);

function recorded(): readonly Recorded[] {
  const manifest: unknown = JSON.parse(readFileSync(new URL('manifest.json', corpus), 'utf8'));
  assert.ok(Array.isArray(manifest) && manifest.every(isRecorded), 'the manifest has another form');
  return manifest;
}

function isRecorded(value: unknown): value is Recorded {
  return (
    typeof value === 'object' && value !== null && 'id' in value && 'exit' in value && 'interfaces' in value
  );
}

const reason = existsSync(corpus) ? undefined : 'the corpus of real configurations is not here';

test('every real configuration gets the status that keepalived gives it', { skip: reason ?? false }, () => {
  const wrong: string[] = [];
  const real = systemMachine();
  for (const { id, exit, interfaces, namespaces } of recorded()) {
    if (id in deliberate) continue;
    const machine = {
      ...real,
      hostName: 'kv-test',
      hasInterface: (name: string) => name === 'lo' || interfaces.includes(name),
      hasNamespace: (name: string) => namespaces.includes(name),
    };
    const files = recordedFiles();
    const path = new URL(`configs/${id}.conf`, corpus).pathname;
    const { asKeepalived } = parseConfig({ path }, { mode: 'test', machine, files });
    const status = keepalivedStatus(asKeepalived, '2.2.7');
    if (status !== exit) wrong.push(`${id}: ${String(status)} instead of ${String(exit)}`);
  }
  assert.deepEqual(wrong, []);
});

test('every diagnostic of a real configuration points into its file', { skip: reason ?? false }, () => {
  for (const { id } of recorded()) {
    const path = new URL(`configs/${id}.conf`, corpus).pathname;
    for (const { span, related } of parseConfig({ path }, { offline: true }).diagnostics) {
      for (const { source, start, end } of [span, ...related.map((item) => item.span)]) {
        assert.ok(
          start >= 0 && start <= end && end <= source.text.length,
          `${id}: ${String(start)}..${String(end)}`,
        );
      }
    }
  }
});

function recordedFiles(): typeof forgivingFiles {
  return {
    ...forgivingFiles,
    stat(path) {
      if (absentCommands.some((name) => path.endsWith(`/${name}`))) return undefined;
      if (presentCommands.includes(path)) return { kind: 'file', mode: 0o755, uid: 0, gid: 0 };
      return forgivingFiles.stat(path);
    },
    realPath: (path) => (presentCommands.includes(path) ? path : forgivingFiles.realPath(path)),
  };
}
