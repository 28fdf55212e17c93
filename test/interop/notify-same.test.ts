/** The same scenario on Debian's keepalived and on ka-node: the lines in the pipe and the mails are the same. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { projectRoot, startKaNode, startKeepalived } from '../support/daemons.js';
import { NetLab, type LabHost } from '../support/net-lab.js';
import { hasProgram, type Program } from '../support/program.js';

const skip = hasProgram('keepalived') ? false : 'keepalived is not installed';

interface Told {
  /** Lines of the pipe by name of the instance or group. */
  readonly lines: Readonly<Record<string, readonly string[]>>;
  /** Mails without their date, sorted. */
  readonly mails: readonly string[];
}

function configuration(host: LabHost): string {
  const instance = (name: string, vrid: number, more: string): string => `
vrrp_instance ${name} {
  interface eth0
  virtual_router_id ${vrid}
  version 3
  advert_int 0.2
  ${more}
  virtual_ipaddress { 10.0.0.${vrid}/24 }
}
`;
  return `global_defs {
  router_id lab
  notify_fifo ${host.path('all')}
  vrrp_notify_fifo ${host.path('vrrp')}
  vrrp_notify_priority_changes
  notification_email_from ka@example.net
  notification_email { ops@example.net }
  smtp_server 10.1.0.1 2525
  smtp_alert_vrrp
  enable_script_security
  script_user root
}
track_file flag { file ${host.path('flag')}
  weight 1 }
vrrp_sync_group G1 { group { VI_1 } }
${instance('VI_1', 51, 'smtp_alert')}${instance('VI_2', 52, 'track_file { flag }\nsmtp_alert off')}`;
}

const mailScript = `
  import { SMTPServer } from 'smtp-server';
  new SMTPServer({ authOptional: true, disabledCommands: ['AUTH', 'STARTTLS'],
    onData(stream, session, callback) {
      let text = '';
      stream.on('data', (chunk) => (text += chunk)).on('end', () => {
        console.log(JSON.stringify(text.replace(/^Date: .*/, '')));
        callback();
      });
    } }).listen(2525, '10.1.0.1', () => console.log('ready'));`;

async function scenario(start: typeof startKaNode): Promise<Told> {
  await using lab = await NetLab.create('same');
  const wire = await lab.switch('s');
  const host = await lab.host('a', [
    { switch: wire, addresses: ['10.0.0.1/24'] },
    { switch: await lab.switch('mail'), addresses: ['10.1.0.1/24'] },
  ]);
  const mail = await host.start([process.execPath, '--input-type=module', '-e', mailScript], {
    cwd: projectRoot,
  });
  await mail.waitForLine(/^ready$/);
  host.write('flag', '0');
  await host.runOk(['mkfifo', '-m', '600', host.path('all'), host.path('vrrp')]);
  // They are there before the daemon, and held open: nothing is missed.
  const readers = await Promise.all(
    ['all', 'vrrp'].map((name) => host.start(['sh', '-c', `exec cat <>${host.path(name)}`])),
  );
  const [reader] = readers;
  if (reader === undefined) throw new Error('unreachable');
  const daemon = await start(host, configuration(host));
  const seen = (text: string, count = 1): Promise<void> =>
    reader.waitForLines(text, (lines) => lines.filter((line) => line.text === text).length >= count);
  await Promise.all(
    ['INSTANCE "VI_1" MASTER 100', 'INSTANCE "VI_2" MASTER 100', 'GROUP "G1" MASTER 0'].map((text) =>
      seen(text),
    ),
  );
  host.write('flag', '7');
  await seen('INSTANCE "VI_2" MASTER_PRIORITY 107');
  await host.unplug();
  await Promise.all(
    ['INSTANCE "VI_1" FAULT 100', 'INSTANCE "VI_2" FAULT 107', 'GROUP "G1" FAULT 0'].map((text) =>
      seen(text),
    ),
  );
  await host.plug();
  await Promise.all(
    ['INSTANCE "VI_1" MASTER 100', 'INSTANCE "VI_2" MASTER 107', 'GROUP "G1" MASTER 0'].map((text) =>
      seen(text, text.includes('107') ? 1 : 2),
    ),
  );
  const mails = (): string[] =>
    mail.lines
      .filter((line) => line.text.startsWith('"'))
      .map((line) => line.text)
      .sort();
  await mail.waitForLines('ten mails', () => mails().length >= 10);
  await daemon.stop();
  await seen('INSTANCE "VI_2" STOP 107');
  const [all, vrrp] = readers.map((each) => texts(each));
  assert.deepEqual(vrrp, all);
  return { lines: byName(all ?? []), mails: mails().filter((text) => !text.includes('Stopping')) };
}

function texts(reader: Program): string[] {
  return reader.lines.map((line) => line.text);
}

function byName(lines: readonly string[]): Record<string, string[]> {
  const groups: Record<string, string[]> = {};
  for (const line of lines) (groups[/"(.*)"/.exec(line)?.[1] ?? ''] ??= []).push(line);
  return groups;
}

test('pipes and mails tell the same on keepalived and on ka-node', { skip }, async () => {
  const theirs = await scenario(startKeepalived);
  const ours = await scenario(startKaNode);
  assert.deepEqual(ours, theirs);
});
