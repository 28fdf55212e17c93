/** What 200 vrrp_scripts a second do to adverts: nothing that the wire could tell. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { getText } from '../../../lib/control/client.js';
import { Capture } from '../../support/capture.js';
import { startKaNode } from '../../support/daemons.js';
import { NetLab } from '../../support/net-lab.js';
import { Stalls } from '../../support/stalls.js';

const scriptCount = 200;

function configuration(scripts: number): string {
  const names = Array.from({ length: scripts }, (_, i) => `S${i}`);
  return `global_defs {
  vrrp_rt_priority 20
  script_user root
  enable_script_security
}
${names.map((name) => `vrrp_script ${name} {\n  script "/bin/true"\n  interval 1\n  timeout 60\n}`).join('\n')}
vrrp_instance VI_1 {
  interface eth0
  virtual_router_id 51
  version 3
  advert_int 0.1
  ${scripts === 0 ? '' : `track_script {\n    ${names.join('\n    ')}\n  }`}
  virtual_ipaddress {
    10.0.0.100/24
  }
}
`;
}

function runsOf(page: string): number {
  return [...page.matchAll(/^ka_node_vrrp_script_duration_seconds_count\{.*\} (\d+)$/gm)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  );
}

test('200 vrrp_scripts a second delay no advert', async () => {
  await using lab = await NetLab.create('many');
  const lan = await lab.switch('lan');
  const host = await lab.host('a', [{ switch: lan, addresses: ['10.0.0.1/24'] }]);
  const other = await lab.host('b', [{ switch: lan, addresses: ['10.0.0.2/24'] }]);
  const socket = host.path('control.sock');
  const page = (): Promise<string> => getText({ path: socket, timeoutMs: 60_000 }, '/metrics');
  const daemon = await startKaNode(host, configuration(0), ['--control-socket', socket]);
  await host.waitForAddress('10.0.0.100');
  await using stalls = await Stalls.start();
  await using capture = await Capture.start(other, 'ip proto 112');

  const from = daemon.program.lines.length;
  daemon.reload(configuration(scriptCount));
  await daemon.waitForLine(/Reload complete/);
  const begun = runsOf(await page());
  await host.waitFor(
    'three runs of each script',
    async () => runsOf(await page()) >= begun + 3 * scriptCount,
    60_000,
  );
  const lines = daemon.program.lines.slice(from).map(({ text }) => text);
  await daemon.stop();
  await capture.stop();
  const stallS = await stalls.end();

  const times = (await capture.packets(['frame.time_epoch', 'vrrp.prio'], 'vrrp.virt_rtr_id == 51'))
    .filter((packet) => packet['vrrp.prio'] !== '0')
    .map((packet) => Number(packet['frame.time_epoch']));
  const gaps = times.slice(1).map((at, i) => at - (times[i] ?? at));
  assert.ok(times.length > 20, `${times.length} adverts`);
  const worstS = Math.max(...gaps);
  assert.ok(
    worstS < 0.15 + stallS,
    `adverts ${worstS} s apart instead of 0.1 s, the machine stood still for ${stallS} s`,
  );
  assert.deepEqual(
    lines.filter((line) => / Entering \w+ STATE/.test(line)),
    [],
  );
});
