import assert from 'node:assert/strict';
import test from 'node:test';
import { consoleLine, syslogDatagram } from '../../../lib/log/format.js';
import { logFilePath, logIdent, parseFacility } from '../../../lib/log/names.js';

test('idents are those of keepalived, with namespace and instance', () => {
  assert.equal(logIdent('parent'), 'Keepalived');
  assert.equal(logIdent('checkers'), 'Keepalived_healthcheckers');
  assert.equal(logIdent('vrrp', 'ns1', 'foo'), 'Keepalived_vrrp_ns1_foo');
  assert.equal(logIdent('bfd', undefined, 'foo'), 'Keepalived_bfd_foo');
});

test('facilities are numbers, names, or refused [keepalived: -S]', () => {
  const cases = { '0': 16, '7': 23, local3: 19, user: 1, daemon: 3 };
  for (const [text, facility] of Object.entries(cases)) assert.equal(parseFacility(text), facility);
  for (const text of ['8', 'local8', 'kern', '', '03']) assert.equal(parseFacility(text), undefined);
});

test('the name of the process goes into the name of its log file', () => {
  assert.equal(logFilePath('/tmp/keepalived.log', 'parent'), '/tmp/keepalived.log');
  assert.equal(logFilePath('/tmp/keepalived.log', 'vrrp'), '/tmp/keepalived_vrrp.log');
  assert.equal(logFilePath('/var/log.d/ka', 'checkers'), '/var/log.d/ka_check');
});

test('the day of the month is padded with a space', () => {
  const entry = {
    level: 'info',
    text: 'x',
    wallMs: new Date(2026, 10, 2, 5, 6, 7).getTime(),
    ident: 'K',
    pid: 1,
  } as const;
  assert.equal(consoleLine(entry), 'Mon Nov  2 05:06:07 2026: x\n');
  assert.equal(syslogDatagram(entry, 3), '<30>Nov  2 05:06:07 K[1]: x');
});

test('control characters cannot forge a line', () => {
  const entry = { level: 'info', text: 'a\nb\x1b[31m\tc', wallMs: 0, ident: 'K', pid: 1 } as const;
  assert.match(consoleLine(entry), /: a\\nb\\x1b\[31m\tc\n$/);
});
