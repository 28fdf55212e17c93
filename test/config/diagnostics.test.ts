/**
 * Every diagnostic is raised once, at its place. In the texts « and » stand around what the diagnostic must point at.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { messages } from '../../lib/config/messages.js';
import { renderDiagnostic } from '../../lib/config/render.js';
import { textOf } from '../../lib/config/source.js';
import { keepalivedStatus } from '../../lib/config/verdict.js';
import { cases, diagnose, elsewhere, global, instance, plain, server, vip } from './cases.js';

for (const { code, text, options, files, replacement } of cases) {
  test(`${code} is raised where the mistake is: ${JSON.stringify(text.slice(0, 40))}`, () => {
    const all = diagnose({
      text,
      ...(options === undefined ? {} : { options }),
      ...(files === undefined ? {} : { files }),
    });
    const found = all.filter((item) => item.code === code);
    assert.equal(found.length, 1, JSON.stringify(all.map((item) => `${item.code} ${item.message}`)));
    const [diagnostic] = found;
    assert.ok(diagnostic !== undefined);
    assert.notEqual(diagnostic.message, '');
    if (replacement !== undefined) assert.equal(diagnostic.replacement, replacement);
    const start = text.replace(/^\ufeff/, '').indexOf('«');
    if (start < 0) return;
    const end = text.replace(/^\ufeff/, '').indexOf('»') - 1;
    assert.deepEqual([diagnostic.span.start, diagnostic.span.end], [start, end], textOf(diagnostic.span));
  });
}

test('every message of the table is raised by a case above', () => {
  const covered = new Set([...cases.map((item) => item.code), ...elsewhere]);
  const missing = Object.values(messages).filter((message) => !covered.has(message.code));
  assert.deepEqual(
    missing.map((message) => message.code),
    [],
  );
});

test('codes are unique', () => {
  const all = Object.values(messages).map((message) => message.code);
  assert.equal(new Set(all).size, all.length);
});

/** Codes of everything that is more than a remark. */
function codes(text: string): readonly string[] {
  return diagnose({ text })
    .filter((item) => item.severity !== 'info')
    .map((item) => item.code);
}

test('an error inside a definition points at the definition and at its use', () => {
  const text = `$VIPS=10.0.0.999/24\n${plain('virtual_router_id 5\n virtual_ipaddress {\n  $VIPS\n  192.0.2.1\n }')}`;
  const found = diagnose({ text }).find((item) => item.code === 'KA2111');
  assert.ok(found !== undefined);
  assert.equal(
    renderDiagnostic(found),
    [
      "/etc/keepalived/k.conf:1:7: error KA2111: '10.0.0.999/24' is not an IP address",
      '  1 | $VIPS=10.0.0.999/24',
      '    |       ^^^^^^^^^^^^^',
      '  through $VIPS, used at /etc/keepalived/k.conf:6:3',
    ].join('\n'),
  );
});

test('an error inside an include shows the chain of includes', () => {
  const files = {
    '/etc/keepalived/a.conf': 'include b.conf\n',
    '/etc/keepalived/b.conf': '\nglobal_deffs {\n}\n',
  };
  const [found] = diagnose({ text: 'include a.conf\n', files });
  assert.ok(found !== undefined);
  assert.equal(
    renderDiagnostic(found),
    [
      "/etc/keepalived/b.conf:2:1: error KA2005: unknown keyword 'global_deffs' at the top level",
      '  2 | global_deffs {',
      '    | ^^^^^^^^^^^^',
      "  hint: did you mean 'global_defs'?",
      '  included at /etc/keepalived/a.conf:1:9',
      '  included at /etc/keepalived/k.conf:1:9',
    ].join('\n'),
  );
});

test('a sequence says for which value it went wrong', () => {
  const text = global('~SEQ(I,3,4) vrrp_version $I');
  const [found] = diagnose({ text });
  assert.ok(found !== undefined);
  assert.match(renderDiagnostic(found), /with I = 4, repeated at .*k\.conf:2:2/);
});

test('carets stand under the token behind Chinese text and tabs', () => {
  const [found] = diagnose({ text: 'global_defs {\n\t"中文" x\n}\n' });
  assert.ok(found !== undefined);
  assert.equal(
    renderDiagnostic(found).split('\n').slice(1, 3).join('\n'),
    '  2 |     "中文" x\n    |     ^^^^^^',
  );
});

test('colour is added on request only', () => {
  const [found] = diagnose({ text: 'foo\n' });
  assert.ok(found !== undefined);
  assert.ok(!renderDiagnostic(found).includes('\u001b'));
  assert.ok(renderDiagnostic(found, { color: true }).includes('\u001b[1;31merror KA2005'));
});

