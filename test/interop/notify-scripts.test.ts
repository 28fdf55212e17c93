/** The same scenario on Debian's keepalived and on ka-node: the same scripts are run with the same arguments, and the pipes say the same. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { projectRoot, startKaNode, startKeepalived } from '../support/daemons.js';
import { NetLab, type LabHost } from '../support/net-lab.js';
import { hasProgram, type Program } from '../support/program.js';

const skip = hasProgram('keepalived') ? false : 'keepalived is not installed';

const states = ['master', 'backup', 'fault', 'stop'] as const;

function instance(script: string, name: string, vrid: number, more = ''): string {
  const notifies = states.map((state) => `notify_${state} "${script} ${state} ${name}"`);
  return `
vrrp_instance ${name} {
  interface eth0
  virtual_router_id ${vrid}
  version 3
  advert_int 0.2
  ${notifies.join('\n  ')}
  notify "${script} any 'two  words' \\"and more\\" ${name}"
  ${more}
  virtual_ipaddress { 10.0.0.${vrid}/24 }
}
`;
}

function configuration(host: LabHost, script: string, leaves: readonly string[]): string {
  return `global_defs {
  enable_script_security
  script_user root
  notify_fifo ${host.path('all')}
  notify_fifo_script "${script} reader 'of all'"
  vrrp_notify_fifo ${host.path('vrrp')}
  vrrp_notify_fifo_script "${script} reader of-vrrp"
}
track_file flag {
  file ${host.path('flag')}
  weight 1
}
vrrp_sync_group G1 {
  group { VI_1 }
  ${states.map((state) => `notify_${state} "${script} ${state} G1"`).join('\n  ')}
  notify "${script} group"
  sync_group_tracking_weight
  notify_priority_changes
}
${instance(script, 'VI_1', 51, 'track_file { flag }')}
${instance(script, 'VI_2', 52, `notify_master_rx_lower_pri "${script} lower"\n  track_file { flag }`)}
${leaves.join('\n')}`;
}

interface Told {
  /** Scripts with their arguments, sorted. */
  readonly scripts: readonly string[];
  /** Lines of each pipe by name of the instance or group. */
  readonly lines: readonly Readonly<Record<string, readonly string[]>>[];
}

async function scenario(start: typeof startKaNode): Promise<Told> {
  await using lab = await NetLab.create('said');
  const wire = await lab.switch('s');
  const host = await lab.host('a', [{ switch: wire, addresses: ['10.0.0.1/24'] }]);
  const other = await lab.host('b', [{ switch: wire, addresses: ['10.0.0.2/24'] }]);
  const file = host.path('ran');
  const script = host.write(
    'script.sh',
    `#!/bin/sh\nline="$#"; for each; do line="$line [$each]"; done; echo "$line" >> ${file}\n`,
    0o755,
  );
  host.write('flag', '0');
  await host.runOk(['mkfifo', '-m', '600', host.path('all'), host.path('vrrp')]);
  // They are there before the daemon, and held open: nothing is missed.
  const readers = await Promise.all(
    ['all', 'vrrp'].map((name) => host.start(['sh', '-c', `exec cat <>${host.path(name)}`])),
  );
  const seen = async (line: string, count = 1): Promise<void> => {
    for (const reader of readers)
      await reader.waitForLines(line, (lines) => lines.filter(({ text }) => text === line).length >= count);
  };
  const hasRun = async (...ends: readonly string[]): Promise<void> => {
    for (const end of ends)
      await host.waitFor(end, () => Promise.resolve(ran(file, host).some((line) => line.endsWith(end))));
  };
  const leaves = [
    instance(script, 'VI_3', 53, `notify_deleted "${script} deleted"`),
    instance(script, 'VI_4', 54),
    instance(script, 'VI_5', 55, 'notify_deleted'),
  ];
  const daemon = await start(host, configuration(host, script, leaves));
  for (const vrid of [1, 2, 3, 4, 5]) await seen(`INSTANCE "VI_${vrid}" MASTER 100`);
  await other.runOk([
    'python3',
    join(projectRoot, 'test/support/advert.py'),
    '10.0.0.2',
    '52',
    '50',
    '10.0.0.52',
    '3',
  ]);
  await seen('INSTANCE "VI_2" MASTER_RX_LOWER_PRI 100', 3);
  host.write('flag', '7');
  await seen('INSTANCE "VI_1" MASTER_PRIORITY 107');
  await daemon.waitForLine(/\(VI_2\) Changing effective priority from 100 to 107/);
  await host.unplug();
  await seen('INSTANCE "VI_1" FAULT 107');
  await seen('GROUP "G1" FAULT 0');
  await host.plug();
  await seen('INSTANCE "VI_1" MASTER 107');
  for (const vrid of [3, 4, 5]) await seen(`INSTANCE "VI_${vrid}" MASTER 100`, 2);
  daemon.reload(configuration(host, script, []));
  await hasRun('1 [deleted]', '[VI_4] [FAULT] [100]', '[VI_5] [DELETED] [100]');
  await daemon.stop();
  await hasRun('[GROUP] [G1] [STOP] [0]', '[VI_1] [STOP] [107]', '[VI_2] [STOP] [107]', '2 [stop] [VI_2]');
  await seen('INSTANCE "VI_2" STOP 107');
  const lines = readers.map(byName);
  return { scripts: ran(file, host), lines };
}

/** Folders of the lab have other names in each run. */
function ran(file: string, host: LabHost): string[] {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.replaceAll(host.path(''), ''))
    .sort();
}

function byName(reader: Program): Record<string, string[]> {
  const groups: Record<string, string[]> = {};
  for (const { text } of reader.lines) (groups[/"(.*)"/.exec(text)?.[1] ?? ''] ??= []).push(text);
  return groups;
}

test('scripts are run with the arguments that keepalived gives them', { skip }, async () => {
  const theirs = await scenario(startKeepalived);
  const ours = await scenario(startKaNode);
  // At a reload keepalived starts readers again, and counts track files anew; here both go on.
  const once = ({ scripts, lines }: Told): Told => ({
    scripts: scripts.filter((each, index) => !each.includes('[reader]') || each !== scripts[index - 1]),
    lines: lines.map((pipe) =>
      Object.fromEntries(
        Object.entries(pipe).map(([name, all]) => [
          name,
          all.filter((line) => !line.includes('BACKUP_PRIORITY')),
        ]),
      ),
    ),
  });
  assert.deepEqual(once(ours), once(theirs));
  assert.ok(ours.scripts.includes('8 [any] [two  words] [and more] [VI_2] [INSTANCE] [VI_2] [FAULT] [107]'));
});
