/** ka-node beside Debian's keepalived on one segment, both ways round: neither notices that the other is another program. */
import assert from 'node:assert/strict';
import test from 'node:test';

import { Capture } from '../support/capture.js';
import { startKaNode, startKeepalived, type Daemon } from '../support/daemons.js';
import { onlyOn } from '../support/examples.js';
import { NetLab, type LabHost } from '../support/net-lab.js';
import { configuration, shapes, type Shape } from '../support/scenarios.js';

type Start = (host: LabHost, text: string) => Promise<Daemon>;

const programs: readonly { readonly name: string; readonly start: Start }[] = [
  { name: 'ka-node', start: startKaNode },
  { name: 'keepalived', start: startKeepalived },
];

/** Lines of either program that say that a packet of the other one was not right. */
const complaints =
  /mismatch|invalid|not in range|wrong version|expected|dropped advert|checksum|unicast source|not present in|not leaving/i;

/** The file itself is complained of by neither; what stands before the start of the state machine is about the file. */
function complaintsOf({ program }: Daemon): readonly string[] {
  return program.lines.map(({ text }) => text).filter((text) => complaints.test(text));
}

async function failover(shape: Shape, better: Start, worse: Start): Promise<void> {
  await using lab = await NetLab.create('iop');
  const lan = await lab.switch('lan');
  const one = await lab.host('one', [{ switch: lan, addresses: ['10.0.0.18/16', 'fd00::18/64'] }]);
  const two = await lab.host('two', [{ switch: lan, addresses: ['10.0.0.28/16', 'fd00::28/64'] }]);
  const vip = shape.address.split('/')[0] ?? '';
  const first = (): Promise<Daemon> => better(one, configuration(shape, 150, '10.0.0.18', ['10.0.0.28']));
  await using capture = await Capture.start(two, 'proto 112 or ip6 proto 112');
  const backup = await worse(two, configuration(shape, 100, '10.0.0.28', ['10.0.0.18']));
  const master = await first();
  await onlyOn(vip, one, two);
  await capture.waitForLine(shape.advert(150));

  await master.stop();
  await onlyOn(vip, two, one);
  await capture.waitForLine(shape.advert(0));
  await capture.waitForLine(shape.advert(100), { from: 0 });

  const second = await first();
  await onlyOn(vip, one, two);
  await second.crash();
  await two.waitForAddress(vip);
  const third = await first();
  await onlyOn(vip, one, two);
  await backup.stop();
  await third.stop();
  for (const daemon of [master, second, third, backup]) assert.deepEqual(complaintsOf(daemon), []);
}

for (const shape of shapes) {
  for (const [better, worse] of [programs, [...programs].reverse()]) {
    if (better === undefined || worse === undefined) continue;
    test(`${shape.name}: ${better.name} as master with ${worse.name} as backup: stop, kill -9 and return`, () =>
      failover(shape, better.start, worse.start));
  }
}

test('three nodes of both kinds: the best that is left is master, one at a time', async () => {
  const shape = shapes[2];
  assert.ok(shape !== undefined);
  await using lab = await NetLab.create('iop3');
  const lan = await lab.switch('lan');
  const hosts: LabHost[] = [];
  const daemons: Daemon[] = [];
  for (const [index, start] of [startKaNode, startKeepalived, startKaNode].entries()) {
    const own = `10.0.0.${11 + index}`;
    const host = await lab.host(`n${index}`, [{ switch: lan, addresses: [`${own}/16`] }]);
    hosts.push(host);
    daemons.push(await start(host, configuration(shape, 200 - 10 * index, own, [])));
  }
  const [a, b, c] = hosts;
  const [first, second, third] = daemons;
  assert.ok(a !== undefined && b !== undefined && c !== undefined);
  assert.ok(first !== undefined && second !== undefined && third !== undefined);
  await onlyOn('10.0.0.100', a, b);
  assert.equal(await c.hasAddress('10.0.0.100'), false);
  await first.stop();
  await onlyOn('10.0.0.100', b, c);
  await second.crash();
  await c.waitForAddress('10.0.0.100');
  await third.stop();
  for (const daemon of daemons) assert.deepEqual(complaintsOf(daemon), []);
});
