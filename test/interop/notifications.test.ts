/** Lines in notification pipes and mails, held against those of Debian's keepalived in the same scenario. */
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import test from 'node:test';
import { groupLine, instanceLine } from '../../lib/notify/fifo.js';
import { groupMail, instanceMail, message, type MailText } from '../../lib/notify/mail-text.js';
import { projectRoot, startKeepalived } from '../support/daemons.js';
import { NetLab, type LabHost } from '../support/net-lab.js';
import { hasProgram, type Program } from '../support/program.js';

const skip = hasProgram('keepalived') ? false : 'keepalived is not installed';

const instance = (name: string, vrid: number, more = ''): string => `
vrrp_instance ${name} {
  interface eth0
  virtual_router_id ${vrid}
  version 3
  advert_int 0.2
  ${more}
  virtual_ipaddress { 10.0.0.${vrid}/24 }
}
`;

/** An SMTP server in the host's namespace, which prints each mail as one line of JSON. */
async function mailServer(host: LabHost): Promise<Program> {
  const script = `
    import { SMTPServer } from 'smtp-server';
    const server = new SMTPServer({ authOptional: true, disabledCommands: ['AUTH', 'STARTTLS'],
      onData(stream, session, callback) {
        let text = '';
        stream.on('data', (chunk) => (text += chunk)).on('end', () => {
          console.log(JSON.stringify({ text, to: session.envelope.rcptTo.map((each) => each.address) }));
          callback();
        });
      } });
    server.listen(2525, '10.0.0.1', () => console.log('ready'));`;
  const program = await host.start([process.execPath, '--input-type=module', '-e', script], {
    cwd: projectRoot,
  });
  await program.waitForLine(/^ready$/);
  return program;
}

/** Texts of the mails that came, sorted. */
function texts(server: Program): string[] {
  return server.lines
    .filter((line) => line.text.startsWith('{'))
    .map((line) => {
      const mail: unknown = JSON.parse(line.text);
      return typeof mail === 'object' && mail !== null && 'text' in mail ? String(mail.text) : '';
    })
    .sort();
}

test('mails are byte for byte those of keepalived', { skip }, async () => {
  await using lab = await NetLab.create('mail');
  const host = await lab.host('a', [{ switch: await lab.switch('s'), addresses: ['10.0.0.1/24'] }]);
  const server = await mailServer(host);
  const globals = `global_defs {
  router_id lab
  notification_email_from ka@example.net
  notification_email { ops@example.net two@example.net }
  smtp_server 10.0.0.1 2525
  smtp_alert_vrrp
}
vrrp_sync_group G1 { group { VI_1 } }
`;
  const daemon = await startKeepalived(
    host,
    globals + instance('VI_1', 51) + instance('VI_3', 53, 'notify_deleted'),
  );
  await server.waitForLines('six mails', () => texts(server).length >= 6);
  await host.unplug();
  await server.waitForLines('nine mails', () => texts(server).length >= 9);
  daemon.reload(globals + instance('VI_1', 51));
  await server.waitForLines('ten mails', () => texts(server).length >= 10);
  await daemon.stop();
  const settings = {
    host: '10.0.0.1',
    port: 2525,
    from: 'ka@example.net',
    to: ['ops@example.net', 'two@example.net'],
    heloName: 'x',
    timeoutMs: 1000,
    routerId: 'lab',
    isSilentOnFault: false,
  };
  const expected: readonly MailText[] = [
    ...(['BACKUP', 'MASTER', 'FAULT'] as const).flatMap((state) => [
      instanceMail('VI_1', state),
      instanceMail('VI_3', state),
      groupMail('G1', state),
    ]),
    instanceMail('VI_3', 'DELETED'),
  ];
  const undated = (text: string): string => text.replace(/^Date: .*/, 'Date:');
  assert.deepEqual(
    texts(server).map(undated).sort(),
    expected.map((text) => undated(message(settings, text, 0))).sort(),
  );
  for (const text of texts(server)) {
    const date = /^Date: (.*)\r/.exec(text)?.[1] ?? '';
    assert.equal(
      message(settings, instanceMail('x', 'STOP'), Date.parse(date)).split('\r\n')[0],
      `Date: ${date}`,
    );
  }
});

test('lines in a pipe, and the pipe itself, are those of keepalived', { skip }, async () => {
  await using lab = await NetLab.create('fifo');
  const host = await lab.host('a', [{ switch: await lab.switch('s'), addresses: ['10.0.0.1/24'] }]);
  const fifo = host.path('fifo');
  const flag = host.write('flag', '0');
  const globals = `global_defs {
  notify_fifo ${fifo}
  vrrp_notify_priority_changes
}
vrrp_track_file flag { file ${flag}
  weight 1 }
vrrp_sync_group G1 { group { VI_1 } }
`;
  const first = instance('VI_1', 51, 'track_file { flag weight 0 }');
  const second = instance('VI_2', 52, 'track_file { flag }');
  const daemon = await startKeepalived(
    host,
    globals + first + second + instance('VI_3', 53, 'notify_deleted'),
  );
  await daemon.waitForLine(/Startup complete/);
  const reader = await host.start(['cat', fifo]);
  await daemon.waitForLine(/\(VI_3\) Entering MASTER STATE/);
  await daemon.waitForLine(/\(VI_2\) Entering MASTER STATE/);
  await daemon.waitForLine(/\(VI_1\) Entering MASTER STATE/);
  const stat = statSync(fifo);
  assert.deepEqual([(stat.mode & 0o7777).toString(8), stat.uid, stat.gid], ['600', 0, 0]);
  host.write('flag', '7');
  await reader.waitForLine(/MASTER_PRIORITY/);
  await daemon.stop();
  await reader.stop();
  const lines = reader.lines.map((line) => `${line.text}\n`).sort();
  const states = ['BACKUP', 'MASTER', 'STOP'] as const;
  const expected = [
    ...states.map((state) => instanceLine('VI_3', state, 100)),
    ...['BACKUP' as const, 'MASTER' as const].map((state) => instanceLine('VI_2', state, 100)),
    instanceLine('VI_2', 'MASTER_PRIORITY', 107),
    instanceLine('VI_2', 'STOP', 107),
  ];
  for (const line of expected) assert.ok(lines.includes(line), `${line} is missing among\n${lines.join('')}`);
  const known = [
    ...expected,
    ...states.map((state) => instanceLine('VI_1', state, 100)),
    instanceLine('VI_1', 'FAULT', 100),
  ];
  const groups = [...states, 'FAULT' as const].map((state) => groupLine('G1', state));
  for (const line of lines) assert.ok([...known, ...groups].includes(line), `${line} is not expected`);
});
