/** Many reloads of many instances: what a change does not name is not touched. */
import assert from 'node:assert/strict';
import test from 'node:test';

import { startKaNode, type Daemon } from '../../support/daemons.js';
import { NetLab } from '../../support/net-lab.js';

interface Wanted {
  readonly name: string;
  readonly vrid: number;
  readonly priority: number;
  readonly intervalS: number;
  readonly address: string;
}

function text(instances: readonly Wanted[]): string {
  return instances
    .map(
      ({ name, vrid, priority, intervalS, address }) => `vrrp_instance ${name} {
  interface eth0
  virtual_router_id ${vrid}
  version 3
  priority ${priority}
  advert_int ${intervalS}
  virtual_ipaddress {
    ${address}/32 dev eth0
  }
}
`,
    )
    .join('');
}

const all: readonly Wanted[] = Array.from({ length: 255 }, (_, index) => ({
  name: `VI_${index + 1}`,
  vrid: index + 1,
  priority: 100,
  intervalS: 0.1,
  address: `10.1.0.${index + 1}`,
}));

const masters = ({ program }: Daemon): number =>
  program.lines.filter(({ text: line }) => line.includes('Entering MASTER STATE')).length;

test('reloads of 255 instances bring about no transition that the change did not ask for', async () => {
  await using lab = await NetLab.create('reloads');
  const lan = await lab.switch('lan');
  const host = await lab.host('a', [{ switch: lan, addresses: ['10.0.0.1/24'] }]);
  await using daemon = await startKaNode(host, text(all));
  await daemon.program.waitForLines('all masters', () => masters(daemon) === all.length, 60_000);
  const from = daemon.program.lines.length;
  let now = [...all];
  const asked: string[] = [];
  for (let round = 0; round < 40; round++) {
    const index = (round * 37) % now.length;
    const one = now[index];
    assert.ok(one !== undefined);
    const at = daemon.program.lines.length;
    const change = round % 4;
    if (change === 0) now[index] = { ...one, priority: 60 + round };
    if (change === 1) now[index] = { ...one, address: `10.2.0.${round + 1}` };
    if (change === 2) now[index] = { ...one, intervalS: 0.2 };
    if (change === 3) {
      now = now.filter((each) => each !== one);
      asked.push(one.name);
    }
    daemon.reload(text(now));
    await daemon.waitForLine(change === 3 ? /: removed VI_\d+$/ : /: changed VI_\d+$/, {
      from: at,
      timeoutMs: 30_000,
    });
    await daemon.waitForLine(/: Reload complete$/, { from: at, timeoutMs: 30_000 });
  }
  const states = daemon.program.lines
    .slice(from)
    .flatMap(({ text: line }) => /\((VI_\d+)\) Entering/.exec(line)?.[1] ?? []);
  assert.deepEqual(
    states.filter((name) => !asked.includes(name)),
    [],
  );
});

test('two instances that exchange their VRIDs exchange their names and stay masters', async () => {
  await using lab = await NetLab.create('swap');
  const lan = await lab.switch('lan');
  const host = await lab.host('a', [{ switch: lan, addresses: ['10.0.0.1/24'] }]);
  const [a, b] = all;
  assert.ok(a !== undefined && b !== undefined);
  await using daemon = await startKaNode(host, text([a, b]));
  await daemon.program.waitForLines('both masters', () => masters(daemon) === 2);
  const from = daemon.program.lines.length;
  daemon.reload(
    text([
      { ...a, vrid: b.vrid },
      { ...b, vrid: a.vrid },
    ]),
  );
  await daemon.waitForLine(/: Reload complete$/, { from });
  const moved = daemon.program.lines.slice(from).filter(({ text: line }) => line.includes('Entering'));
  assert.deepEqual(moved, []);
  await host.waitForAddress(a.address);
  await host.waitForAddress(b.address);
});
