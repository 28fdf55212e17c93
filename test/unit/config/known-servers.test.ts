/** A reading that knows the one before it says what a reading from nothing says, whatever has been edited between them. */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { KnownServers } from '../../../lib/config/known-servers.js';
import { parseConfig, type ParseOptions, type ParseResult } from '../../../lib/config/load.js';
import type { VirtualServer } from '../../../lib/config/model-lvs.js';
import { isSame } from '../../../lib/config/same.js';
import { placeOf } from '../../../lib/config/source.js';
import { halfOf } from '../../../lib/daemon/half-file.js';
import { fakeFiles, fakeMachine } from '../../config/machine.js';

const options: ParseOptions = {
  machine: fakeMachine(),
  files: fakeFiles({ '/etc/more.conf': 'virtual_server 10.0.0.99 80 {\n}\n' }),
};

const real = (last: number, body = ''): string => `  real_server 192.168.0.${last} 8080 {\n${body}  }\n`;
const server = (last: number, more = real(1)): string =>
  `virtual_server 10.0.0.${last} 80 {\n  protocol TCP\n  lvs_sched rr\n  lvs_method NAT\n${more}}\n`;

function read(text: string, known?: KnownServers): ParseResult {
  return parseConfig({ text }, { ...options, ...(known === undefined ? {} : { known }) });
}

function servers({ model }: ParseResult): readonly VirtualServer[] {
  return model?.virtualServer ?? [];
}

/** What the daemon does to a model that it has read. */
function putToWork({ model }: ParseResult): void {
  if (model !== undefined) for (const side of ['vrrp', 'checkers'] as const) halfOf(model, side);
}

function words({ diagnostics }: ParseResult): readonly string[] {
  return diagnostics.map(
    ({ code, message, span, related }) =>
      `${placeOf(span)} ${code} ${message} ${related.map((each) => placeOf(each.span)).join()}`,
  );
}

/** How many servers of the second file are the very objects of the first. */
function kept(first: string, second: string, how: ParseOptions = {}): number {
  const known = new KnownServers();
  const before = servers(parseConfig({ text: first }, { ...options, known }));
  const after = servers(parseConfig({ text: second }, { ...options, ...how, known }));
  assert.ok(isSame(after, servers(parseConfig({ text: second }, { ...options, ...how }))));
  return after.filter((each) => before.includes(each)).length;
}

test('blocks that stand in the file again are the same objects, wherever they stand', () => {
  const many = [1, 2, 3, 4].map((last) => server(last));
  assert.equal(kept(many.join(''), many.join('')), 4);
  assert.equal(kept(many.join(''), `# moved\n\n${many.toReversed().join('\n')}`), 4);
  assert.equal(kept(many.join(''), [...many.slice(1), server(1, real(1, '    weight 7\n'))].join('')), 3);
  const check = server(5, real(1, '    TCP_CHECK {\n      connect_timeout 3\n    }\n'));
  const globals = 'global_defs {\n  router_id x\n}\n';
  assert.equal(kept(globals + check, globals + check), 1);
});

test('of the readings before the last no text is kept', () => {
  const known = new KnownServers();
  const last = `${server(2)}\n${server(1)}`;
  for (const text of [server(1), server(1) + server(2), last]) read(text, known);
  for (const at of [0, last.indexOf(server(1))]) assert.equal(known.find(last, at)?.text, last);
});

test('other settings, other meanings of lines, and what depends on the machine are read again', () => {
  const one = server(1);
  const globals = (line: string): string => `global_defs {\n  ${line}\n}\n`;
  assert.equal(kept(one, globals('smtp_alert_checker true') + one), 0);
  assert.equal(kept(globals('smtp_alert_checker false') + one, one + globals('smtp_alert_checker true')), 0);
  const defined = server(2, '  delay_loop $LOOP\n' + real(1));
  assert.equal(kept(`$LOOP=3\n${defined}${one}`, `$LOOP=4\n${defined}${one}`), 1);
  const script = server(3, real(1, '    notify_up /usr/bin/true nobody\n'));
  const secured = globals('enable_script_security') + script;
  const stranger = fakeMachine({ user: (name) => (name === 'nobody' ? { uid: 7, gid: 7 } : undefined) });
  assert.equal(kept(secured, secured, { machine: stranger }), 0);
});

