/** /metrics of a running daemon: what promtool says of it, and that a thousand instances bear being scraped without a pause. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { get, getText } from '../../../lib/control/client.js';
import { schemas } from '../../../lib/control/schema.js';
import { startKaNode } from '../../support/daemons.js';
import { NetLab } from '../../support/net-lab.js';
import { hasProgram, run } from '../../support/program.js';
import { Stalls } from '../../support/stalls.js';

const perLink = 250;
const links = 4;

/** A thousand virtual routers that advertise once a second each. */
function thousand(): string {
  const blocks = Array.from({ length: perLink * links }, (_, i) => {
    const link = Math.floor(i / perLink);
    const vrid = (i % perLink) + 1;
    return `vrrp_instance V${i} {
  interface eth${link}
  virtual_router_id ${vrid}
  priority 100
  version 3
  advert_int 1
  virtual_ipaddress {
    10.${20 + link}.${Math.floor(vrid / 200)}.${(vrid % 200) + 10}/32
  }
}
`;
  });
  return `global_defs {\n  vrrp_garp_master_repeat 1\n  vrrp_garp_master_delay 0\n}\n${blocks.join('')}`;
}

/** Value of a metric with these labels. */
function value(page: string, series: string): number {
  const line = page.split('\n').find((each) => each.startsWith(`${series} `));
  assert.ok(line !== undefined, series);
  return Number(line.slice(series.length + 1));
}

const sum = (page: string, name: string): number =>
  page
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`))
    .reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);

test('a thousand instances are scraped without a pause: no transition, no advert missing, none seriously late', async (t) => {
  await using lab = await NetLab.create('cmt');
  const lans = await Promise.all(Array.from({ length: links }, (_, i) => lab.switch(`lan${i}`)));
  const host = await lab.host(
    'a',
    lans.map((lan, i) => ({ switch: lan, addresses: [`10.${20 + i}.9.1/16`] })),
  );
  const path = host.path('control.sock');
  const daemon = await startKaNode(host, thousand(), [
    '--control-socket',
    path,
    '--metrics-address',
    '127.0.0.1:9650',
  ]);
  await daemon.waitForLine(/Startup complete/, { timeoutMs: 60_000 });
  const scrape = (): Promise<string> => getText({ path, timeoutMs: 60_000 }, '/metrics');
  await host.waitFor(
    'a thousand masters',
    async () => {
      const page = await scrape();
      return (
        page.split('\n').filter((line) => /^ka_node_vrrp_state\{.*\} 2$/.test(line)).length ===
        perLink * links
      );
    },
    120_000,
  );

  await using stalls = await Stalls.start();
  const before = await scrape();
  const startMs = performance.now();
  let scrapes = 0;
  while (performance.now() - startMs < 5000) {
    await scrape();
    scrapes += 1;
  }
  const after = await scrape();
  const seconds = (performance.now() - startMs) / 1000;
  t.diagnostic(`${scrapes} scrapes of ${after.length} bytes in ${seconds.toFixed(1)} s`);
  assert.ok(scrapes >= 3);
  assert.equal(sum(after, 'ka_node_vrrp_transitions_total'), sum(before, 'ka_node_vrrp_transitions_total'));
  for (let i = 0; i < perLink * links; i++) {
    const series = `ka_node_vrrp_adverts_sent_total{instance="V${i}"}`;
    assert.ok(value(after, series) - value(before, series) >= Math.floor(seconds) - 1, series);
  }
  // Late is an eighth of the interval, or what the machine kept other processes waiting meanwhile, if that is more.
  const owedS = await stalls.end();
  const limitS = [0.131072, 0.262144, 0.524288, 1.048576, 2.097152, 4.194304].find((bound) => bound >= owedS);
  assert.ok(limitS !== undefined, `this machine stood still for ${owedS} s`);
  t.diagnostic(`no wake-up of the engine may be later than ${limitS} s`);
  const late = (page: string): number =>
    value(page, 'ka_node_engine_lateness_seconds_count') -
    value(page, `ka_node_engine_lateness_seconds_bucket{le="${limitS}"}`);
  assert.equal(late(after) - late(before), 0);

  const began = performance.now();
  const status = schemas.Status.parse(await get({ path, timeoutMs: 60_000 }, '/v1/status'));
  t.diagnostic(`status in ${(performance.now() - began).toFixed(0)} ms`);
  assert.equal(status.instances.length, perLink * links);
  const overTcp = await host.runOk([
    process.execPath,
    '-e',
    "fetch('http://127.0.0.1:9650/metrics').then((r) => r.text()).then((t) => process.stdout.write(t))",
  ]);
  assert.match(overTcp, /^ka_node_info\{/m);
});

const hasPromtool = hasProgram('promtool');
test(
  'promtool has nothing to say against the metrics',
  { skip: hasPromtool ? false : 'promtool is missing: apt-get install prometheus' },
  async () => {
    await using lab = await NetLab.create('cpt');
    const lan = await lab.switch('lan');
    const host = await lab.host('a', [{ switch: lan, addresses: ['10.0.0.1/24'] }]);
    const path = host.path('control.sock');
    await startKaNode(
      host,
      `global_defs {
  script_user root
}
vrrp_script chk {
  script "/bin/true"
  interval 1
}
vrrp_instance VI_1 {
  interface eth0
  virtual_router_id 51
  priority 150
  virtual_ipaddress {
    10.0.0.100/24
  }
  track_script {
    chk
  }
}
`,
      ['--control-socket', path],
    );
    await host.waitForAddress('10.0.0.100');
    const page = await getText({ path, timeoutMs: 60_000 }, '/metrics');
    const { code, stdout, stderr } = await run(['promtool', 'check', 'metrics'], { input: page });
    assert.equal(code, 0, stderr);
    assert.equal(stdout + stderr, '');
  },
);
