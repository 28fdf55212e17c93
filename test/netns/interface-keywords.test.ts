/** Keywords about interfaces: how long a change must last, what is announced elsewhere, buffers, multicast; beside keepalived. */
import assert from 'node:assert/strict';
import test from 'node:test';

import { Capture } from '../support/capture.js';
import { startKaNode, startKeepalived, type Daemon } from '../support/daemons.js';
import { NetLab, type LabHost } from '../support/net-lab.js';
import { processTree } from '../support/program.js';
import { socketBuffers } from '../support/socket-buffers.js';

const programs = [startKaNode, startKeepalived] as const;

interface Lan {
  readonly lab: NetLab;
  readonly node: LabHost;
  readonly peer: LabHost;
}

/** Both hosts are on two segments. */
async function lan(name: string): Promise<Lan> {
  const lab = await NetLab.create(name);
  const [first, second] = [await lab.switch('one'), await lab.switch('two')];
  const host = (title: string, last: number): Promise<LabHost> =>
    lab.host(title, [
      { switch: first, addresses: [`10.0.0.${last}/24`] },
      { switch: second, addresses: [`10.1.0.${last}/24`] },
    ]);
  return { lab, node: await host('node', 1), peer: await host('peer', 2) };
}

const instance = (name: string, vrid: number, ...lines: readonly string[]): string =>
  `vrrp_instance ${name} {\ninterface eth0\nvirtual_router_id ${vrid}\nadvert_int 1\n${lines.join('\n')}\n}\n`;

const isUp = async (host: LabHost): Promise<boolean> =>
  (await host.runOk(['ip', '-o', 'link', 'show', 'eth0'])).includes('state UP');

test('interface_up_down_delays: a short loss is not seen, a longer one when it has lasted [keepalived: interface_up_down_delays]', async () => {
  const text = `interface_up_down_delays {\neth0 3\n}\n${instance('VI', 51, 'state MASTER', 'priority 255', 'advert_int 2', 'virtual_ipaddress {\n10.0.0.100/24\n}')}`;
  const seen = async (start: (typeof programs)[number]): Promise<void> => {
    const { lab, node } = await lan('delays');
    await using _lab = lab;
    const daemon = await start(node, text);
    await daemon.waitForLine(/\(VI\) Entering MASTER STATE/);
    await node.run(['ip', '-batch', '-'], { input: 'link set eth0 down\nlink set eth0 up\n' });
    await node.waitFor('eth0 is up again', () => isUp(node));
    const downAtMs = performance.now();
    await node.ip('link', 'set', 'eth0', 'down');
    const down = await daemon.waitForLine(/Netlink reports eth0 down/);
    await daemon.waitForLine(/\(VI\) Entering FAULT STATE/);
    assert.ok(down.atMs - downAtMs > 2900, `${start.name}: down after ${down.atMs - downAtMs} ms`);
    await node.ip('link', 'set', 'eth0', 'up');
    await daemon.waitForLine(/Netlink reports eth0 up/);
    await daemon.stop();
    const faults = daemon.program.lines.filter(({ text: line }) => line.includes('Entering FAULT STATE'));
    assert.equal(faults.length, 1, start.name);
  };
  await Promise.all(programs.map(seen));
});

test('garp_extra_if all: one address of each other interface is announced again and again [keepalived: garp_extra_if]', async () => {
  const text = instance(
    'VI',
    51,
    'state MASTER',
    'priority 255',
    'garp_master_delay 0',
    'garp_master_repeat 1',
    'garp_extra_if all 1',
    'virtual_ipaddress {\n10.0.0.100/24\n10.1.0.110/24 dev eth1\n10.1.0.111/24 dev eth1\n}',
  );
  const seen = async (start: (typeof programs)[number]): Promise<readonly string[]> => {
    const { lab, node, peer } = await lan('extra');
    await using _lab = lab;
    await using heard = await Capture.start(
      peer,
      'arp src host 10.1.0.110 or arp src host 10.1.0.111',
      'eth1',
    );
    const daemon = await start(node, text);
    const announced = (): readonly string[] =>
      heard.program.lines.flatMap(({ text: line }) => /who-has (\S+)/.exec(line)?.[1] ?? []);
    await heard.program.waitForLines('five announcements', () => announced().length >= 5);
    await daemon.stop();
    return announced().slice(0, 5);
  };
  const [ours, theirs] = await Promise.all(programs.map(seen));
  const [first, second] = ['10.1.0.110', '10.1.0.111'];
  assert.deepEqual(ours, [first, second, first, first, first]);
  assert.deepEqual(theirs, ours);
});

