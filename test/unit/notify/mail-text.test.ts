/** Bodies of mails about real and virtual servers. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { parseConfig } from '../../../lib/config/load.js';
import { checkerReason, quorumReason } from '../../../lib/notify/mail-text.js';

const blocks: Readonly<Record<string, string>> = {
  TCP_CHECK: '',
  HTTP_GET: 'url {\npath /\n}',
  SSL_GET: 'url {\npath /\n}',
  SMTP_CHECK: '',
  DNS_CHECK: '',
  MISC_CHECK: 'misc_path /bin/true\nuser root',
  UDP_CHECK: '',
  PING_CHECK: '',
  FILE_CHECK: 'track_file f',
};

function said(kind: string, isUp: boolean, reason: string): string | undefined {
  const text = `track_file f {\nfile /f\n}\nvirtual_server 10.0.0.1 80 {\nreal_server 10.0.0.2 80 {\n${kind} {\n${blocks[kind] ?? ''}\n}\n}\n}\n`;
  const { model, diagnostics } = parseConfig({ text, name: 'test.conf' }, { mode: 'daemon' });
  const checker = model?.virtualServer[0]?.realServer[0]?.checkers[0];
  assert.ok(checker !== undefined, JSON.stringify(diagnostics.map(({ message }) => message)));
  return checkerReason(checker, isUp, reason);
}

test('the body names the checker in keepalived’s words, and none is about a file [keepalived: smtp_alert]', () => {
  const all = Object.keys(blocks).map((kind) => [said(kind, true, ''), said(kind, false, 'why')]);
  assert.deepEqual(all, [
    ['TCP CHECK succeed on service', 'TCP CHECK failed on service'],
    ['CHECK succeed on service', 'CHECK failed on service : HTTP request failed'],
    ['CHECK succeed on service', 'CHECK failed on service : HTTP request failed'],
    ['CHECK succeed on service', 'CHECK failed on service : why'],
    ['DNS_CHECK: succeed on service', 'DNS_CHECK: failed on service'],
    ['MISC CHECK succeeded on service', 'MISC CHECK failed on service'],
    ['UDP CHECK succeed on service', 'UDP CHECK failed on service'],
    ['ICMP CHECK succeed on service', 'ICMP CHECK failed on service'],
    [undefined, undefined],
  ]);
  assert.equal(said('MISC_CHECK', false, 'timed out'), 'MISC CHECK timed out on service');
});

test('the sum of a quorum is written as if it always added [keepalived: quorum]', () => {
  const numbers = { quorum: 3, hysteresis: 1 };
  const gained = { ...numbers, kind: 'gained', isStart: false, threshold: 4, total: 5 } as const;
  assert.equal(quorumReason(gained), 'Gained quorum 3+1=4 <= 5');
  assert.equal(quorumReason({ ...gained, isStart: true }), 'Starting with quorum up 3+1=4 <= 5');
  const lost = { ...numbers, kind: 'lost', isStart: false, threshold: 2, total: 1 } as const;
  assert.equal(quorumReason(lost), 'Lost quorum 3+1=2 <= 1');
  const down = { ...numbers, kind: 'started-down', isStart: true, threshold: 4, total: 1 } as const;
  assert.equal(quorumReason(down), 'Starting with quorum down 3+1=4 <= 1');
});