test('one mistake is one diagnostic: a block keyword without its brace', () => {
  const text = `vrrp_instance V\n interface eth0\n virtual_router_id 5\n ${vip}\n}\n${global('router_id x')}`;
  assert.deepEqual(codes(text), ['KA2004']);
});

test('one mistake is one diagnostic: a nested block keyword without its brace', () => {
  const text = `${plain('virtual_router_id 5\n virtual_ipaddress\n 10.0.0.1/24\n }\n priority 50')}${global('router_id x')}`;
  assert.deepEqual(codes(text), ['KA2004']);
});

test('one mistake is one diagnostic: the only address is refused', () => {
  const lines = (entry: string, more = ''): string =>
    plain(`virtual_router_id 5\n ${more}virtual_ipaddress {\n ${entry}\n }`);
  assert.deepEqual(codes(lines('10.0.0.999/24')), ['KA2111']);
  const text = lines('10.0.0.999/24', 'version 3\n ');
  assert.deepEqual(codes(text), ['KA2111']);
  const fatal = diagnose({ text }).find(({ code }) => code === 'KA2111');
  assert.ok(fatal !== undefined);
  assert.deepEqual(
    [fatal.code, fatal.severity, fatal.isFatal, fatal.keepalivedClass],
    ['KA2111', 'error', true, 'complaint'],
  );
  assert.match(
    renderDiagnostic(fatal),
    /note: V has no virtual_ipaddress, and version 3 requires one: .*:1:15/,
  );
  assert.deepEqual(codes(lines('10.0.0.1 dev', 'version 3\n ')), ['KA2116']);
  assert.deepEqual(codes(lines('10.0.0.1\n 10.0.0.999')), ['KA2111']);
});

for (const [what, text, expected] of [
  [
    'a refused scheduler',
    server('lvs_sched rrr\n real_server 10.0.0.1 80 {\n }').replace('lvs_sched rr\n', ''),
    ['KA2110'],
  ],
  [
    'a refused scheduler of the older name',
    server('lb_algo loadbalance\n real_server 10.0.0.1 80 {\n }').replace('lvs_sched rr\n', ''),
    ['KA2110'],
  ],
  [
    'a misspelt protocol',
    server('protcol TCP\n real_server 10.0.0.1 80 {\n }').replace('protocol TCP\n', ''),
    ['KA2005'],
  ],
  ['the only real server is refused', server('real_server 10.0.0.x 80 {\n }'), ['KA2111']],
  [
    'a checker in small letters',
    server('real_server 10.0.0.1 80 {\n tcp_check {\n connect_port 80\n }\n }'),
    ['KA2005'],
  ],
  [
    'placeholders of a shell',
    instance('priority ${PRIO:-100}\n advert_int $(cat /x)\n nopreempt `x`'),
    ['KA2024'],
  ],
  [
    'values left to the reader',
    plain('virtual_router_id <id>\n priority <your priority>\n virtual_ipaddress {\n <vip>/24\n }'),
    ['KA2024'],
  ],
  [
    'an unfinished merge',
    instance('<<<<<<< HEAD\n priority 50\n =======\n priority 100\n >>>>>>> f634149'),
    ['KA2025'],
  ],
  [
    'a misspelt vrrp_script',
    `vvrp_script chk {\n script /usr/bin/true\n}\n${instance('track_script {\n chk\n }')}`,
    ['KA2005'],
  ],
  [
    'the only peer is refused',
    instance('unicast_src_ip 192.0.2.1\n unicast_peer {\n 192.0.2.x\n }'),
    ['KA2111'],
  ],
  ['a word of a manual in place of a value', global('startup_script_timeout SECONDS 1000'), ['KA2104']],
  [
    'a url without its path',
    server('real_server 10.0.0.1 80 {\n HTTP_GET {\n url {\n status_code 200\n }\n }\n }'),
    ['KA4012'],
  ],
  [
    'what belongs in a url, without the url',
    server('real_server 10.0.0.1 80 {\n HTTP_GET {\n path /\n status_code 200\n }\n }'),
    ['KA2006'],
  ],
  ['words behind the name of a block', server('real_server 10.0.0.1 80 dev eth0 {\n }'), ['KA2022']],
] as const)
  test(`one mistake is one diagnostic: ${what}`, () => {
    assert.deepEqual(codes(text), expected);
  });

test('what no build of Debian has is told once', () => {
  assert.deepEqual(
    diagnose({ text: global('vrrp_iptables') }).map(({ code }) => code),
    ['KA2007'],
  );
});