test('an instance on an interface without multicast stays in FAULT, says why, and runs when it has it [keepalived: disabling]', async () => {
  const { lab, node } = await lan('multicast');
  await using _lab = lab;
  const text = instance('VI', 51, 'priority 100', 'virtual_ipaddress {\n10.0.0.100/24\n}');
  await node.ip('link', 'set', 'eth0', 'multicast', 'off');
  const keepalived = await startKeepalived(node, text);
  await keepalived.waitForLine(/\(VI\) interface eth0 does not support multicast.* disabling/);
  await keepalived.stop();
  const daemon = await startKaNode(node, text);
  await daemon.waitForLine(/\(VI\) Entering FAULT STATE/);
  assert.ok(daemon.program.lines.some(({ text: line }) => /eth0.* does not support multicast/.test(line)));
  await node.ip('link', 'set', 'eth0', 'multicast', 'on');
  await daemon.waitForLine(/\(VI\) Entering MASTER STATE/);
});

async function bufferSizes(daemon: Daemon, kind: 'raw' | 'netlink'): Promise<ReadonlySet<number>> {
  const pids = processTree(daemon.program.pid).map(String);
  const lines = (await daemon.host.runOk(['python3', '-c', socketBuffers, ...pids])).split('\n');
  return new Set(lines.filter((line) => line.startsWith(kind)).map((line) => Number(line.split(' ')[1])));
}

test('receive buffers of adverts and of netlink are as large as asked for [keepalived: vrrp_rx_bufs_policy]', async () => {
  const two = (own: string): string =>
    instance('A', 51, own, 'virtual_ipaddress {\n10.0.0.100/24\n}') +
    instance('B', 52, own, 'virtual_ipaddress {\n10.0.0.101/24\n10.0.0.102/24\n10.0.0.103/24\n}');
  const globals = (...lines: readonly string[]): string => `global_defs {\n${lines.join('\n')}\n}\n`;
  // The kernel doubles what it is asked for, and gives 2,304 at least.
  const cases: readonly (readonly [string, number])[] = [
    [globals('vrrp_rx_bufs_policy MTU') + two(''), 2 * 2 * 3 * 1500],
    [globals('vrrp_rx_bufs_policy MTU', 'vrrp_rx_bufs_multiplier 5') + two(''), 2 * 2 * 5 * 1500],
    [globals('vrrp_rx_bufs_policy ADVERT', 'vrrp_rx_bufs_multiplier 50') + two(''), 2 * 50 * (40 + 48)],
    [globals('vrrp_rx_bufs_policy 9000', 'vrrp_rx_bufs_multiplier 5') + two(''), 2 * 2 * 9000],
    [globals('vrrp_rx_bufs_policy 9000') + two('kernel_rx_buf_size 20000'), 2 * 2 * 20000],
  ];
  const netlink = globals(
    'vrrp_netlink_monitor_rcv_bufs 300000',
    'vrrp_netlink_monitor_rcv_bufs_force true',
    'vrrp_netlink_cmd_rcv_bufs 20000',
  );
  const seen = async (start: (typeof programs)[number]): Promise<void> => {
    const { lab, node } = await lan('buffers');
    await using _lab = lab;
    const daemon = await start(node, netlink + two(''));
    await daemon.waitForLine(/\(B\) Entering BACKUP STATE/);
    const sizes = await bufferSizes(daemon, 'netlink');
    assert.ok(sizes.has(600000) && sizes.has(40000), `${start.name}: ${[...sizes].join(' ')}`);
    for (const [text, size] of cases) {
      const from = daemon.program.lines.length;
      daemon.reload(text);
      await daemon.waitForLine(/Reload complete|Reload finished/, { from });
      const raw = await bufferSizes(daemon, 'raw');
      assert.ok(raw.has(size), `${start.name}: ${[...raw].join(' ')}\n${text}`);
    }
    await daemon.stop();
  };
  await Promise.all(programs.map(seen));
});