test('what is wrong with a file is told as if nothing were known', () => {
  const good = [1, 2, 3].map((last) => server(last)).join('');
  const known = new KnownServers();
  read(good, known);
  const bad = `${good}virtual_server 10.0.0.4 80 {\n  colour red\n`;
  const result = read(bad, known);
  assert.deepEqual(words(result), words(read(bad)));
  assert.ok(result.diagnostics.length > 0);
  assert.deepEqual(words(read(good, known)), []);
  assert.equal(kept(good, good), 3);
});

test('after any edits a reading gives the same model and the same words', () => {
  const pieces: readonly string[] = [
    ...[1, 2, 3, 4, 5].map((last) => server(last)),
    server(6, real(1, '    weight 3\n') + real(2)),
    server(6, `${real(1)}${real(1)}`),
    server(
      7,
      '  # said of it\n  quorum 1\n' +
        real(3, '    HTTP_GET {\n      url {\n        path /\n      }\n    }\n'),
    ),
    server(8, real(1, '    MISC_CHECK {\n      misc_path "/usr/bin/true x"\n    }\n')),
    'virtual_server group g {\n  protocol TCP\n  lvs_sched rr\n  lvs_method NAT\n' + real(1) + '}\n',
    'virtual_server_group g {\n  10.1.0.1 80\n}\n',
    'virtual_server fwmark 3 {\n  lvs_sched wlc\n  lvs_method DR\n  sh-port\n' + real(4) + '}\n',
    'virtual_server 10.0.0.9 80 {\n  lvs_sched $SCHED\n  protocol TCP\n  lvs_method NAT\n' + real(1) + '}\n',
    '$SCHED=rr\n',
    '$SCHED=wrr\n',
    'virtual_server 10.0.0.10 80 {\n@one  delay_loop 3\n  lvs_sched rr\n  protocol TCP\n  lvs_method NAT\n' +
      real(1) +
      '}\n',
    'global_defs {\n  smtp_alert_checker true\n}\n',
    'global_defs {\n  smtp_alert true\n  checker_log_all_failures true\n}\n',
    'global_defs {\n  router_id other\n}\n',
    'global_defs {\n  dynamic_interfaces\n}\n',
    'include /etc/more.conf\n',
    'static_ipaddress\n',
    'virtual_server 10.0.0.11 80\n',
    'colour {\n',
    '}\n',
    '{\n',
    '\n',
    '# only said\n',
  ];
  const piece = fc.nat(pieces.length - 1);
  // Most of them are good, so that there is something to know.
  const good = fc.nat(5);
  const edit = fc.record({
    what: fc.constantFrom('replace', 'insert', 'remove', 'swap', 'character'),
    where: fc.nat(30),
    piece: fc.oneof({ weight: 2, arbitrary: good }, piece),
    character: fc.constantFrom('', ' ', '\n', '{', '}', '#', '"', '$', '~', 'x', '1'),
    offset: fc.nat(200),
  });
  let known = 0;
  fc.assert(
    fc.property(
      fc.array(fc.oneof({ weight: 6, arbitrary: good }, piece), { maxLength: 12 }),
      fc.array(fc.array(edit, { maxLength: 3 }), { maxLength: 6 }),
      (first, steps) => {
        const texts = first.map((each) => pieces[each] ?? '');
        const memory = new KnownServers();
        let before: readonly VirtualServer[] = [];
        for (const edits of [[], ...steps]) {
          for (const { what, where, piece: other, character, offset } of edits) {
            const at = where % (texts.length + 1);
            const text = texts[at] ?? '';
            if (what === 'replace') texts[at] = pieces[other] ?? '';
            else if (what === 'insert') texts.splice(at, 0, pieces[other] ?? '');
            else if (what === 'remove') texts.splice(at, 1);
            else if (what === 'swap') texts.splice(at, 1, texts.at(-1) ?? '', text);
            else texts[at] = text.slice(0, offset) + character + text.slice(offset + 1);
          }
          const file = texts.join('');
          const [result, fresh] = [read(file, memory), read(file)];
          assert.deepEqual(words(result), words(fresh));
          known += servers(result).filter((each) => before.includes(each)).length;
          before = servers(result);
          putToWork(result);
          putToWork(fresh);
          assert.ok(isSame(result.model, fresh.model), file);
        }
      },
    ),
    { numRuns: 120 },
  );
  assert.ok(known > 50, `${known} known servers make no test`);
});
