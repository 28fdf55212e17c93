/** Faults injected between real daemons in namespaces, at the default log level: the first line of `ka-node why` names the cause. */
import assert from 'node:assert/strict';
import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { projectRoot, startKaNode, startKeepalived, type Daemon } from '../../support/daemons.js';
import { followEvents, toldEvent } from '../../support/event-reader.js';
import { exampleLab, vip } from '../../support/examples.js';
import type { LabHost } from '../../support/net-lab.js';
import { hasProgram, processTree, type Output } from '../../support/program.js';

const skip = hasProgram('keepalived') ? false : 'keepalived is missing: apt-get install keepalived';

function text(priority: number, more = '', before = '', interval = '0.1', version = 3): string {
  return `
global_defs {
  script_user root
  enable_script_security
}
${before}
vrrp_instance WEB {
  interface eth0
  virtual_router_id 6
  version ${version}
  priority ${priority}
  advert_int ${interval}
  ${more}
  virtual_ipaddress {
    10.0.0.100/24 dev eth0
  }
}
`;
}

/** A daemon, and the program that asks it. */
class Node implements AsyncDisposable {
  readonly socket: string;

  private constructor(
    readonly daemon: Daemon,
    socket: string,
  ) {
    this.socket = socket;
  }

  static async start(host: LabHost, written: string): Promise<Node> {
    const socket = host.path('why.sock');
    return new Node(
      await startKaNode(host, written, ['--control-socket', socket], { isTerse: true }),
      socket,
    );
  }

  /** `ka-node WORDS`, of this daemon. */
  run(...words: readonly string[]): Promise<Output> {
    const { host } = this.daemon;
    const program = [process.execPath, join(projectRoot, 'bin/ka-node')];
    return host.run([...program, ...words, '--control-socket', this.socket]);
  }

  /** What an operator reads, once its first line is so: what the daemon hears and what it logs are not one instant. */
  async why(first: RegExp): Promise<string> {
    for (const end = Date.now() + 30_000; ;) {
      const { stdout, stderr } = await this.run('why', 'WEB');
      if (first.test(stdout.split('\n')[0] ?? '')) return stdout;
      assert.ok(Date.now() < end, `no first line like ${String(first)}:\n${stdout}${stderr}`);
    }
  }

  /** In the state, from the line `from` of its log on. */
  async reached(state: 'MASTER' | 'BACKUP' | 'FAULT', from = 0): Promise<void> {
    await this.daemon.waitForLine(new RegExp(`\\(WEB\\) Entering ${state} STATE`), {
      from,
      timeoutMs: 30_000,
    });
  }

  /** Lines of its log so far. */
  get logged(): number {
    return this.daemon.program.lines.length;
  }

