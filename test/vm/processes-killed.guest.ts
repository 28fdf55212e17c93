/**
 * kill -9 of the checkers process beside a VRRP process, and then of the supervisor: the address and the table do not notice the former, and
 * nothing is left of either after the latter. (The hundred deaths of test/netns/daemon/killed.test.ts are of the other two processes: a
 * checkers process needs IPVS. Here a hundred of its own are too long for each run of the tests: twenty took three minutes in an
 * emulated machine whose processors had other things to do.)
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
/** Of a hundred, `KA_CHECKERS_DEATHS=100` in the environment makes the whole. */
const deaths = Number(process.env['KA_CHECKERS_DEATHS'] ?? 3);
/** Beyond so many in a row a process is started again with delays of seconds: then the supervisor is killed and the daemon started anew. */
const inRow = 5;
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
/** The checkers process that was started last; 0: none yet. */
function checkersPid(): number {
  const started = [...daemon.log.matchAll(/Starting Healthcheck child process, pid=(\d+)/g)];
  return Number(started.at(-1)?.[1] ?? 0);
}

async function start(): Promise<void> {
  daemon.start(configuration);
  await eventually(isThere, 'true', limitMs, daemon);
  await eventually(() => savedTable(netns), table, limitMs, daemon);
}

/** Kills the checkers process so many times. @returns the one that runs then */
async function killCheckers(times: number, told: number): Promise<number> {
  const from = daemon.log.length;
  const heard = news.length;
  for (let death = 1; death <= times; death++) {
    const pid = checkersPid();
    // A random moment is not an event: this is what the test is about. Some are before the process has done anything.
    await wait(random() * 2000);
    process.kill(pid, 'SIGKILL');
    await daemon.says('Healthcheck child process(', limitMs, told + death);
    assert.equal(savedTable(netns), table, daemon.log);
    await eventually(() => String(checkersPid() !== pid), 'true', limitMs, daemon);
  }
  assert.doesNotMatch(daemon.log.slice(from), /Entering \w+ STATE/);
  assert.doesNotMatch(news.slice(heard), /Deleted.*10\.8\.0\.1\/24/);
  return checkersPid();
}

const random = randomNumbers(20_262);

test('the checkers process killed at random moments changes neither address nor table; with the supervisor both go', async (t) => {
  ip('-n', netns, 'link', 'add', 'wire', 'type', 'dummy');
  ip('-n', netns, 'addr', 'add', '192.168.7.1/24', 'dev', 'wire');
  ip('-n', netns, 'link', 'set', 'wire', 'multicast', 'on', 'up');
  const began = performance.now();
  for (let died = 0; died < deaths;) {
    await start();
    const row = Math.min(inRow, deaths - died);
    const checkers = await killCheckers(row, died);
    died += row;
    const vrrp = Number(readFileSync(join(daemon.work, 'pid-r'), 'utf8'));
    process.kill(Number(readFileSync(join(daemon.work, 'pid-p'), 'utf8')), 'SIGKILL');
    await eventually(isThere, 'false', limitMs, daemon);
    await eventually(() => savedTable(netns), '', limitMs, daemon);
    const isGone = (): string => String([vrrp, checkers].every((pid) => !existsSync(`/proc/${pid}`)));
    await eventually(isGone, 'true', limitMs, daemon);
    t.diagnostic(`${died} deaths in ${((performance.now() - began) / 1000).toFixed(0)} s`);
  }
});
