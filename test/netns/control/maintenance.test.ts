/** status, standby, switchover and resume against running daemons: two of ours, and keepalived as the peer. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import test from 'node:test';
import { z } from 'zod';
import { operations } from '../../../lib/control/api.js';
import { get, getText, post } from '../../../lib/control/client.js';
import { adminPath } from '../../../lib/control/paths.js';
import { schemas, type DaemonStatus, type InstanceStatus } from '../../../lib/control/schema.js';
import { projectRoot, startKaNode, startKeepalived, type Daemon } from '../../support/daemons.js';
import { followEvents, toldEvent } from '../../support/event-reader.js';
import { NetLab, type LabHost } from '../../support/net-lab.js';

const vip = '10.0.0.100';
const limitMs = 30_000;

function configuration(priority: number, more = ''): string {
  return `global_defs {
  script_user root
}
vrrp_script chk {
  script "/bin/echo all\\ is\\ well"
  interval 1
  weight 5
}
vrrp_instance VI_1 {
  interface eth0
  virtual_router_id 51
  priority ${priority}
  version 3
  advert_int 0.3
  virtual_ipaddress {
    ${vip}/24
  }
  track_script {
    chk
  }
  ${more}
}
`;
}

async function twoHosts(name: string): Promise<{ lab: NetLab; a: LabHost; b: LabHost }> {
  const lab = await NetLab.create(name);
  const lan = await lab.switch('lan');
  const a = await lab.host('a', [{ switch: lan, addresses: ['10.0.0.1/24'] }]);
  const b = await lab.host('b', [{ switch: lan, addresses: ['10.0.0.2/24'] }]);
  return { lab, a, b };
}

const socketOf = (host: LabHost): string => host.path('control.sock');

async function start(host: LabHost, text: string): Promise<Daemon> {
  const daemon = await startKaNode(host, text, ['--control-socket', socketOf(host)]);
  await host.waitFor('the control socket', () => Promise.resolve(existsSync(socketOf(host))), limitMs);
  return daemon;
}

/** A command line for the daemon on `host`. */
function kaNode(host: LabHost, command: string, ...rest: readonly string[]): readonly string[] {
  const program = [process.execPath, join(projectRoot, 'bin/ka-node')];
  return [...program, command, '--control-socket', socketOf(host), ...rest];
}

function ka(host: LabHost, command: string, ...rest: readonly string[]) {
  return host.run(kaNode(host, command, ...rest));
}

/** One request and what came back. */
function raw(
  socketPath: string,
  method: string,
  path: string,
  body: string,
): Promise<{ readonly status: number | undefined; readonly age: string | undefined; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, method, path, agent: false }, (response) => {
      const { statusCode: status, headers } = response;
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => (text += part));
      response.on('end', () => resolve({ status, age: headers.age, text }));
      response.on('error', reject);
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

async function status(host: LabHost): Promise<DaemonStatus> {
  return schemas.Status.parse(await get({ path: socketOf(host), timeoutMs: limitMs }, '/v1/status'));
}

async function instance(host: LabHost, name = 'VI_1'): Promise<InstanceStatus> {
  const found = (await status(host)).instances.find((each) => each.name === name);
  assert.ok(found !== undefined);
  return found;
}