test('small letters and dashes are told as what was meant', () => {
  for (const [word, meant] of [
    ['tcp_check', 'TCP_CHECK'],
    ['misc-check', 'MISC_CHECK'],
    ['UDPCHECK', 'UDP_CHECK'],
    ['Http_Get', 'HTTP_GET'],
  ] as const) {
    const found = diagnose({ text: server(`real_server 10.0.0.1 80 {\n ${word} {\n }\n }`) });
    const unknown = found.find(({ code }) => code === 'KA2005');
    assert.equal(unknown?.replacement, meant, word);
    assert.match(unknown?.hint ?? '', new RegExp(`^did you mean '${meant}'\\?`), word);
  }
});

test('a parameter that is defined for other machines alone is told as that', () => {
  const found = diagnose({ text: `@other $PRIO=100\n${instance('priority $PRIO')}` });
  assert.deepEqual(
    found.map(({ code, hint }) => [code, hint]),
    [
      [
        'KA2112',
        '$PRIO is defined for @other alone, which this configuration is not; -i NAME says which one it is',
      ],
    ],
  );
});

test('a keyword that is called otherwise in this block is told with its name here', () => {
  const found = diagnose({
    text: server('real_server 10.0.0.1 80 {\n TCP_CHECK {\n nb_get_retry 3\n }\n }'),
  });
  const misplaced = found.find(({ code }) => code === 'KA2006');
  assert.deepEqual([misplaced?.replacement, misplaced?.hint], ['retry', "here it is called 'retry'"]);
});

test('mistakes in a block that is not read because of its first line are found in the same run', () => {
  const body = 'protcol TCP\n real_server 10.0.0.1 80 {\n wieght 3\n }\n';
  assert.deepEqual(codes(`virtual_server 10.0.0.300 80 {\n ${body}}\n`), ['KA4003', 'KA2005', 'KA2005']);
  assert.deepEqual(codes(`virtual_sevrer 10.0.0.3 80 {\n ${body}}\n`), ['KA2005', 'KA2005', 'KA2005']);
  // keepalived does not get to them, not even to one that would end it.
  const lost = `virtual_server 10.0.0.300 80 {\n lvs_sched\n}\n`;
  assert.equal(keepalivedStatus(diagnose({ text: lost })), 5);
  assert.deepEqual(codes(lost), ['KA4003', 'KA2101']);
});

/** Files with one mistake each, and its code. */
const single: readonly (readonly [string, string])[] = [
  [plain(`virtual_router_id "5\n ${vip}`), 'KA1006'],
  [plain(`virtual_router_id "\n ${vip}`), 'KA1006'],
  [plain(`virtual_router_id 5\n ${vip}`).replace('instance V', 'instance "V'), 'KA1006'],
  [plain(`virtual_router_id 5\n ${vip}`).replace('ipaddress {', 'ipaddress "{'), 'KA1006'],
  [plain(`virtual_router_id 5\n ${vip}\n notify "/usr/bin/true a`), 'KA1006'],
  [plain(`virtual_router_id 5 {\n ${vip}`), 'KA2008'],
  [plain(`virtual_router_id {\n ${vip}`), 'KA2101'],
  [plain(`virtual_router_id {\n }\n ${vip}`), 'KA2101'],
  [plain(`virtual_router_id 5\n ${vip}\n nopreempt {`), 'KA2008'],
  [`vrrp_script s {\n script\n}\n`, 'KA2102'],
  [`vrrp_script s {\n scirpt /usr/bin/true\n}\n`, 'KA2005'],
  ['track_file f {\n flie /run/x\n}\n', 'KA2005'],
  ['vrrp_track_process p {\n process\n}\n', 'KA2101'],
  ['garp_group {\n garp_interval x\n interfaces {\n eth0\n }\n}\n', 'KA2104'],
  ['vrrp_script\n', 'KA2004'],
  [server('real_server 10.0.0.1 80 {\n MISC_CHECK\n }'), 'KA2004'],
  [global('notification_email'), 'KA2018'],
];

for (const [text, code] of single) {
  test(`one mistake is told once: ${JSON.stringify(text)}`, () => {
    assert.deepEqual(codes(`${global('enable_script_security\n script_user root')}${text}`), [code]);
  });
}

test('a note says what ends keepalived because of a quotation mark', () => {
  const [found] = diagnose({ text: plain(`virtual_router_id "5\n ${vip}`) }).filter(
    ({ severity }) => severity === 'error',
  );
  assert.equal(found?.isFatal, true);
  assert.match(
    found.related.map(({ message }) => message).join(),
    /as keepalived reads it: .* needs a whole number/,
  );
});

