/** Files that are not as files should be: other line ends, links in a circle, files that change or vanish, giants. */
import assert from 'node:assert/strict';
import {
  closeSync,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { parseConfig, type FileAccess, type ParseResult } from '../../lib/config/load.js';
import { plainModel } from '../../lib/config/plain.js';
import { renderDiagnostic } from '../../lib/config/render.js';
import { forgivingFiles } from '../../lib/config/system.js';
import { fakeFiles, fakeMachine } from './machine.js';

const work = mkdtempSync(join(tmpdir(), 'ka-hostile-'));
after(() => rmSync(work, { recursive: true, force: true }));

const machine = fakeMachine();
const path = (name: string): string => join(work, name);

function read(name: string, files: FileAccess = forgivingFiles): ParseResult {
  return parseConfig({ path: name }, { machine, files, offline: true });
}

/** What was found, as `code message`. */
function found({ diagnostics }: ParseResult): readonly string[] {
  return diagnostics.map(({ code, message }) => `${code} ${message}`);
}

const good = `# node 1
$VIPS=192.0.2.9/24 \\
192.0.2.10/24
vrrp_instance V { ! the only one
    interface eth0
    virtual_router_id 5
    notify_master "/usr/bin/true a  b" root
    virtual_ipaddress {
        $VIPS
    }
}
`;

test('lines that end with CR LF mean the same, and their places are the same', () => {
  const parse = (text: string): ParseResult =>
    parseConfig({ text, name: 'k.conf' }, { machine, files: fakeFiles({}), offline: true });
  const [unix, dos] = [parse(good), parse(good.replaceAll('\n', '\r\n'))];
  assert.ok(unix.model !== undefined && dos.model !== undefined);
  assert.equal(unix.model.vrrpInstance[0]?.virtualIpaddress.length, 2);
  assert.deepEqual(plainModel(dos.model), plainModel(unix.model));
  assert.deepEqual(found(dos), found(unix));
  const wrong = good.replace('virtual_router_id 5', 'virtual_router_id 500');
  const shown = (text: string): readonly string[] =>
    parse(text).diagnostics.map((item) => renderDiagnostic(item));
  assert.match(shown(wrong).join('\n'), /^k\.conf:6:23: error KA2106/m);
  assert.deepEqual(shown(wrong.replaceAll('\n', '\r\n')), shown(wrong));
});

test('symbolic links in a circle are called that, as the file and as an include', () => {
  symlinkSync('b.conf', path('a.conf'));
  symlinkSync('a.conf', path('b.conf'));
  assert.deepEqual(found(read(path('a.conf'))), [
    `KA1001 cannot read ${path('a.conf')}: its symbolic links lead in a circle`,
  ]);
  writeFileSync(path('plain.conf'), 'include a.conf\n');
  assert.deepEqual(found(read(path('plain.conf'))), [
    'KA1103 a.conf is not read: its symbolic links lead in a circle',
  ]);
  writeFileSync(path('strict.conf'), 'includem a.conf\n');
  assert.deepEqual(found(read(path('strict.conf'))), [
    'KA1105 a.conf cannot be read, and this include requires it: its symbolic links lead in a circle',
  ]);
});

test('what is no readable file is told in words', () => {
  const name = `${work}/${'n'.repeat(300)}`;
  writeFileSync(path('file'), '');
  assert.match(found(read(name)).join(), /^KA1001 .*: its name is too long$/);
  assert.match(found(read(path('none'))).join(), /^KA1001 .*: it does not exist$/);
  assert.match(found(read(work)).join(), /^KA1001 .*: it is a directory$/);
  assert.match(found(read('/dev/zero')).join(), /^KA1001 .*: it is not a regular file$/);
  const files: FileAccess = {
    ...forgivingFiles,
    readFile: () => {
      throw Object.assign(new Error('EACCES: permission denied, open'), { code: 'EACCES' });
    },
  };
  assert.match(found(read(path('file'), files)).join(), /^KA1010 .*: permission is denied$/);
});

test('a file that vanishes between the look and the reading counts as missing', () => {
  const base = fakeFiles({ '/k.conf': 'include /part.conf\n', '/part.conf': good });
  const vanishing = (name: string): FileAccess => ({
    ...base,
    readFile: (file) => {
      if (file === name) throw Object.assign(new Error('ENOENT: no such file'), { code: 'ENOENT' });
      return base.readFile(file);
    },
  });
  assert.deepEqual(found(read('/k.conf', vanishing('/k.conf'))), [
    'KA1010 cannot read /k.conf: it does not exist',
  ]);
  assert.deepEqual(found(read('/k.conf', vanishing('/part.conf'))), [
    'KA1103 /part.conf is not read: it does not exist',
  ]);
});

test('a file that changes with every reading gives what one of its readings says', () => {
  // global_defs behind what depends on it: such a configuration may be read twice.
  const text = (vrid: number): string =>
    `${good.replace('virtual_router_id 5', `virtual_router_id ${vrid}`)}global_defs {\n vrrp_version 3\n}\n`;
  let readings = 0;
  const files: FileAccess = {
    ...fakeFiles({ '/k.conf': '' }),
    readFile: () => Buffer.from(text(++readings)),
  };
  const { model, diagnostics } = read('/k.conf', files);
  assert.ok(readings >= 1 && readings <= 2, `${readings} readings`);
  assert.equal(model?.vrrpInstance[0]?.virtualRouterId, readings);
  assert.deepEqual(
    diagnostics.filter(({ severity }) => severity === 'error'),
    [],
  );
});

test('a file that changed while it was read is read once more, and that is told', () => {
  const base = fakeFiles({ '/k.conf': '' });
  /** A file of which every reading makes a new version, so many times. */
  const changing = (times: number): FileAccess => {
    let readings = 0;
    return {
      ...base,
      stat(name) {
        const stat = base.stat(name);
        return stat && { ...stat, version: String(Math.min(readings, times)) };
      },
      readFile: () => Buffer.from(`# ${++readings}\n`),
    };
  };
  const told = (times: number): readonly string[] =>
    found(read('/k.conf', changing(times))).filter((line) => line.startsWith('KA1'));
  assert.deepEqual(told(0), []);
  assert.deepEqual(told(1), ['KA1009 /k.conf changed while it was read: it was read again']);
  assert.deepEqual(told(9), [
    'KA1009 /k.conf changed while it was read: it was read again, and changed again',
  ]);
  assert.equal(read('/k.conf', changing(1)).sources[0]?.text, '# 2\n');
});

test('lines that nest without end are mistakes, and cost no more than their length', () => {
  const codes = (text: string): readonly string[] => [
    ...new Set(
      parseConfig({ text, name: 'k.conf' }, { machine, files: fakeFiles({}), configId: 'x' }).diagnostics.map(
        ({ code }) => code,
      ),
    ),
  ];
  assert.ok(codes('@x a { '.repeat(20_000)).includes('KA1207'));
  assert.ok(codes(`${'~SEQ(I,1,2) '.repeat(2000)}a $I\n`).includes('KA1207'));
  assert.ok(codes(`include ${'{a,'.repeat(3000)}${'}'.repeat(3000)}\n`).includes('KA1101'));
  const chain = Array.from({ length: 20_000 }, (_, i) => `$A${i}=\${A${i + 1}}\n`).join('');
  assert.ok(codes(`${chain}global_defs {\n router_id \${A0}\n}\n`).includes('KA1207'));
  const began = performance.now();
  assert.ok(codes('${_A '.repeat(200_000)).includes('KA2005'));
  assert.ok(performance.now() - began < 120_000);
});

const mebibyte = 1024 * 1024;
/** Far above what it takes, far below what a reading of quadratic cost would take. */
const limitMs = 120_000;

/** Reads a file of 100 MiB. */
function readGiant(name: string): ParseResult {
  const began = performance.now();
  const result = read(name);
  const tookMs = performance.now() - began;
  assert.ok(tookMs < limitMs, `${Math.round(tookMs)} ms`);
  for (const item of result.diagnostics) assert.ok(renderDiagnostic(item).length < 5000, item.code);
  rmSync(name);
  return result;
}

function writeGiant(name: string, part: string): void {
  const file = openSync(name, 'w');
  for (let size = 0; size < 100 * mebibyte; size += part.length) writeSync(file, part);
  closeSync(file);
}

test('100 MiB of nothing, as of a sparse file, is one mistake', () => {
  writeFileSync(path('sparse'), '');
  truncateSync(path('sparse'), 100 * mebibyte);
  const codes = readGiant(path('sparse')).diagnostics.map(({ code }) => code);
  assert.deepEqual(codes, ['KA1004', 'KA1005']);
});

test('a line of 100 MiB is told in few words', () => {
  writeGiant(path('line'), 'x'.repeat(mebibyte));
  const codes = readGiant(path('line')).diagnostics.map(({ code }) => code);
  assert.deepEqual(codes.toSorted(), ['KA1005', 'KA2005']);
});

test('100 MiB of lines are read to their end', () => {
  const comment = `# ${'c'.repeat(997)}\n`;
  writeGiant(path('lines'), comment.repeat(1024));
  const tail = openSync(path('lines'), 'a');
  writeSync(tail, good.replace(/^\$VIPS(.*\n){2}/m, '').replace('$VIPS', '192.0.2.9/24'));
  closeSync(tail);
  const { model, diagnostics } = readGiant(path('lines'));
  assert.deepEqual(found({ model, diagnostics, asKeepalived: diagnostics, sources: [] }), []);
  assert.equal(model?.vrrpInstance.length, 1);
});