test('status tells states, causes, priorities, addresses and trackers, and `unknown` when the daemon is gone', async () => {
  const { lab, a, b } = await twoHosts('cst');
  await using _ = lab;
  const first = await start(a, configuration(150));
  await a.waitForAddress(vip);
  await start(b, configuration(100));
  await b.waitFor('the backup hears its master', async () => (await instance(b)).master === '10.0.0.1');
  await a.waitFor('the script has run', async () => (await instance(a)).priority === 155);

  const master = await instance(a);
  assert.equal(master.state, 'MASTER');
  assert.deepEqual(master.priorityChanges, [{ what: 'script chk', amount: 5 }]);
  assert.deepEqual(master.addresses, [{ address: `${vip}/24`, dev: 'eth0', isPresent: true }]);
  assert.equal(master.trackers[0]?.output, 'all is well');
  const backup = await instance(b);
  assert.equal(backup.state, 'BACKUP');
  assert.equal(backup.masterPriority, 155);
  assert.equal(backup.addresses[0]?.isPresent, false);

  const page = await ka(a, 'status');
  assert.equal(page.code, 0, page.stderr);
  assert.match(page.stdout, /^VI_1 +MASTER +\d+ s +155\/150 +this node +1 of 1 +no master was heard$/m);
  assert.doesNotMatch(page.stdout, /\u001B/);
  // Somebody takes the address away while the daemon cannot look: the page says so with exit status 1.
  await a.ip('link', 'set', 'eth0', 'down');
  await a.waitFor('a fault', async () => (await instance(a)).state === 'FAULT');
  const bad = await ka(a, 'status');
  assert.equal(bad.code, 1);
  assert.match(bad.stdout, /^! VI_1 is in FAULT: its interface is down or missing$/m);
  await a.ip('link', 'set', 'eth0', 'up');

  const watching = await a.start(kaNode(a, 'status', '--watch', '--json'));
  await watching.waitForLines('two looks', (lines) => lines.length >= 2, limitMs);
  assert.equal(schemas.Status.parse(JSON.parse(watching.lines[1]?.text ?? '')).instances.length, 1);
  await first.stop();
  await watching.waitForLine(/^\{"state":"unknown"/, { timeoutMs: limitMs });
  await watching.stop();
  const gone = await ka(a, 'status');
  assert.equal(gone.code, 3);
  assert.equal(gone.stdout.trim(), 'unknown');
  const json: unknown = JSON.parse((await ka(a, 'status', '--json')).stdout);
  assert.ok(typeof json === 'object' && json !== null && 'state' in json);
  assert.equal(json.state, 'unknown');
});

test('every operation answers as share/openapi.json says', async () => {
  const { lab, a } = await twoHosts('cap');
  await using _ = lab;
  await start(a, configuration(150));
  await a.waitForAddress(vip);
  const file: unknown = JSON.parse(readFileSync(join(projectRoot, 'share/openapi.json'), 'utf8'));
  const document = z
    .object({
      paths: z.record(z.string(), z.record(z.string(), z.unknown())),
      components: z.object({ schemas: z.record(z.string(), z.record(z.string(), z.unknown())) }),
    })
    .parse(file);
  const admin = { path: adminPath(socketOf(a)), timeoutMs: limitMs };
  const change = (what: string, input: object): Promise<unknown> =>
    post(admin, `/v1/instances/VI_1/${what}`, input);
  const answers: Readonly<Record<string, () => Promise<unknown>>> = {
    status: () => get(admin, '/v1/status'),
    standby: () => change('standby', { force: true }),
    switchover: async () => {
      await change('resume', {});
      await a.waitForAddress(vip);
      return change('switchover', { force: true });
    },
    resume: async () => {
      await change('standby', { force: true });
      return change('resume', {});
    },
    why: () => get(admin, '/v1/instances/VI_1/why'),
    reload: () => post(admin, '/v1/reload', {}),
  };
  for (const { id, method, path, answer } of operations) {
    assert.ok(document.paths[path]?.[method.toLowerCase()] !== undefined, `${method} ${path} is described`);
    const ask = answers[id];
    if (answer.kind !== 'json' || ask === undefined) continue;
    const schema = document.components.schemas[answer.schema];
    assert.ok(schema !== undefined);
    z.fromJSONSchema(schema).parse(await ask());
  }
  // What goes wrong is described as well: status, shape, and that it is true now.
  const failures: readonly (readonly [
    status: number,
    socket: string,
    method: string,
    path: string,
    body: string,
  ])[] = [
    [400, admin.path, 'POST', '/v1/instances/VI_1/standby', '{"forMs": "soon"}'],
    [403, socketOf(a), 'POST', '/v1/instances/VI_1/standby', '{}'],
    [404, admin.path, 'POST', '/v1/instances/nobody/standby', '{}'],
    [404, socketOf(a), 'GET', '/v1/instances/nobody/why', ''],
    [409, admin.path, 'POST', '/v1/instances/VI_1/resume', ''],
    [413, admin.path, 'POST', '/v1/lvs/weight', `"${'x'.repeat(100_000)}"`],
    [503, admin.path, 'POST', '/v1/lvs/weight', '{"virtualServer":"a","realServer":"b","weight":1}'],
    [503, socketOf(a), 'GET', '/v1/lvs', ''],
    [403, socketOf(a), 'POST', '/v1/reload', ''],
  ];
  for (const [status, socket, method, path, body] of failures) {
    const answer = await raw(socket, method, path, body);
    assert.equal(answer.status, status, `${method} ${path}: ${answer.text}`);
    assert.equal(answer.age, '0');
    schemas.Failure.parse(JSON.parse(answer.text));
    const [described] = Object.entries(document.paths).filter(([pattern]) =>
      new RegExp(`^${pattern.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path),
    );
    const responses = z
      .object({ responses: z.record(z.string(), z.unknown()) })
      .parse(described?.[1][method.toLowerCase()]).responses;
    assert.ok(String(status) in responses, `${method} ${path} may answer ${status}`);
  }
  assert.equal(Object.values(document.paths).flatMap((each) => Object.keys(each)).length, operations.length);
  assert.match(await getText(admin, '/metrics'), /^ka_node_vrrp_state\{instance="VI_1"\} \d$/m);
  assert.match(await getText(admin, '/openapi.json'), /"3\.1\.0"/);
  await assert.rejects(get(admin, '/v1/lvs'), /./);
});

test('a standby that nobody would take over from is refused without a packet lost, and forced it is done', async () => {
  const { lab, a, b } = await twoHosts('crf');
  await using _ = lab;
  const daemon = await start(a, configuration(150));
  await a.waitForAddress(vip);
  const ping = await b.start(['ping', '-n', '-i', '0.02', '-W', '1', vip]);
  await ping.waitForLine(/icmp_seq=5 /);
  const refused = await ka(a, 'standby', 'VI_1');
  assert.equal(refused.code, 4);
  assert.match(refused.stderr, /nobody answered the offer of VI_1/);
  ping.signal('SIGINT');
  await ping.exited;
  assert.match(ping.text(), / 0% packet loss/);
  assert.equal((await instance(a)).state, 'MASTER');
  const unknown = await ka(a, 'standby', 'VI_2');
  assert.equal(unknown.code, 4);
  assert.match(unknown.stderr, /there is no instance or sync group 'VI_2'; did you mean 'VI_1'\?/);

  const forced = await ka(a, 'standby', 'VI_1', '--force');
  assert.equal(forced.code, 0, forced.stderr);
  await a.waitForAddress(vip, false);
  const now = await instance(a);
  assert.equal(now.state, 'STANDBY');
  assert.equal(now.maintenance?.kind, 'standby');
  assert.equal((await ka(a, 'status')).code, 0);
  // It outlasts a reload.
  daemon.reload(configuration(140));
  await daemon.waitForLine(/Reload complete/);
  assert.equal((await instance(a)).state, 'STANDBY');
  // And the death of the process that runs it.
  const [vrrp] = (await status(a)).sides;
  assert.ok(vrrp?.pid !== undefined);
  process.kill(vrrp.pid, 'SIGKILL');
  await a.waitFor('another process answers', async () => {
    const { sides, instances } = await status(a);
    return sides[0]?.pid !== vrrp.pid && sides[0]?.problem === undefined && instances[0]?.state === 'STANDBY';
  });
  assert.equal((await instance(a)).maintenance?.kind, 'standby');
  assert.equal(await a.hasAddress(vip), false);
  assert.equal((await ka(a, 'resume', 'VI_1')).code, 0);
  await a.waitForAddress(vip);
  assert.equal((await ka(a, 'resume', 'VI_1')).code, 4);
});

test('keepalived takes over from a standby, which ends by itself', async () => {
  const { lab, a, b } = await twoHosts('ckp');
  await using _ = lab;
  const log = await start(a, configuration(150));
  await a.waitForAddress(vip);
  const peer = await startKeepalived(b, configuration(100));
  await peer.waitForLine(/Entering BACKUP STATE/);
  const events = await followEvents(a, socketOf(a));
  const done = await ka(a, 'standby', 'VI_1', '--for', '3s');
  assert.equal(done.code, 0, done.stderr);
  assert.match(done.stdout, /^VI_1: standby until \S+, 10\.0\.0\.2 took over$/m);
  await a.waitForAddress(vip, false);
  await b.waitForAddress(vip);
  await log.waitForLine(/Entering STANDBY STATE/);
  const begun = await toldEvent(events, 'maintenance');
  assert.ok(begun.kind === 'maintenance');
  assert.deepEqual([begun.what, begun.because, begun.instances], ['standby', 'operator', ['VI_1']]);
  // The process that runs it dies meanwhile: the next one knows when it ends.
  const from = events.lines.length;
  const [vrrp] = (await status(a)).sides;
  assert.ok(vrrp?.pid !== undefined);
  process.kill(vrrp.pid, 'SIGKILL');
  await log.waitForLine(/the time of the maintenance is over/, { timeoutMs: limitMs });
  const ended = await toldEvent(events, 'maintenance', from);
  assert.ok(ended.kind === 'maintenance');
  assert.deepEqual([ended.what, ended.because, ended.instances], ['ended', 'time', ['VI_1']]);
  assert.ok(begun.untilMs !== undefined && ended.happenedMs >= begun.untilMs);
  assert.equal((await toldEvent(events, 'state', from)).kind, 'state');
  await events.stop();
  await a.waitForAddress(vip);
  await b.waitForAddress(vip, false);
});

test('a switchover moves the mastership and it stays there until resume', async () => {
  const { lab, a, b } = await twoHosts('csw');
  await using _ = lab;
  await start(a, configuration(150));
  await a.waitForAddress(vip);
  const peer = await start(b, configuration(100));
  await peer.waitForLine(/Entering BACKUP STATE/);
  const refused = await ka(b, 'switchover', 'VI_1');
  assert.equal(refused.code, 4);
  assert.match(refused.stderr, /it would take it back at once\. Run switchover there/);
  const done = await ka(a, 'switchover', 'VI_1');
  assert.equal(done.code, 0, done.stderr);
  await b.waitForAddress(vip);
  await a.waitForAddress(vip, false);
  // More than a master-down interval later it still does not preempt.
  const from = (await instance(a)).sinceMs ?? 0;
  await a.waitFor('two seconds', () => Promise.resolve(Date.now() - from > 2000));
  const patient = await instance(a);
  assert.equal(patient.state, 'BACKUP');
  assert.equal(patient.maintenance?.kind, 'yielded');
  assert.equal((await ka(a, 'resume', 'VI_1')).code, 0);
  await a.waitForAddress(vip);
  // A patient backup comes in when the other dies, and is an ordinary master then.
  assert.equal((await ka(a, 'switchover', 'VI_1')).code, 0);
  await b.waitForAddress(vip);
  await peer.crash();
  await a.waitForAddress(vip);
  await a.waitFor('the patience is over', async () => (await instance(a)).maintenance === undefined);
});

test('a sync group goes to standby and comes back as one', async () => {
  const { lab, a, b } = await twoHosts('csg');
  await using _ = lab;
  const text = (priority: number): string =>
    `vrrp_sync_group G {\n  group {\n    VI_1\n    VI_2\n  }\n}\n${configuration(priority)}${configuration(
      priority,
    )
      .replace(/^[^]*vrrp_instance VI_1/, 'vrrp_instance VI_2')
      .replace('virtual_router_id 51', 'virtual_router_id 52')
      .replace(vip, '10.0.0.101')}`;
  await start(a, text(150));
  await a.waitForAddress('10.0.0.101');
  const peer = await start(b, text(100));
  await peer.waitForLine(/\(VI_2\) Entering BACKUP STATE/);
  const done = await ka(a, 'standby', 'G');
  assert.equal(done.code, 0, done.stderr);
  await b.waitForAddress(vip);
  await b.waitForAddress('10.0.0.101');
  assert.equal((await instance(a, 'VI_1')).state, 'STANDBY');
  assert.equal((await instance(a, 'VI_2')).state, 'STANDBY');
  assert.equal((await ka(a, 'resume', 'VI_2')).code, 0);
  await a.waitForAddress(vip);
  await a.waitForAddress('10.0.0.101');
});
