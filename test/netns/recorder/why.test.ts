/** Faults injected between real engines in namespaces: the first line of the explanation names the cause. */
import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import test from 'node:test';

import type { NativeEvent } from '../../../bindings/native.js';
import { createNode, parseConfig, type Config, type VrrpNode } from '../../../lib/index.js';
import { formatExplanation } from '../../../lib/recorder/format.js';
import { startKeepalived } from '../../support/daemons.js';
import { exampleLab, vip } from '../../support/examples.js';
import type { LabHost } from '../../support/net-lab.js';
import { hasProgram, processTree } from '../../support/program.js';

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

function config(written: string): Config {
  const { model, diagnostics } = parseConfig({ text: written }, { offline: true });
  assert.ok(model !== undefined, diagnostics.map(({ message }) => message).join('\n'));
  return model;
}

function start(host: LabHost, written: string): Promise<VrrpNode> {
  return createNode(config(written), { netns: `/run/netns/${host.namespace}` });
}

/** What an operator reads. */
function why(node: VrrpNode): { readonly first: string; readonly all: string } {
  const [explanation] = node.why('WEB');
  assert.ok(explanation !== undefined);
  const all = formatExplanation(explanation);
  return { first: all.split('\n')[0] ?? '', all };
}

async function reached(node: VrrpNode, state: 'MASTER' | 'BACKUP' | 'FAULT'): Promise<void> {
  await node.router('WEB')?.reached(state, AbortSignal.timeout(30_000));
}

type Told<Kind extends NativeEvent['kind']> = Extract<NativeEvent, { readonly kind: Kind }>;

/** The next event of a kind that fits. */
function event<Kind extends NativeEvent['kind']>(
  node: VrrpNode,
  kind: Kind,
  fits: (event: Told<Kind>) => boolean = () => true,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no '${kind}' came`)), 30_000);
    const isWanted = (each: NativeEvent): each is Told<Kind> => each.kind === kind;
    const look = (each: NativeEvent): void => {
      if (!isWanted(each) || !fits(each)) return;
      clearTimeout(timer);
      node.off('engine', look);
      resolve();
    };
    node.on('engine', look);
  });
}

async function until(what: string, condition: () => boolean): Promise<void> {
  for (const end = Date.now() + 30_000; !condition();) {
    assert.ok(Date.now() < end, what);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Backup of a master that it has heard. */
async function followsMaster(node: VrrpNode): Promise<void> {
  await reached(node, 'BACKUP');
  await until('adverts are heard', () => (node.standings()[0]?.engine?.counters.received ?? 0) >= 3);
}

test('peer killed: its silence, and that it did not announce leaving', { skip }, async () => {
  await using lab = await exampleLab('kill');
  await using peer = await startKeepalived(lab.ka1, text(150));
  await peer.waitForLine(/Entering MASTER STATE/);
  await using node = await start(lab.ka2, text(100));
  await followsMaster(node);
  await peer.crash();
  await reached(node, 'MASTER');
  const { first, all } = why(node);
  assert.match(
    first,
    /^WEB is MASTER since .*: no advert from 10\.0\.0\.18 for [\d.]+ m?s.*died.*froze/,
    all,
  );
  assert.match(all, /adverts? from 10\.0\.0\.18 with priority 150.*it did not announce leaving/);
  assert.match(all, /our interface eth0 did not change meanwhile/);
});

test('peer frozen: its silence, while its host answers for the address', { skip }, async () => {
  await using lab = await exampleLab('frz');
  await using peer = await startKeepalived(lab.ka1, text(150));
  await peer.waitForLine(/Entering MASTER STATE/);
  await using node = await start(lab.ka2, text(100));
  await followsMaster(node);
  const alarmed = event(node, 'split-brain', ({ active }) => active);
  const pids = processTree(peer.program.pid);
  try {
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    await reached(node, 'MASTER');
    await alarmed;
    const { first, all } = why(node);
    assert.match(
      first,
      /no advert from 10\.0\.0\.18 for .*, while [\da-f:]{17} still answers for 10\.0\.0\.100: its VRRP process died or froze/,
      all,
    );
  } finally {
    for (const pid of pids) process.kill(pid, 'SIGCONT');
  }
});

test('one-way loss: both ends say what they know of it', async () => {
  await using lab = await exampleLab('oneway');
  await using master = await start(lab.ka1, text(150));
  await reached(master, 'MASTER');
  await using backup = await start(lab.ka2, text(100));
  await followsMaster(backup);
  const alarmed = event(master, 'split-brain', ({ active, sign }) => active && sign === 'adverts');
  await lab.ka2.runOk([
    'nft',
    'add table inet t; add chain inet t in { type filter hook input priority 0; }',
  ]);
  await lab.ka2.runOk(['nft', 'add rule inet t in ip protocol 112 drop']);
  await reached(backup, 'MASTER');
  await alarmed;
  const here = why(master);
  assert.match(
    here.first,
    /two masters: 10\.0\.0\.28 goes on advertising the lower priority 100 although we advertise 150: it does not hear us/,
    here.all,
  );
  const there = why(backup);
  assert.match(
    there.first,
    /no advert from 10\.0\.0\.18 for .*(lost on the way|the path from it is cut)/,
    there.all,
  );
});

test('local firewall: our adverts do not leave', async () => {
  await using lab = await exampleLab('fw');
  await using node = await start(lab.ka1, text(150));
  await reached(node, 'MASTER');
  const failed = event(node, 'send-failed', ({ errno }) => errno !== 0);
  await lab.ka1.runOk([
    'nft',
    'add table inet t; add chain inet t o { type filter hook output priority 0; }',
  ]);
  await lab.ka1.runOk(['nft', 'add rule inet t o ip protocol 112 drop']);
  await failed;
  const { first, all } = why(node);
  assert.match(
    first,
    /our adverts do not leave since .*EPERM: a firewall on this host drops protocol 112/,
    all,
  );
});

test('cable down: the interface is without carrier', async () => {
  await using lab = await exampleLab('cable');
  await using node = await start(lab.ka1, text(150));
  await reached(node, 'MASTER');
  await lab.ka1.unplug();
  await reached(node, 'FAULT');
  const { first, all } = why(node);
  assert.match(first, /^WEB is FAULT since .*: eth0 is without carrier \(cable/, all);
});

test('carrier flap: how often and how long', async () => {
  await using lab = await exampleLab('flap');
  await using node = await start(lab.ka1, text(150));
  await reached(node, 'MASTER');
  for (let i = 0; i < 2; i++) {
    await lab.ka1.unplug();
    await reached(node, 'FAULT');
    await lab.ka1.plug();
    await reached(node, 'MASTER');
  }
  const { first, all } = why(node);
  assert.match(first, /^WEB is MASTER since .*: eth0 flapped.*was down for [\d.]+ m?s and is up again/, all);
  assert.match(all, /eth0 went down 2 times since/);
});

test('address deleted: by someone else, and put back', async () => {
  await using lab = await exampleLab('addr');
  await using node = await start(lab.ka1, text(150));
  await reached(node, 'MASTER');
  await lab.ka1.waitForAddress(vip);
  const restored = event(node, 'address', ({ what }) => what === 'restored');
  await lab.ka1.ip('address', 'del', '10.0.0.100/24', 'dev', 'eth0');
  await restored;
  const { first, all } = why(node);
  assert.match(
    first,
    /^WEB is MASTER since .*: 10\.0\.0\.100\/24 was deleted from eth0 by someone else and was put back/,
    all,
  );
});

test('script time-out: which script, and its limit', async () => {
  await using lab = await exampleLab('tmo');
  const flag = lab.ka1.path('hang');
  const script = lab.ka1.write('check.sh', `#!/bin/sh\nif test -e ${flag}; then exec sleep 60; fi\n`, 0o755);
  const track = `vrrp_script check {\n  script "${script}"\n  interval 1\n  timeout 1\n}\n`;
  await using node = await start(lab.ka1, text(150, 'track_script {\n    check\n  }', track));
  await reached(node, 'MASTER');
  lab.ka1.write('hang', '');
  await reached(node, 'FAULT');
  const { first, all } = why(node);
  assert.match(first, /^WEB is FAULT since .*: script check did not end within 1 s/, all);
});

