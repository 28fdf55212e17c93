/** A daemon with a network namespace of its own (net_namespace, -s): all that it does is there, as with Debian's keepalived. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { startKaNode, startKeepalived } from '../support/daemons.js';
import { mailsOf, startMailServer } from '../support/mail-server.js';
import { NetLab, type LabHost } from '../support/net-lab.js';
import { hasProgram } from '../support/program.js';

const skip = hasProgram('keepalived') ? false : 'keepalived is not installed';

interface Seen {
  /** Which scripts ran, and where: 'there' is the namespace that was named. */
  readonly scripts: readonly string[];
  readonly startAndEnd: readonly string[];
}

function configuration(script: string, fifo: string, more: string): string {
  return `${more}
global_defs {
  script_user root
  enable_script_security
  vrrp_notify_fifo ${fifo}
  vrrp_notify_fifo_script "${script} fifo"
  startup_script "${script} startup"
  shutdown_script "${script} shutdown"
  notification_email { ops@example.net }
  smtp_server 10.0.0.2 2525
  smtp_alert_vrrp
}
vrrp_script answer {
  script "${script} track"
  interval 1
}
vrrp_instance VI_1 {
  interface eth0
  virtual_router_id 51
  version 3
  advert_int 0.1
  track_script { answer }
  notify_master "${script} notify_master"
  notify_stop "${script} notify_stop"
  virtual_ipaddress { 10.0.0.100/24 }
}
`;
}

const allScripts = ['fifo', 'notify_master', 'notify_stop', 'shutdown', 'startup', 'track'];

async function scenario(
  start: typeof startKaNode,
  named: { readonly more: (name: string) => string; readonly args: (name: string) => readonly string[] },
): Promise<Seen> {
  await using lab = await NetLab.create('ownns');
  const wire = await lab.switch('s');
  // It has no way to the mail server.
  const home = await lab.host('home', [{ switch: await lab.switch('t'), addresses: ['10.9.0.1/24'] }]);
  const there = await lab.host('there', [{ switch: wire, addresses: ['10.0.0.1/24'] }]);
  const server = await lab.host('mail', [{ switch: wire, addresses: ['10.0.0.2/24'] }]);
  const mail = await startMailServer(server, '10.0.0.2');
  const file = there.path('ran');
  const script = there.write(
    'script.sh',
    `#!/bin/sh\necho "$1 $(readlink /proc/self/ns/net)" >> ${file}\n`,
    0o755,
  );
  const names = new Map([
    [await namespaceOf(home), 'home'],
    [await namespaceOf(there), 'there'],
  ]);
  const ran = (): string[] =>
    existsSync(file)
      ? readFileSync(file, 'utf8')
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => line.replace(/\S+$/, (namespace) => names.get(namespace) ?? namespace))
      : [];
  const hasRun = (which: string): Promise<void> =>
    there.waitFor(`${which} to run`, () => Promise.resolve(ran().some((line) => line.startsWith(which))));
  const text = configuration(script, there.path('fifo'), named.more(there.namespace));
  const daemon = await start(home, text, named.args(there.namespace));
  await there.waitForAddress('10.0.0.100');
  await Promise.all(['track', 'fifo', 'notify_master'].map(hasRun));
  await mail.waitForLines('a mail about MASTER', () =>
    mailsOf(mail).some((each) => each.text.includes('VI_1 - Entering MASTER state')),
  );
  assert.equal(await home.hasAddress('10.0.0.100'), false);
  await daemon.stop();
  await hasRun('shutdown');
  return {
    scripts: [...new Set(ran())].sort(),
    startAndEnd: daemon.program.lines
      .map((line) => line.text.slice('Sun Nov 29 22:12:40 2026: '.length))
      .filter((line) => /(startup|shutdown) script/.test(line))
      .map((line) => line.replace(script, 'SCRIPT')),
  };
}

async function namespaceOf(host: LabHost): Promise<string> {
  return (await host.runOk(['readlink', '/proc/self/ns/net'])).trim();
}

const ways = {
  net_namespace: { more: (name: string) => `net_namespace ${name}`, args: () => [] },
  '-s': { more: () => '', args: (name: string) => ['-s', name] },
};

test('with net_namespace, scripts and mails are in the namespace that is named', { skip }, async () => {
  const theirs = await scenario(startKeepalived, ways.net_namespace);
  const ours = await scenario(startKaNode, ways.net_namespace);
  assert.deepEqual(ours.scripts, theirs.scripts);
  assert.deepEqual(
    ours.scripts,
    allScripts.map((each) => `${each} there`),
  );
  // startup_script and shutdown_script are told in the same words.
  assert.deepEqual(ours.startAndEnd, theirs.startAndEnd);
});

test('-s NAME does the same in one process', async () => {
  const expected = allScripts.map((each) => `${each} there`);
  const single = { ...ways['-s'], args: (name: string) => ['-s', name, '--single-process'] };
  assert.deepEqual((await scenario(startKaNode, single)).scripts, expected);
});