test('a quotation mark without partner is told also where the line is for another node', () => {
  const text = plain(`virtual_router_id 5\n @other notify "/usr/bin/true\n ${vip}`);
  assert.deepEqual(codes(text), ['KA1006']);
});

test('what is wrong with the value of a parameter is no parameter without a value', () => {
  const text = (word: string): string =>
    `${global('script_user root')}$D=/nonexistent\n${plain(`virtual_router_id 5\n ${vip}\n notify "${word}/x"`)}`;
  assert.deepEqual(codes(text('${_PWD}')), ['KA5004']);
  assert.deepEqual(codes(text('${D}')), ['KA5004']);
  assert.deepEqual(codes(text('${E}')), ['KA2024']);
});

test('an empty list of addresses is a mistake of its own', () => {
  assert.deepEqual(codes(plain('virtual_router_id 5\n virtual_ipaddress {\n }')), ['KA3006']);
});

test('all mistakes of a file are found in one run', () => {
  const text = `${global('vrrp_version\n router_id\n colour')}${plain('virtual_router_id 0')}`;
  assert.deepEqual(codes(text), ['KA2101', 'KA2102', 'KA2005', 'KA2106', 'KA3006']);
});

test('what follows from a mistake is told there, as a note', () => {
  const notes = (text: string): readonly string[] =>
    diagnose({ text })
      .filter((item) => item.severity !== 'info')
      .map(({ code, severity, related }) =>
        [code, severity, ...related.map((item) => item.message)].join(', '),
      );
  assert.deepEqual(notes(`vrrp_instance V {\n interfce eth0\n virtual_router_id 300\n ${vip}\n}\n`), [
    'KA2005, error, V has no usable interface',
    'KA2106, error, V has no virtual_router_id',
  ]);
  assert.deepEqual(notes(plain('virtual_router_id 5\n virtual_ipaddres {\n 192.0.2.9\n }')), [
    'KA2005, error, V has no virtual_ipaddress',
  ]);
  const track = plain(`virtual_router_id 5\n ${vip}\n track_script {\n s\n }\n notify /usr/bin/true`);
  assert.deepEqual(
    notes(`${global('script_user nosuch')}vrrp_script s {\n script /usr/bin/true\n user who\n}\n${track}`),
    [
      'KA5005, error, /usr/bin/true has no user to run as: script_user is missing and there is no user keepalived_script',
      "KA5005, error, there is no usable vrrp_script 's' before this line; the entry is dropped",
    ],
  );
});

test('notes of diagnostics that are not shown are not shown either', () => {
  const found = diagnose({ text: 'global_defs {\n'.repeat(12_000) });
  assert.ok(found.some(({ code }) => code === 'KA1008'));
  assert.ok(found.every(({ related }) => related.length <= 5));
});

test('a row of braces that open nothing is one mistake', () => {
  assert.deepEqual(codes('{'.repeat(1000)), ['KA2001']);
  assert.deepEqual(codes('{{\n{{\n'), ['KA2001', 'KA2001']);
});

test('a list whose entries stand behind its keyword does not swallow the block', () => {
  assert.deepEqual(
    codes(global('notification_email a@example.org\n vrrp_mcast_group4 10.0.0.1\n vrrp_version 9')),
    ['KA2021', 'KA2111', 'KA2106'],
  );
});

/** A line of an instance or of its addresses, and the hint that its mistake gets. */
const hints: readonly (readonly [string, RegExp])[] = [
  ['priority 100\u3000', /U\+3000, which looks like a blank/],
  ['priority \u00a0100', /U\+00A0/],
  ['notify_master \u201c/usr/bin/true\u201d', /typographic quotation marks/],
  ['priority 100 \\', /only definitions continue/],
  ['priority = 100', /without '='/],
  ['state MASTER;', /lines end without ';'/],
  ['advert_int $INT', /no definition \$INT/],
  ['virtual_ipaddress_excluded {\n 192.0.2.7 /24\n }', /no blank between/],
  ['unicast_peer {\n 192.0.2.7:112\n }', /address and port are two words/],
];

for (const [line, hint] of hints) {
  test(`a hint says what is odd: ${JSON.stringify(line)}`, () => {
    const all = diagnose({ text: plain(`virtual_router_id 5\n ${vip}\n ${line}`) });
    assert.ok(
      all.some((item) => hint.test(item.hint ?? '')),
      JSON.stringify(all.map((item) => [item.message, item.hint])),
    );
  });
}