test('script refused: which component of its path, and that nothing watches', async () => {
  await using lab = await exampleLab('sec');
  const script = lab.ka1.write('check.sh', '#!/bin/sh\nexit 0\n', 0o755);
  chmodSync(script, 0o777);
  const track = `vrrp_script check {\n  script "${script}"\n  interval 1\n}\n`;
  await using node = await start(lab.ka1, text(150, 'track_script {\n    check\n  }', track));
  await reached(node, 'MASTER');
  const { first, all } = why(node);
  assert.match(
    first,
    /script check is refused and does not run, so nothing watches what it is for: .*check\.sh/,
    all,
  );
});

test('a rogue of higher priority: never heard before', async () => {
  await using lab = await exampleLab('rogue');
  await using node = await start(lab.ka1, text(150));
  await reached(node, 'MASTER');
  await using rogue = await start(lab.client, text(250));
  await reached(node, 'BACKUP');
  const { first, all } = why(node);
  assert.ok(rogue.status() !== undefined);
  assert.match(
    first,
    /^WEB is BACKUP since .*: 10\.0\.0\.50, never heard before, advertises priority 250, ours is 150: a node that was just started, or one that does not belong here/,
    all,
  );
});

test('wrong password: whose adverts are refused', async () => {
  await using lab = await exampleLab('pass');
  const auth = (password: string): string =>
    `authentication {\n    auth_type PASS\n    auth_pass ${password}\n  }`;
  await using master = await start(lab.ka1, text(150, auth('secret'), '', '1', 2));
  await using other = await start(lab.ka2, text(100, auth('secre7'), '', '1', 2));
  await until('adverts are refused', () =>
    why(other).first.includes('adverts from 10.0.0.18 are refused: wrong password'),
  );
  await reached(other, 'MASTER');
  const { first, all } = why(other);
  assert.ok(master.status() !== undefined);
  assert.match(first, /^WEB is MASTER since .*: adverts from 10\.0\.0\.18 are refused: wrong password/, all);
});

test('reload: what it changed', async () => {
  await using lab = await exampleLab('rld');
  await using node = await start(lab.ka1, text(150));
  await reached(node, 'MASTER');
  await using peer = await start(lab.ka2, text(100));
  await followsMaster(peer);
  await node.reload(config(text(90)));
  await reached(node, 'BACKUP');
  const { first, all } = why(node);
  assert.match(
    first,
    /^WEB is BACKUP since .*: the reload at [\d:.]+ changed our priority from 150 to 90, and 10\.0\.0\.28 advertises 100/,
    all,
  );
});
