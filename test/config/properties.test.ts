/**
 * Whatever the bytes: no crash, no endless loop, and every place lies inside its file.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { parseConfig, type ParseResult } from '../../lib/config/load.js';
import { keepalivedStatus } from '../../lib/config/verdict.js';
import { renderDiagnostics } from '../../lib/config/render.js';
import { fakeFiles, fakeMachine } from './machine.js';

const valid = `global_defs {
 router_id LVS # comment
 vrrp_garp_interval 0.5
 notification_email { a@example.org b@example.org }
}
$VIPS=\\
 virtual_ipaddress { \\
  192.0.2.1/24 dev eth0 label eth0:1 \\
  192.0.2.2/24 \\
 }
vrrp_script chk {
 script "/usr/bin/true -a"
 interval 2
 weight -20 reverse
}
~SEQ(I, 1, 3) include part.conf
@node1 vrrp_instance V {
 interface eth0
 virtual_router_id 51
 priority 150
 advert_int 1
 authentication { auth_type PASS
  auth_pass secret }
 $VIPS
 track_script { chk weight 5 }
 virtual_routes { 203.0.113.0/24 via 192.0.2.254 dev eth0 metric 5 }
 virtual_rules { from 192.0.2.0/24 table 100 priority 9 }
 unicast_peer { 192.0.2.3 min_ttl 3 }
@node1 }
virtual_server 192.0.2.1 80 {
 lvs_sched wrr
 lvs_method DR
 protocol TCP
 sorry_server 10.0.0.9 80
 real_server 10.0.0.1 80 {
  HTTP_GET { url { path / 
   status_code 200 } }
 }
}
`;

function read(content: string | Uint8Array): ParseResult {
  const files = fakeFiles({
    '/k.conf': { text: content },
    '/part.conf': 'static_ipaddress {\n 192.0.2.$I\n}\n',
  });
  return parseConfig({ path: '/k.conf' }, { mode: 'test', machine: fakeMachine(), files });
}

function holds({ diagnostics, asKeepalived }: ParseResult): void {
  for (const { span, related, message } of [...diagnostics, ...asKeepalived]) {
    for (const { source, start, end } of [span, ...related.map((item) => item.span)]) {
      assert.ok(
        start >= 0 && start <= end && end <= source.text.length,
        `${message}: ${String(start)}..${String(end)}`,
      );
    }
  }
  renderDiagnostics(diagnostics.slice(0, 50));
  keepalivedStatus(asKeepalived);
}

/** A hang is found by the time limit of the test itself, which is far beyond what a loaded machine needs. */
const runs = { numRuns: 300 };
const timeout = 300_000;

test('any bytes', { timeout }, () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => holds(read(bytes))),
    runs,
  );
});

test('any text of the characters that mean something', { timeout }, () => {
  const piece = fc.constantFrom(
    ...[
      '{',
      '}',
      '"',
      '#',
      '!',
      '\\',
      '$',
      '${',
      '@',
      '~',
      '~SEQ(I,',
      '~LST(',
      ')',
      ',',
      '=',
      '\n',
      '\r\n',
      ' ',
      '\t',
      '\0',
    ],
    ...[
      'A',
      '$A=',
      '${A}',
      '$A',
      'include ',
      'k.conf',
      'global_defs',
      'vrrp_instance',
      'virtual_ipaddress',
      '10.0.0.1',
      '1',
      '-1',
    ],
    ...['virtual_server', 'real_server', 'track_script', 'router_id', '@node1 ', '@^node1 ', '中', '\ufeff'],
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 80 }), (pieces) => holds(read(pieces.join('')))),
    { ...runs, numRuns: 600 },
  );
});

test('any mutation of a valid file', { timeout }, () => {
  const edit = fc.record({
    at: fc.nat(valid.length),
    remove: fc.nat(40),
    insert: fc.oneof(
      fc.string({ maxLength: 12 }),
      fc.constantFrom('{', '}', '"', '\n', '$VIPS', '~SEQ(J,9) ', ' 99999999999999999999'),
    ),
  });
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 6 }), (edits) => {
      let text = valid;
      for (const { at, remove, insert } of edits) text = text.slice(0, at) + insert + text.slice(at + remove);
      holds(read(text));
    }),
    { ...runs, numRuns: 300 },
  );
});

test('the valid file itself is read whole', () => {
  const { model, diagnostics } = read(valid);
  assert.equal(model?.vrrpInstance[0]?.virtualIpaddress.length, 2);
  assert.equal(model.staticIpaddress.length, 3);
  assert.equal(model.virtualServer.length, 1);
  assert.deepEqual(
    diagnostics.filter((item) => item.severity === 'error'),
    [],
  );
});

test('ten thousand levels of braces', () => {
  const depth = 10_000;
  const { diagnostics } = read(`${'x {\n'.repeat(depth)}${'}\n'.repeat(depth)}`);
  assert.deepEqual(
    diagnostics.map((item) => item.code),
    ['KA2005'],
  );
  holds(read('x {\n'.repeat(depth)));
  holds(read('}\n'.repeat(depth)));
});

test('a giant word is clipped, endless mistakes are counted, a long sequence is refused at once', () => {
  const giant = read(`global_defs {\n ${'x'.repeat(1_000_000)} y\n}\n`);
  assert.ok(giant.diagnostics.every(({ message }) => message.length <= 500));
  const endless = read('x\n'.repeat(12_000));
  assert.equal(endless.diagnostics.at(-1)?.message, '2000 more diagnostics are not shown');
  const long = read('global_defs {\n ~SEQ(a,1,2000000000) router_id x$a\n}\n');
  assert.deepEqual(
    long.diagnostics.map(({ code }) => code),
    ['KA1205'],
  );
});

test('Latin-1 bytes are text', () => {
  const { model, diagnostics } = read(
    Buffer.from('# caf\xe9\nglobal_defs {\n router_id caf\xe9\n}\n', 'latin1'),
  );
  assert.equal(model?.globalDefs.routerId, 'café');
  assert.deepEqual(
    diagnostics.filter((item) => item.severity !== 'info'),
    [],
  );
});

test('a directory instead of a file, and a file that may not be read, are told', () => {
  const files = fakeFiles({ '/etc/a': '' });
  for (const access of [files, { ...files, readFile: unreadable }]) {
    const [path, code] = access === files ? ['/etc', 'KA1001'] : ['/etc/a', 'KA1010'];
    const { model, diagnostics } = parseConfig({ path }, { machine: fakeMachine(), files: access });
    assert.equal(model, undefined);
    assert.deepEqual(
      diagnostics.map((item) => [item.code, item.isFatal]),
      [[code, true]],
    );
  }
});

function unreadable(): never {
  throw new Error('EACCES: permission denied');
}

test('definitions that use each other end', () => {
  const lines = ['$A=${B}${B}', '$B=${C}${C}', '$C=${A}', 'global_defs {', ' router_id ${A}', '}'];
  holds(read(lines.join('\n')));
  const block = ['$A=\\', ' $A\\', ' $A', 'global_defs {', ' $A', '}'];
  holds(read(block.join('\n')));
});
