/** The library against the real engine, in network namespaces of this machine, without the daemon. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import test from 'node:test';

import {
  createNode,
  KaError,
  parseConfig,
  VirtualRouter,
  type Config,
  type StateChange,
} from '../../../lib/index.js';
import { exampleLab, vip } from '../../support/examples.js';
import type { LabHost } from '../../support/net-lab.js';
import { RecordingLogger } from '../../support/recording-logger.js';

const netnsOf = (host: LabHost): string => `/run/netns/${host.namespace}`;

function config(priority: number, changes = ''): Config {
  const text = `
vrrp_instance WEB {
  interface eth0
  virtual_router_id 6
  version 3
  priority ${priority}
  advert_int 0.1
  ${changes}
  virtual_ipaddress {
    10.0.0.100/24 dev eth0
  }
}
`;
  // The interface is in another namespace than the one that reads.
  const { model, diagnostics } = parseConfig({ text }, { offline: true });
  assert.deepEqual(
    diagnostics.filter(({ severity }) => severity === 'error').map(({ message }) => message),
    [],
  );
  assert.ok(model !== undefined);
  return model;
}

test('createNode runs a configuration, tells of it in typed events, and goes in order', async () => {
  await using lab = await exampleLab('node');
  const { ka1, ka2 } = lab;
  await using first = await createNode(config(150), { netns: netnsOf(ka1) });
  await using second = await createNode(config(100), { netns: netnsOf(ka2) });
  const [router] = first.routers;
  const other = second.router('WEB');
  assert.ok(router !== undefined && other !== undefined);
  await router.reached('MASTER');
  await other.reached('BACKUP');
  await ka1.waitForAddress(vip);
  assert.equal(first.status()?.routers[0]?.state, 'active');

  const changes: StateChange[] = [];
  other.on('master', (change) => changes.push(change));
  await first.close();
  await first.close();
  await other.reached('MASTER');
  assert.equal(router.state, 'STOP');
  assert.equal(changes.length, 1);
  assert.deepEqual(
    [changes[0]?.from, changes[0]?.to, changes[0]?.cause.kind, changes[0]?.cause.peer],
    ['BACKUP', 'MASTER', 'peer-left', '10.0.0.18'],
  );
  assert.equal(await ka1.hasAddress(vip), false);
  assert.equal(first.status(), undefined);
});

test('a reload changes what changed and nothing else', async () => {
  await using lab = await exampleLab('rel');
  const { ka1 } = lab;
  const logger = new RecordingLogger();
  await using node = await createNode(config(150), { netns: netnsOf(ka1), logger });
  const [router] = node.routers;
  assert.ok(router !== undefined);
  await router.reached('MASTER');
  const states: string[] = [];
  node.on('state', (_router, change) => states.push(change.to));
  assert.deepEqual(await node.reload(config(150)), { added: [], changed: [], removed: [] });
  const priority = new Promise((resolve) => router.once('priority', resolve));
  assert.deepEqual(await node.reload(config(120)), { added: [], changed: ['WEB'], removed: [] });
  assert.equal(await priority, 120);
  assert.equal(node.routers[0], router);
  assert.deepEqual(states, []);
  const empty = parseConfig({ text: 'global_defs {\n}\n' }).model;
  assert.ok(empty !== undefined);
  assert.deepEqual(await node.reload(empty), { added: [], changed: [], removed: ['WEB'] });
  await ka1.waitForAddress(vip, false);
  assert.equal(router.state, 'DELETED');
});

test('an abort signal closes a router, also before it is started', async () => {
  await using lab = await exampleLab('abrt');
  const { ka1 } = lab;
  const options = {
    interface: 'eth0',
    virtualRouterId: 51,
    addresses: ['10.0.0.100/24'],
    advertInterval: 0.1,
  };
  const controller = new AbortController();
  const router = await VirtualRouter.start({ ...options, netns: netnsOf(ka1), signal: controller.signal });
  await router.reached('MASTER');
  const stopped = router.reached('STOP');
  controller.abort();
  await stopped;
  await ka1.waitForAddress(vip, false);
  await assert.rejects(VirtualRouter.start({ ...options, signal: controller.signal }), {
    name: 'AbortError',
  });
});

test('options that cannot be are refused with their name, and a missing namespace with its path', async () => {
  const good = { interface: 'eth0', virtualRouterId: 51, addresses: ['10.0.0.100/24'] };
  const bad: readonly (readonly [object, RegExp])[] = [
    [{ virtualRouterId: 0 }, /virtualRouterId must be a whole number from 1 to 255, not 0/],
    [{ priority: 256 }, /priority must be/],
    [{ addresses: [] }, /at least one virtual address/],
    [{ addresses: ['10.0.0.1'] }, /must be ADDRESS\/PREFIX/],
    [{ addresses: ['10.0.0.1/24', 'fd00::1/64'] }, /another family/],
    [{ addresses: ['fd00::1/64'], version: 2 }, /IPv6 needs version 3/],
    [{ password: 'x' }, /only in version 2/],
    [{ advertInterval: 0.005 }, /advertInterval of version 3/],
    [{ version: 2, advertInterval: 0.5 }, /1 to 255 whole seconds/],
  ];
  for (const [change, message] of bad) {
    await assert.rejects(VirtualRouter.start({ ...good, ...change }), (error: unknown) => {
      assert.ok(KaError.is(error));
      assert.equal(error.code, 'KA_VRRP_OPTION');
      assert.match(error.message, message);
      return true;
    });
  }
  await assert.rejects(
    VirtualRouter.start({ ...good, netns: '/run/netns/no-such-namespace' }),
    /no-such-namespace/,
  );
});

test('an interface that does not exist yet holds the router in FAULT until it appears', async () => {
  await using lab = await exampleLab('late');
  const { ka1 } = lab;
  const logger = new RecordingLogger();
  const options = {
    interface: 'late0',
    virtualRouterId: 51,
    addresses: ['10.9.0.100/24'],
    advertInterval: 0.1,
  };
  await using router = await VirtualRouter.start({ ...options, netns: netnsOf(ka1), logger });
  await router.reached('FAULT');
  await ka1.ip('link', 'add', 'late0', 'type', 'veth', 'peer', 'name', 'late1');
  await ka1.ip('address', 'add', '10.9.0.1/24', 'dev', 'late0');
  await ka1.ip('link', 'set', 'late1', 'up');
  await ka1.ip('link', 'set', 'late0', 'up');
  await router.reached('MASTER');
  await ka1.waitForAddress('10.9.0.100');
  await ka1.ip('link', 'del', 'late0');
  await router.reached('FAULT');
});

test('a signal that aborts while the node starts leaves nothing running', async () => {
  await using lab = await exampleLab('abort');
  const { ka1 } = lab;
  const aborter = new AbortController();
  const starting = createNode(config(150), { netns: netnsOf(ka1), signal: aborter.signal });
  aborter.abort();
  await assert.rejects(starting, { name: 'AbortError' });
  // Whoever comes next finds no one: a router that ran on would be heard.
  await using next = await createNode(config(50), { netns: netnsOf(lab.ka2) });
  await next.router('WEB')?.reached('MASTER');
  assert.equal(await ka1.hasAddress(vip), false);
});

test('a listener that throws is an uncaught exception, and costs neither events nor scripts', async () => {
  await using lab = await exampleLab('throws');
  const { ka1 } = lab;
  const thrown: unknown[] = [];
  const onException = (error: unknown): void => void thrown.push(error);
  const kept = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException'); // the test runner's would fail the test
  process.on('uncaughtException', onException);
  try {
    const flag = ka1.write('flag', '');
    await using node = await createNode(config(150, `notify_master "/bin/rm ${flag}"`), {
      netns: netnsOf(ka1),
    });
    const [router] = node.routers;
    assert.ok(router !== undefined);
    const heard: string[] = [];
    router.on('state', () => {
      throw new Error('of the router');
    });
    node.on('state', () => {
      throw new Error('of the node');
    });
    node.on('engine', (event) => {
      if (event.kind === 'transition') heard.push(event.to);
    });
    await ka1.waitForAddress(vip);
    await node.close();
    assert.equal(existsSync(flag), false);
    assert.deepEqual(heard.slice(-2), ['active', 'initialize']);
    const messages = new Set(thrown.map((error) => (error instanceof Error ? error.message : error)));
    assert.deepEqual(messages, new Set(['of the router', 'of the node']));
  } finally {
    process.off('uncaughtException', onException);
    for (const listener of kept) process.on('uncaughtException', listener);
  }
});

test('nodes that come and go leave no descriptor and no thread', async () => {
  await using lab = await exampleLab('leak');
  const { ka1 } = lab;
  const count = (): readonly number[] =>
    ['fd', 'task'].map((folder) => readdirSync(`/proc/self/${folder}`).length);
  const round = async (): Promise<void> => {
    await using node = await createNode(config(150), { netns: netnsOf(ka1) });
    assert.ok(node.status() !== undefined);
    await assert.rejects(createNode(config(150), { netns: '/run/netns/no-such' }), KaError.is);
  };
  await round();
  const before = count();
  for (let i = 0; i < 20; i++) await round();
  assert.deepEqual(count(), before);
});
