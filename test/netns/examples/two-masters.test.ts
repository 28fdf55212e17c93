import assert from 'node:assert/strict';
import test from 'node:test';

import { startKaNode, type Daemon } from '../../support/daemons.js';
import { exampleLab, exampleText, replaced } from '../../support/examples.js';
import type { LabHost } from '../../support/net-lab.js';

const web1 = [0, 1, 2, 3, 4, 5].map((number) => `10.0.0.${100 + number}`);
const web2 = [6, 7, 8, 9, 10].map((number) => `10.0.0.${100 + number}`);

/** As written: the configuration below /etc of that host. */
function start(host: LabHost, node: 'ka1' | 'ka2'): Promise<Daemon> {
  for (const file of ['web1.conf', 'web2.conf']) {
    host.writeEtc(`keepalived/conf.d/${file}`, exampleText(`05-two-masters/${node}/conf.d/${file}`));
  }
  return startKaNode(host, exampleText(`05-two-masters/${node}/keepalived.conf`));
}

async function virtual(host: LabHost): Promise<readonly string[]> {
  return (await host.addresses('eth0'))
    .filter(({ address }) => /^10\.0\.0\.1\d\d$/.test(address))
    .map(({ address, label }) => `${address} ${label}`)
    .sort();
}

function labelled(addresses: readonly string[]): readonly string[] {
  return addresses.map((address) => `${address} eth0:${Number(address.slice(-3)) - 100}`).sort();
}

async function carries(host: LabHost, addresses: readonly string[]): Promise<void> {
  const wanted = labelled(addresses).join();
  await host.waitFor(`${addresses.length} addresses`, async () => (await virtual(host)).join() === wanted);
}

test('two masters: each node carries its half, the survivor all eleven, and the half returns', async () => {
  await using lab = await exampleLab('ex5');
  const { ka1, ka2, client } = lab;
  const first = await start(ka1, 'ka1');
  await start(ka2, 'ka2');
  await carries(ka1, web1);
  await carries(ka2, web2);
  await first.crash();
  await carries(ka2, [...web1, ...web2]);
  await start(ka1, 'ka1');
  await carries(ka1, web1);
  await carries(ka2, web2);
  assert.equal(await client.ping('10.0.0.103'), true);
  assert.equal(await client.ping('10.0.0.110'), true);
});

test('include takes paths relative to the file that includes', async () => {
  await using lab = await exampleLab('ex5r');
  const { ka1 } = lab;
  for (const file of ['web1.conf', 'web2.conf']) {
    ka1.write(`conf.d/${file}`, exampleText(`05-two-masters/ka1/conf.d/${file}`));
  }
  const main = exampleText('05-two-masters/ka1/keepalived.conf');
  await startKaNode(ka1, replaced(main, '/etc/keepalived/conf.d/', 'conf.d/'));
  await carries(ka1, [...web1, ...web2]);
});