  /** Backup of a master that it has heard. */
  async followsMaster(): Promise<void> {
    await this.reached('BACKUP');
    for (const end = Date.now() + 30_000; ;) {
      const { stdout } = await this.run('status', '--json');
      if (stdout.includes('"master":"10.')) return;
      assert.ok(Date.now() < end, `no master is heard: ${stdout}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.daemon.stop();
  }
}

test('peer killed: its silence, and that it did not announce leaving', { skip }, async () => {
  await using lab = await exampleLab('kill');
  await using peer = await startKeepalived(lab.ka1, text(150));
  await peer.waitForLine(/Entering MASTER STATE/);
  await using node = await Node.start(lab.ka2, text(100));
  await node.followsMaster();
  await peer.crash();
  await node.reached('MASTER');
  const all = await node.why(
    /^WEB is MASTER since .*: no advert from 10\.0\.0\.18 for [\d.]+ m?s.*died.*froze/,
  );
  assert.match(all, /adverts? from 10\.0\.0\.18 with priority 150.*it did not announce leaving/);
  assert.match(all, /our interface eth0 did not change meanwhile/);
});

test('peer frozen: its silence, while its host answers for the address', { skip }, async () => {
  await using lab = await exampleLab('frz');
  await using peer = await startKeepalived(lab.ka1, text(150));
  await peer.waitForLine(/Entering MASTER STATE/);
  await using node = await Node.start(lab.ka2, text(100));
  await node.followsMaster();
  const pids = processTree(peer.program.pid);
  try {
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    await node.reached('MASTER');
    await node.why(
      /no advert from 10\.0\.0\.18 for .*, while [\da-f:]{17} still answers for 10\.0\.0\.100: its VRRP process died or froze/,
    );
  } finally {
    for (const pid of pids) process.kill(pid, 'SIGCONT');
  }
});

test('one-way loss: both ends say what they know of it', async () => {
  await using lab = await exampleLab('oneway');
  await using master = await Node.start(lab.ka1, text(150));
  await master.reached('MASTER');
  await using backup = await Node.start(lab.ka2, text(100));
  await backup.followsMaster();
  const events = await followEvents(lab.ka1, master.socket);
  await lab.ka2.runOk([
    'nft',
    'add table inet t; add chain inet t in { type filter hook input priority 0; }',
  ]);
  await lab.ka2.runOk(['nft', 'add rule inet t in ip protocol 112 drop']);
  await backup.reached('MASTER');
  await master.why(
    /two masters: 10\.0\.0\.28 goes on advertising the lower priority 100 although we advertise 150: it does not hear us/,
  );
  await backup.why(/no advert from 10\.0\.0\.18 for .*(lost on the way|the path from it is cut)/);
  const event = await toldEvent(events, 'split-brain');
  assert.ok(event.kind === 'split-brain');
  assert.deepEqual([event.instance, event.isActive], ['WEB', true]);
  await events.stop();
});

test('local firewall: our adverts do not leave', async () => {
  await using lab = await exampleLab('fw');
  await using node = await Node.start(lab.ka1, text(150));
  await node.reached('MASTER');
  await lab.ka1.runOk([
    'nft',
    'add table inet t; add chain inet t o { type filter hook output priority 0; }',
  ]);
  await lab.ka1.runOk(['nft', 'add rule inet t o ip protocol 112 drop']);
  await node.why(/our adverts do not leave since .*EPERM: a firewall on this host drops protocol 112/);
});

test('cable down: the interface is without carrier', async () => {
  await using lab = await exampleLab('cable');
  await using node = await Node.start(lab.ka1, text(150));
  await node.reached('MASTER');
  await lab.ka1.unplug();
  await node.reached('FAULT');
  await node.why(/^WEB is FAULT since .*: eth0 is without carrier \(cable/);
});

test('carrier flap: how often and how long', async () => {
  await using lab = await exampleLab('flap');
  await using node = await Node.start(lab.ka1, text(150));
  await node.reached('MASTER');
  for (let i = 0; i < 2; i++) {
    const from = node.logged;
    await lab.ka1.unplug();
    await node.reached('FAULT', from);
    await lab.ka1.plug();
    await node.reached('MASTER', from);
  }
  const all = await node.why(
    /^WEB is MASTER since .*: eth0 flapped.*was down for [\d.]+ m?s and is up again/,
  );
  assert.match(all, /eth0 went down 2 times since/);
});

test('address deleted: by someone else, and put back', async () => {
  await using lab = await exampleLab('addr');
  await using node = await Node.start(lab.ka1, text(150));
  await node.reached('MASTER');
  await lab.ka1.waitForAddress(vip);
  await lab.ka1.ip('address', 'del', '10.0.0.100/24', 'dev', 'eth0');
  await node.why(
    /^WEB is MASTER since .*: 10\.0\.0\.100\/24 was deleted from eth0 by someone else and was put back/,
  );
});

test('script time-out: which script, and its limit', async () => {
  await using lab = await exampleLab('tmo');
  const flag = lab.ka1.path('hang');
  const script = lab.ka1.write('check.sh', `#!/bin/sh\nif test -e ${flag}; then exec sleep 60; fi\n`, 0o755);
  const track = `vrrp_script check {\n  script "${script}"\n  interval 1\n  timeout 1\n}\n`;
  await using node = await Node.start(lab.ka1, text(150, 'track_script {\n    check\n  }', track));
  await node.reached('MASTER');
  lab.ka1.write('hang', '');
  await node.reached('FAULT');
  await node.why(/^WEB is FAULT since .*: script check did not end within 1 s/);
});

test('script refused: which component of its path, and that nothing watches', async () => {
  await using lab = await exampleLab('sec');
  const script = lab.ka1.write('check.sh', '#!/bin/sh\nexit 0\n', 0o755);
  chmodSync(script, 0o777);
  const track = `vrrp_script check {\n  script "${script}"\n  interval 1\n}\n`;
  await using node = await Node.start(lab.ka1, text(150, 'track_script {\n    check\n  }', track));
  await node.reached('MASTER');
  await node.why(/script check is refused and does not run, so nothing watches what it is for: .*check\.sh/);
});

test('a rogue of higher priority: never heard before', async () => {
  await using lab = await exampleLab('rogue');
  await using node = await Node.start(lab.ka1, text(150));
  await node.reached('MASTER');
  await using rogue = await Node.start(lab.client, text(250));
  await rogue.reached('MASTER');
  await node.reached('BACKUP');
  await node.why(
    /^WEB is BACKUP since .*: 10\.0\.0\.50, never heard before, advertises priority 250, ours is 150: a node that was just started, or one that does not belong here/,
  );
});

test('wrong password: whose adverts are refused', async () => {
  await using lab = await exampleLab('pass');
  const auth = (password: string): string =>
    `authentication {\n    auth_type PASS\n    auth_pass ${password}\n  }`;
  await using master = await Node.start(lab.ka1, text(150, auth('secret'), '', '1', 2));
  await using other = await Node.start(lab.ka2, text(100, auth('secre7'), '', '1', 2));
  await master.reached('MASTER');
  await other.reached('MASTER');
  await other.why(/^WEB is MASTER since .*: adverts from 10\.0\.0\.18 are refused: wrong password/);
});

test('reload: what it changed, and one that was refused', async () => {
  await using lab = await exampleLab('rld');
  await using node = await Node.start(lab.ka1, text(150));
  await node.reached('MASTER');
  await using peer = await Node.start(lab.ka2, text(100));
  await peer.followsMaster();
  node.daemon.reload(text(90));
  await node.reached('BACKUP');
  await node.why(
    /^WEB is BACKUP since .*: the reload at [\d:.]+ changed our priority from 150 to 90, and 10\.0\.0\.28 advertises 100/,
  );
  node.daemon.reload(text(90).replace('virtual_router_id 6', 'virtual_router_id 600'));
  await node.daemon.waitForLine(/New config failed validation/);
  await node.why(/^WEB is BACKUP since .*: a reload was refused and changed nothing: .*600 is out of range/);
});

test('the VRRP process killed: that it died and resumed, and what was known before', async () => {
  await using lab = await exampleLab('died');
  // An owner is master at once, and with adverts so far apart even a slow machine starts a process in time.
  await using node = await Node.start(lab.ka1, text(255, 'state MASTER', '', '10'));
  await node.reached('MASTER');
  await node.why(/^WEB is MASTER since /);
  const pid = Number(
    readFileSync(lab.ka1.path(node.daemon.configuration.replace('.conf', '-vrrp.pid')), 'utf8'),
  );
  const from = node.logged;
  process.kill(pid, 'SIGKILL');
  await node.reached('MASTER', from);
  const all = await node.why(
    /^WEB is MASTER since .*: the VRRP process died by signal 9 \(SIGKILL\) and resumed/,
  );
  assert.match(all, new RegExp(`process ${pid} ended at [\\d:.]+, the next one began [\\d.]+ m?s later`));
  assert.match(all, /-> MASTER: it owns the addresses/);
});

test('standby, and its end: who asked for it', async () => {
  await using lab = await exampleLab('stby');
  await using node = await Node.start(lab.ka1, text(150));
  await node.reached('MASTER');
  const refused = await node.run('standby', 'WEB');
  assert.equal(refused.code, 4, refused.stderr);
  await node.why(/^WEB is MASTER since .*: standby was refused: nobody answered the offer of WEB/);
  const done = await node.run('standby', 'WEB', '--force', '--for', '30m');
  assert.equal(done.code, 0, done.stderr);
  const all = await node.why(/^WEB is STANDBY since .*: an operator put it in standby/);
  assert.match(all, /an operator asked for standby for 30 min 0 s, forced/);
  assert.equal((await node.run('resume', 'WEB')).code, 0);
  await node.why(/^WEB is MASTER since .*: its standby is over \(it lasted /);
});
