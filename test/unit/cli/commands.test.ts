/** The sub-commands about configuration, as a user runs them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../../../bin/ka-node', import.meta.url));

const good = `vrrp_instance V {
    interface eth0
    virtual_router_id 5
    priority 150
    virtual_ipaddress {
        192.0.2.9/24
    }
}
`;

function ka(...args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

function withFiles(
  files: Readonly<Record<string, string>>,
  use: (path: (name: string) => string) => void,
): void {
  const directory = mkdtempSync(join(tmpdir(), 'ka-commands-'));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
    use((name) => join(directory, name));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test('check: lints are warnings, and fail with --strict', () => {
  const text = good.replace('priority 150', 'priority 255\n    state BACKUP');
  withFiles({ 'k.conf': text }, (path) => {
    const plain = ka('check', '--offline', path('k.conf'));
    assert.match(plain.stdout, /k\.conf:4:14: warning KA6002: /);
    assert.equal(plain.status, 0);
    assert.equal(ka('check', '--offline', '--strict', path('k.conf')).status, 1);
    assert.doesNotMatch(ka('-t', '-f', path('k.conf')).stderr, /KA6/);
  });
});

test('check --format json and sarif can be read by machines', () => {
  withFiles({ 'k.conf': good.replace('priority', 'pirority') }, (path) => {
    const json: unknown = JSON.parse(ka('check', '--offline', '--format', 'json', path('k.conf')).stdout);
    assert.ok(Array.isArray(json) && json.length === 1);
    const item = JSON.stringify(json[0]);
    assert.match(item, /"code":"KA2005"/);
    assert.match(item, /"replacement":"priority"/);
    assert.match(item, /"line":4,"column":5/);
    const run = ka('check', '--offline', '--format', 'sarif', path('k.conf'));
    assert.equal(run.status, 1);
    assert.match(run.stdout, /"version": "2\.1\.0"/);
    assert.match(run.stdout, /"ruleId": "KA2005"/);
    assert.match(run.stdout, /"startLine": 4/);
  });
});

test('check shows mistakes in the order of the lines, each once, and counts them', () => {
  const text = `vrrp_instance V {
    interface nosuch0
    virtual_router_id 5
    notify_master "/usr/bin/true
    prioritty 150
    virtual_ipaddress {
        192.0.2.9/24 dev nosuch0
    }
}
`;
  withFiles({ 'k.conf': text, 'good.conf': good }, (path) => {
    const { stdout, status } = ka('check', path('k.conf'));
    assert.equal(status, 1);
    const heads = [...stdout.matchAll(/k\.conf:(\d+):\d+: \w+ (KA\d+)/g)].map(
      ([, line, code]) => `${line} ${code}`,
    );
    // The command is read as meant, so that what is to be said of commands is said of it, too.
    assert.deepEqual(heads, ['2 KA3004', '4 KA1006', '4 KA5001', '5 KA2005']);
    assert.match(stdout, /note: it is needed here, too: .*k\.conf:7:26/);
    assert.match(stdout, /k\.conf: 3 errors, 1 security problem\n$/);
    assert.match(ka('check', '--offline', path('good.conf')).stdout, /good\.conf: no problems found\n$/);
  });
});

test('a mistake in a definition that is used many times is told once, with the uses', () => {
  const instance = (name: string, vrid: number): string =>
    `vrrp_instance ${name} {\n interface eth0\n virtual_router_id ${vrid}\n $MORE\n virtual_ipaddress {\n 192.0.2.${vrid}\n }\n}\n`;
  const uses = Array.from({ length: 12 }, (_, index) => instance(`V${index}`, index + 1)).join('');
  withFiles({ 'k.conf': `$MORE=wieght 3\n${uses}` }, (path) => {
    const { stdout, status } = ka('check', '--offline', path('k.conf'));
    assert.equal(status, 1);
    assert.equal([...stdout.matchAll(/ error KA2005: /g)].length, 1);
    assert.match(stdout, /through \$MORE, used at .*k\.conf:5:2$/m);
    assert.match(stdout, /note: unknown keyword 'wieght' in vrrp_instance V1: .*k\.conf:13:2$/m);
    assert.match(stdout, /note: .* in vrrp_instance V8, and at 3 more places: .*k\.conf:69:2$/m);
    assert.match(stdout, /k\.conf: 1 error\n$/);
  });
});

test('check --cluster compares the nodes', () => {
  const other = good.replace('priority 150', 'priority 100\n    advert_int 2');
  withFiles({ 'a.conf': good, 'b.conf': other }, (path) => {
    const run = ka('check', '--cluster', path('a.conf'), path('b.conf'));
    assert.match(
      run.stdout,
      /b\.conf:5:16: warning KA7003: V of b\.conf sends every 2 s, V of a\.conf every 1 s/,
    );
    assert.match(run.stdout, /note: V of a\.conf is here: .*a\.conf:1:15/);
    assert.match(run.stdout, /^across the nodes: 1 warning$/m);
    assert.doesNotMatch(run.stdout, /no problems/);
    const same = good.replace('priority 150', 'priority 100');
    writeFileSync(path('b.conf'), same);
    assert.equal(
      ka('check', '--cluster', path('a.conf'), path('b.conf')).stdout,
      'across the nodes: no problems found\n',
    );
    const single = ka('check', '--cluster', path('a.conf'));
    assert.deepEqual([single.status, single.stdout], [2, '']);
    assert.match(single.stderr, /name at least two/);
  });
});

test('explain knows keywords, blocks, options and codes, and near names', () => {
  assert.match(
    ka('explain', 'advert_int').stdout,
    /advert_int \(in vrrp_instance\): time between adverts[^]*range: +0\.01\.\.255/,
  );
  assert.match(ka('explain', 'vrrp_script').stdout, /Keywords:[^]*init_fail/);
  assert.match(ka('explain', 'ka3012').stdout, /KA3012 \(warning\)/);
  assert.match(ka('explain', 'onlink').stdout, /virtual_routes/);
  const wrong = ka('explain', 'advert_in');
  assert.equal(wrong.status, 1);
  assert.match(wrong.stderr, /did you mean advert_int\?/);
});

test('show gives the model with its defaults', () => {
  withFiles({ 'k.conf': good }, (path) => {
    const model: unknown = JSON.parse(ka('show', '--json', path('k.conf')).stdout);
    assert.match(JSON.stringify(model), /"advertInt":1000000,/);
    assert.doesNotMatch(JSON.stringify(model), /"source"/);
    assert.match(ka('show', path('k.conf')).stdout, /virtualRouterId: 5\n/);
    assert.equal(ka('show', path('none.conf')).status, 2);
  });
});

test('fmt prints, checks and writes', () => {
  withFiles({ 'k.conf': good.replace(/^ +/gm, ''), 'good.conf': good }, (path) => {
    assert.equal(ka('fmt', path('k.conf')).stdout, good);
    assert.deepEqual(ka('fmt', '--check', path('good.conf'), path('k.conf')).stdout, `${path('k.conf')}\n`);
    assert.equal(ka('fmt', '--check', path('k.conf')).status, 1);
    assert.equal(ka('fmt', '--write', path('k.conf')).status, 0);
    assert.equal(readFileSync(path('k.conf'), 'utf8'), good);
    assert.equal(ka('fmt', path('none.conf')).status, 2);
  });
});

test('fmt keeps the bytes of a Latin-1 file, and says what it cannot read', () => {
  withFiles({}, (path) => {
    const bytes = (text: string): Buffer => Buffer.from(`# caf\u00e9\n${text}`, 'latin1');
    writeFileSync(path('k.conf'), bytes(good.replaceAll('    ', ' ')));
    assert.equal(ka('fmt', '--write', path('k.conf')).status, 0);
    assert.deepEqual(readFileSync(path('k.conf')), bytes(good));
    const folder = ka('fmt', '--write', path('.'));
    assert.deepEqual([folder.status, folder.stdout], [2, '']);
    assert.match(folder.stderr, /^\/.*: cannot be read: it is a directory\n$/);
    assert.match(ka('fmt', '/dev/zero').stderr, /^\/dev\/zero: cannot be read: it is not a regular file\n$/);
  });
});

test('help names all commands, and shows the options of one', () => {
  const { status, stderr } = ka('help');
  assert.equal(status, 0);
  for (const name of ['check', 'reload', 'status', 'lvs'])
    assert.match(stderr, new RegExp(`^  ka-node ${name}`, 'm'));
  assert.match(ka('help', 'standby').stdout, /--force/);
  assert.match(ka('help', 'fmt').stdout, /--write/);
});

test('a misspelt command is not taken for something else', () => {
  const { status, stdout, stderr } = ka('statsu');
  assert.deepEqual([status, stdout], [1, '']);
  assert.equal(
    stderr,
    "ka-node: there is no command 'statsu'; did you mean 'status'?\nTry: ka-node --help\n",
  );
});

test('reload: a length of time that is none is refused before anything is done', () => {
  const { status, stderr } = ka('reload', '--timeout', 'soon');
  assert.deepEqual([status, stderr], [1, 'ka-node reload: --timeout soon: a length of time: 90, 90s, 5m\n']);
});
