/** Keywords of the configuration whose effect shows on the wire or in the log, beside keepalived where it has them. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync, watch } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'node:test';

import { Capture } from '../support/capture.js';
import { startKaNode, startKeepalived } from '../support/daemons.js';
import { NetLab, type LabHost } from '../support/net-lab.js';

async function pair(name: string): Promise<{ lab: NetLab; a: LabHost; b: LabHost }> {
  const lab = await NetLab.create(name);
  const lan = await lab.switch('lan');
  const a = await lab.host('a', [{ switch: lan, addresses: ['10.0.0.18/16'] }]);
  const b = await lab.host('b', [{ switch: lan, addresses: ['10.0.0.28/16'] }]);
  return { lab, a, b };
}

function instance(vrid: number, lines: readonly string[] = []): string {
  return [
    `vrrp_instance VI_${vrid} {`,
    'interface eth0',
    `virtual_router_id ${vrid}`,
    'priority 100',
    'version 3',
    'advert_int 0.2',
    ...lines,
    `virtual_ipaddress {\n10.0.1.${vrid}/16\n}`,
    '}',
    '',
  ].join('\n');
}

test('old_unicast_checksum: the first advert has the checksum that keepalived sends [keepalived: old_unicast_checksum]', async () => {
  const { lab, a, b } = await pair('oldsum');
  await using _lab = lab;
  const text = instance(5, [
    'unicast_src_ip 10.0.0.18',
    'unicast_peer {\n10.0.0.28\n}',
    'old_unicast_checksum',
  ]);
  const checksums: (string | undefined)[] = [];
  for (const start of [startKaNode, startKeepalived]) {
    await using seen = await Capture.start(b, 'proto 112');
    const daemon = await start(a, text);
    await seen.waitForLine(/10\.0\.0\.18 > 10\.0\.0\.28/);
    await daemon.stop();
    await seen.stop();
    checksums.push((await seen.packets(['vrrp.checksum'], 'vrrp'))[0]?.['vrrp.checksum']);
  }
  assert.match(checksums[0] ?? '', /^0x[0-9a-f]{4}$/);
  assert.equal(checksums[0], checksums[1]);
});

test('old_unicast_checksum never: a peer that sends the old form is not heard', async () => {
  const { lab, a, b } = await pair('oldsum');
  await using _lab = lab;
  const lines = (own: string, peer: string, word: string) => [
    `unicast_src_ip ${own}`,
    `unicast_peer {\n${peer}\n}`,
    `old_unicast_checksum ${word}`,
  ];
  await startKeepalived(b, instance(5, ['state MASTER', ...lines('10.0.0.28', '10.0.0.18', '')]));
  const node = await startKaNode(a, instance(5, lines('10.0.0.18', '10.0.0.28', 'never')));
  await node.waitForLine(/dropped advert from 10\.0\.0\.28: Invalid VRRP checksum/);
});

test('unicast_fault_no_peer: without peers the instance stays in FAULT, until a reload names one', async () => {
  const { lab, a } = await pair('nopeer');
  await using _lab = lab;
  const lines = ['unicast_src_ip 10.0.0.18', 'unicast_fault_no_peer'];
  const node = await startKaNode(a, instance(5, lines));
  await node.waitForLine(/\(VI_5\) entering FAULT state \(due to unicast without any peers\)/);
  await node.waitForLine(/\(VI_5\) Entering FAULT STATE/);
  node.reload(instance(5, [...lines, 'unicast_peer {\n10.0.0.28\n}']));
  await a.waitForAddress('10.0.1.5');
});

test('log_unknown_vrids: adverts of routers that are not configured are told of, as a reload wants', async () => {
  const { lab, a, b } = await pair('vrids');
  await using _lab = lab;
  await startKeepalived(b, instance(7));
  const node = await startKaNode(a, `global_defs {\nlog_unknown_vrids\n}\n${instance(5)}`);
  await node.waitForLine(/Unknown VRID\(7\) received on interface\(eth0\)\. ignoring\.\.\./);
  node.reload(instance(5));
  await node.waitForLine(/Reload complete/);
  const from = node.program.lines.length;
  node.reload(`global_defs {\nlog_unknown_vrids\n}\n${instance(5)}`);
  await node.waitForLine(/Unknown VRID\(7\)/, { from });
  const since = node.program.lines.slice(from).map(({ text }) => text);
  const first = (part: string): number => since.findIndex((text) => text.includes(part));
  assert.ok(first('Reloading') < first('Unknown VRID'), since.join('\n'));
});

test('reload_time_file: the file that comes brings a reload at its time; reload_file is there while it reads', async () => {
  const { lab, a } = await pair('reloads');
  await using _lab = lab;
  const [when, reading] = [a.path('when'), a.write('reading', 'somebody writes\n')];
  const text = (vrid: number): string =>
    `global_defs {\nreload_time_file ${when}\nreload_file ${reading}\n}\n${instance(vrid)}`;
  const node = await startKaNode(a, text(5));
  await node.waitForLine(/Startup complete/);
  assert.ok(!existsSync(reading), 'the first reading ends with it, too');
  a.write(node.configuration, text(6));
  const watched = watch(dirname(reading));
  const seen: string[] = [];
  watched.on('change', (_event, name) => void seen.push(String(name)));
  // Keepalived's format, in UTC; a machine that stood still meanwhile gets another chance.
  for (let from = node.program.lines.length, isOver = true; isOver; from = node.program.lines.length) {
    const soon = new Date(Date.now() + 2500).toISOString().slice(0, 19).replace('T', ' ');
    a.write('when', `${soon}Z\n`);
    const told = await node.waitForLine(/Scheduling reload for |is over - ignoring/, { from });
    isOver = told.text.includes('is over');
  }
  await node.waitForLine(/Reload complete/);
  await a.waitForAddress('10.0.1.6');
  watched.close();
  assert.ok(!existsSync(when), 'the time is over');
  assert.ok(!existsSync(reading), 'reading is over');
  assert.ok(seen.includes('reading'), seen.join(' '));
});

test('disable_local_igmp, and dumps where the configuration wants them', async () => {
  const { lab, a } = await pair('globals');
  await using _lab = lab;
  const igmp = async (): Promise<string> =>
    (await a.runOk(['sysctl', '-n', 'net.ipv4.igmp_link_local_mcast_reports'])).trim();
  assert.equal(await igmp(), '1');
  const [state, stats, json] = ['state.txt', 'stats.txt', 'state.json'].map((name) => a.path(name));
  const node = await startKaNode(
    a,
    `global_defs {\ndisable_local_igmp\nstate_dump_file ${state}\nstats_dump_file ${stats}\njson_dump_file ${json}\n}\n${instance(5)}`,
  );
  await node.waitForLine(/Startup complete/);
  assert.equal(await igmp(), '0');
  for (const [signal, file, text] of [
    ['SIGUSR1', state, /VRRP Instance = VI_5/],
    ['SIGUSR2', stats, /VRRP Instance: VI_5/],
    [36, json, /"iname": ?"VI_5"/],
  ] as const) {
    if (typeof signal === 'number') process.kill(node.program.pid, signal);
    else node.program.signal(signal);
    await waitForFile(file ?? '', text);
  }
  await node.stop();
  assert.equal(await igmp(), '1', 'as it was found');

  // Killed as a whole it puts nothing back: the next daemon does, whatever it is asked for.
  const silent = `global_defs {\ndisable_local_igmp\n}\n${instance(5)}`;
  for (const next of [silent, instance(5)]) {
    const killed = await startKaNode(a, silent);
    await killed.waitForLine(/Startup complete/);
    await killed.crash();
    assert.equal(await igmp(), '0');
    const other = await startKaNode(a, next);
    await other.waitForLine(/Startup complete/);
    assert.equal(await igmp(), next === silent ? '0' : '1');
    await other.stop();
    assert.equal(await igmp(), '1', 'as it was found');
  }
});

test('fifo_write_vrrp_states_on_reload: a reload writes every state again, and only with it', async () => {
  const { lab, a } = await pair('fifoload');
  await using _lab = lab;
  const pipe = `${dirname(a.write('pipes', ''))}/pipe`;
  await a.runOk(['mkfifo', '-m', '600', pipe]);
  await using reader = await a.start(['cat', pipe]);
  const text = (more: string, priority: number): string =>
    `global_defs {\nvrrp_notify_fifo ${pipe}\n${more}\n}\n${instance(5).replace('priority 100', `priority ${priority}`)}`;
  const node = await startKaNode(a, text('', 100));
  await reader.waitForLine(/^INSTANCE "VI_5" MASTER 100/);
  const reload = async (more: string, priority: number): Promise<void> => {
    const from = node.program.lines.length;
    node.reload(text(more, priority));
    await node.waitForLine(/Reload complete/, { from });
  };
  await reload('', 101);
  await reload('fifo_write_vrrp_states_on_reload', 102);
  await reader.waitForLine(/^INSTANCE "VI_5" MASTER 102/);
  const masters = reader.lines.map((line) => line.text).filter((line) => line.includes('MASTER'));
  assert.deepEqual(masters, ['INSTANCE "VI_5" MASTER 100', 'INSTANCE "VI_5" MASTER 102']);
});

test('data_use_instance names the files of a signal after the instance, json_version 2 wraps them', async () => {
  const { lab, a } = await pair('datause');
  await using _lab = lab;
  const node = await startKaNode(
    a,
    `instance one\nglobal_defs {\ndata_use_instance\njson_version 2\njson_dump_file ${a.path('j.json')}\n}\n${instance(5)}`,
    [],
    { env: { TMPDIR: a.path('') } },
  );
  await node.waitForLine(/Startup complete/);
  node.program.signal('SIGUSR1');
  await waitForFile(a.path('keepalived.one.data'), /VRRP Instance = VI_5/);
  assert.equal(existsSync(a.path('keepalived.data')), false);
  process.kill(node.program.pid, 36);
  await waitForFile(a.path('j.json'), /^\{"vrrp":\[\{"data":\{"iname":"VI_5"/);
});

async function waitForFile(file: string, text: RegExp): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!existsSync(file)) {
    assert.ok(performance.now() < deadline, `${file} does not come`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  // It is renamed to its name when it is whole.
  assert.match(readFileSync(file, 'utf8'), text);
}

test('config_save_dir keeps what was read, and the data before and after a reload, under the names of keepalived [keepalived: config_save_dir]', async () => {
  const { lab, a } = await pair('saved');
  await using _lab = lab;
  const kept: string[][] = [];
  const included = a.write('part.conf', instance(7));
  for (const [index, start] of [startKaNode, startKeepalived].entries()) {
    const folder = a.path(`saved${index}`);
    const text = (id: number): string =>
      `global_defs {\n  config_save_dir ${folder}\n}\ninclude ${included}\n${instance(id)}`;
    const daemon = await start(a, text(5));
    await daemon.waitForLine(/\(VI_5\) Entering MASTER STATE/);
    daemon.reload(text(6));
    await daemon.waitForLine(/\(VI_6\) Entering MASTER STATE/);
    // The last that a reload writes.
    await a.waitFor('the last file', () =>
      Promise.resolve(readdirSync(folder).some((each) => each.endsWith('.1.post'))),
    );
    const child = readFileSync(a.path(daemon.configuration.replace('.conf', '-vrrp.pid')), 'utf8').trim();
    const plain = (name: string): string =>
      name.replace(`.${daemon.program.pid}.`, '.DAEMON.').replace(`.${child}.`, '.CHILD.');
    const names = readdirSync(folder).toSorted();
    kept.push(names.map(plain).toSorted());
    for (const name of names) assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600);
    const read = (name: string): string =>
      readFileSync(join(folder, names.find((each) => plain(each) === name) ?? ''), 'utf8');
    assert.match(read('keepalived.conf.DAEMON.0'), new RegExp(`# ${included}\\n[^]*vrrp_instance VI_7 \\{`));
    assert.match(read('keepalived.conf.DAEMON.1'), /vrrp_instance VI_6 \{/);
    assert.match(read('keepalived_vrrp.CHILD.1.pre'), /VRRP Instance = VI_5\n/);
    assert.match(read('keepalived_vrrp.CHILD.1.post'), /VRRP Instance = VI_6\n/);
    if (start === startKaNode) {
      // keepalived runs on it with other numbers, and keeps it as well.
      daemon.reload(text(600));
      await daemon.waitForLine(/New config failed validation/);
      const refused = readFileSync(join(folder, `keepalived.conf.${daemon.program.pid}.2`), 'utf8');
      assert.match(refused, /virtual_router_id 600\n/);
    }
    await daemon.stop();
  }
  assert.deepEqual(kept[0], kept[1]);
});
