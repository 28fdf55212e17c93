/** no_accept beside keepalived: the same configuration on two hosts, and what nftables hold in each from start to stop. */
import assert from 'node:assert/strict';
import test from 'node:test';

import { startKaNode, startKeepalived } from '../support/daemons.js';
import { NetLab, type LabHost } from '../support/net-lab.js';
import { comparableRuleset } from '../support/nft-ruleset.js';

const globals = ['vrrp_version 3'];

function instance(
  name: string,
  vrid: number,
  lines: readonly string[],
  addresses: readonly string[],
): string {
  return [
    `vrrp_instance ${name} {`,
    ...['interface eth0', `virtual_router_id ${vrid}`, 'advert_int 0.2', ...lines],
    ...(lines.some((line) => line.startsWith('priority')) ? [] : ['priority 100']),
    `virtual_ipaddress {\n${addresses.join('\n')}\n}`,
    '}\n',
  ].join('\n');
}

/** Instances with and without it, both families, and an owner of its address. */
function text(more: readonly string[] = [], isAccepted = 'no_accept'): string {
  const excluded = 'virtual_ipaddress_excluded {\n10.0.1.13\nfd00::13\n}';
  return [
    `global_defs {\n${[...globals, ...more].join('\n')}\n}`,
    instance('VI_11', 11, [isAccepted, excluded], ['10.0.1.11/16', '10.0.1.12 dev lo']),
    instance('VI_12', 12, ['no_accept'], ['fe80::12', 'fd00::12', 'fe80::112 dev lo']),
    instance('VI_14', 14, [], ['10.0.1.14']),
    instance('VI_15', 15, ['no_accept', 'priority 255', 'state MASTER'], ['10.0.1.15']),
  ].join('\n');
}

async function ruleset(host: LabHost): Promise<readonly string[]> {
  return comparableRuleset(await host.runOk(['nft', '-j', 'list', 'ruleset']));
}

async function hosts(lab: NetLab): Promise<readonly { host: LabHost; peer: LabHost }[]> {
  return Promise.all(
    ['k', 'n'].map(async (name) => {
      const lan = await lab.switch(`lan${name}`);
      const host = await lab.host(name, [{ switch: lan, addresses: ['10.0.0.18/16'] }]);
      const peer = await lab.host(`${name}p`, [{ switch: lan, addresses: ['10.0.0.28/16'] }]);
      return { host, peer };
    }),
  );
}

test('no_accept: the rules are those of keepalived, as MASTER, as BACKUP, after a reload and after the end [keepalived: no_accept]', async () => {
  await using lab = await NetLab.create('noaccept');
  const [theirs, ours] = await hosts(lab);
  assert.ok(theirs !== undefined && ours !== undefined);
  const more = ['nftables vips', 'nftables_priority 7', 'nftables_counters', 'nftables_ifindex'];
  const daemons = [await startKeepalived(theirs.host, text(more)), await startKaNode(ours.host, text(more))];

  /** Waits until it holds for both, then compares. */
  const same = async (what: string, holds: (rules: string) => boolean): Promise<void> => {
    const seen: (readonly string[])[] = [];
    for (const { host } of [theirs, ours]) {
      let last: readonly string[] = [];
      await host.waitFor(`${what} on ${host.name}`, async () => {
        last = await ruleset(host);
        return holds(last.join('\n'));
      });
      seen.push(last);
    }
    assert.deepEqual(seen[1], seen[0], what);
  };

  const all = ['10.0.1.11', '10.0.1.12', '10.0.1.13', 'fd00::12', 'fd00::13', 'fe80::12', 'fe80::112'];
  await same('rules of a master', (rules) => all.every((each) => rules.includes(`"${each}\\`)));

  // A better master for the first instance alone: its elements go, the rules stay.
  const better = instance('VI_11', 11, ['version 3', 'priority 200'], ['10.0.1.11/16', '10.0.1.12 dev lo']);
  const peers = [await startKeepalived(theirs.peer, better), await startKeepalived(ours.peer, better)];
  await same('rules of a backup', (rules) => !rules.includes('10.0.1.11') && rules.includes('fe80::12'));
  for (const peer of peers) await peer.stop();
  await same('rules of a master again', (rules) => rules.includes('10.0.1.11'));

  for (const daemon of daemons) daemon.reload(text(more, 'accept'));
  await same('rules after a reload', (rules) => !rules.includes('10.0.1.11') && rules.includes('fe80::12'));
  for (const daemon of daemons) await daemon.stop();
  assert.deepEqual(await ruleset(ours.host), []);
});

test('no_accept without nftables in global_defs: table keepalived, priority -1, for strict mode too', async () => {
  await using lab = await NetLab.create('noacceptd');
  const [theirs, ours] = await hosts(lab);
  assert.ok(theirs !== undefined && ours !== undefined);
  const strict = `global_defs {\nvrrp_version 3\nvrrp_strict\n}\n${instance('VI_11', 11, [], ['10.0.1.11/16'])}`;
  const daemons = [await startKeepalived(theirs.host, strict), await startKaNode(ours.host, strict)];
  const seen: (readonly string[])[] = [];
  for (const { host } of [theirs, ours]) {
    await host.waitFor('rules', async () => (await ruleset(host)).join('\n').includes('10.0.1.11'));
    seen.push(await ruleset(host));
  }
  assert.deepEqual(seen[1], seen[0]);
  assert.match(seen[1]?.join('\n') ?? '', /"name":"keepalived"/);
  for (const daemon of daemons) await daemon.stop();
});
