/**
 * kill -9 of the checkers process beside a VRRP process, and then of the supervisor: the address and the table do not notice the former, and
 * nothing is left of either after the latter. (The hundred deaths of test/netns/daemon/killed.test.ts are of the other two processes: a
 * checkers process needs IPVS; beyond three deaths it is started again with growing delays, and a daemon started anew for every three of a
 * hundred deaths would cost an emulated machine some ten minutes when it has a processor to itself, and half an hour when it has not.)
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { randomNumbers } from '../support/killing.js';
import { DaemonProgram, eventually } from './daemon-program.js';
import { end, freshNamespace, ip, savedTable, startIn } from './namespaces.js';

const netns = 'kaP-lvs';
const limitMs = 240_000;
/** As many as are started again at once. */
const deaths = 3;
freshNamespace(netns, ['10.9.0.1/32']);
const daemon = new DaemonProgram(netns, 'ka-node');
let news = '';
const monitor = startIn(netns, ['ip', 'monitor', 'address'], (text) => (news += text));
after(async () => {
  await daemon.stop('SIGKILL');
  await end(monitor, 'SIGKILL');
  ip('netns', 'del', netns);
});

const configuration =
  'vrrp_instance ONE {\ninterface wire\nvirtual_router_id 51\nversion 3\nadvert_int 0.2\nvirtual_ipaddress {\n10.8.0.1/24\n}\n}\n' +
  'virtual_server 10.8.0.1 80 {\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\nreal_server 10.9.0.1 8080 {\n}\n}\n';
const table = ['-A -t 10.8.0.1:80 -s rr', '-a -t 10.8.0.1:80 -r 10.9.0.1:8080 -m -w 1'].join('\n');
const isThere = (): string =>
  String(ip('-n', netns, '-br', 'addr', 'show', 'dev', 'wire').includes('10.8.0.1/24'));
/** 0: there is none. */
function pidOf(what: 'p' | 'r' | 'c'): number {
  const file = join(daemon.work, `pid-${what}`);
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
}

/** Signal 9 to number 0 would be for the process group, that of the test. */
async function kill(what: 'p' | 'c'): Promise<number> {
  await eventually(() => String(pidOf(what) > 0), 'true', limitMs, daemon);
  const pid = pidOf(what);
  process.kill(pid, 'SIGKILL');
  return pid;
}

test('the checkers process killed at random moments changes neither address nor table; with the supervisor both go', async () => {
  ip('-n', netns, 'link', 'add', 'wire', 'type', 'dummy');
  ip('-n', netns, 'addr', 'add', '192.168.7.1/24', 'dev', 'wire');
  ip('-n', netns, 'link', 'set', 'wire', 'multicast', 'on', 'up');
  daemon.start(configuration);
  await eventually(isThere, 'true', limitMs, daemon);
  await eventually(() => savedTable(netns), table, limitMs, daemon);
  const random = randomNumbers(20_262);
  const from = daemon.log.length;
  for (let death = 1; death <= deaths; death++) {
    // A random moment is not an event: this is what the test is about.
    await wait(random() * 400);
    const pid = await kill('c');
    await daemon.says('Healthcheck child process(', limitMs, death);
    assert.equal(savedTable(netns), table, daemon.log);
    await eventually(() => String(![0, pid].includes(pidOf('c'))), 'true', limitMs, daemon);
  }
  assert.doesNotMatch(daemon.log.slice(from), /Entering \w+ STATE/);
  assert.doesNotMatch(news, /Deleted.*10\.8\.0\.1\/24/);

  const [vrrp, checkers] = [pidOf('r'), pidOf('c')];
  assert.ok(vrrp > 0 && checkers > 0);
  await kill('p');
  await eventually(isThere, 'false', limitMs, daemon);
  await eventually(() => savedTable(netns), '', limitMs, daemon);
  const isGone = (): string => String([vrrp, checkers].every((pid) => !existsSync(`/proc/${pid}`)));
  await eventually(isGone, 'true', limitMs, daemon);
});
