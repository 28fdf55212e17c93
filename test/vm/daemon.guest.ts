/** The daemon with virtual servers: services, health, notifications and the end, on a kernel with IPVS. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';
import { projectRoot } from '../support/daemons.js';
import { end, freshNamespace, ip, savedTable, startIn, until } from './namespaces.js';

const name = 'kaD-balance';
const work = mkdtempSync(join(tmpdir(), 'kaD-'));
const limitMs = 120_000;
const children: ReturnType<typeof startIn>[] = [];
after(async () => {
  for (const child of children) await end(child, 'SIGKILL');
  ip('netns', 'del', name);
});

function startHere(
  argv: readonly string[],
  onText: (text: string) => void = () => undefined,
): (typeof children)[number] {
  const child = startIn(name, argv, onText);
  children.push(child);
  return child;
}

const service = '-A -t 10.8.0.1:80 -s rr';
const server = '-a -t 10.8.0.1:80 -r 10.9.0.1:8080 -m -w 1';
const read = (file: string): string =>
  existsSync(join(work, file)) ? readFileSync(join(work, file), 'utf8') : '';

function configuration(more = ''): string {
  const script = join(work, 'notify.sh');
  return `global_defs {
  script_user root
}
virtual_server 10.8.0.1 80 {
  delay_loop 1
  lvs_sched rr
  lvs_method NAT
  protocol TCP
  quorum_up "${script} quorum_up"
  quorum_down "${script} quorum_down"
  real_server 10.9.0.1 8080 {
    notify_up "${script} up"
    notify_down "${script} down"
    TCP_CHECK {
      connect_timeout 2
      retry 1
      delay_before_retry 1
    }
  }
}
${more}`;
}

test('services follow the health of their servers, scripts hear of it, and a stop leaves no service', async () => {
  freshNamespace(name, ['10.9.0.1/32']);
  writeFileSync(join(work, 'notify.sh'), `#!/bin/sh\necho "$@" >>${work}/told\n`, { mode: 0o755 });
  writeFileSync(join(work, 'x.conf'), configuration());
  const listen = (): ReturnType<typeof startIn> =>
    startHere(['socat', 'TCP-LISTEN:8080,bind=10.9.0.1,fork,reuseaddr', '/dev/null']);
  const first = listen();
  let log = '';
  const pids = ['-p', join(work, 'p'), '-r', join(work, 'r'), '-c', join(work, 'c')];
  const program = [
    process.execPath,
    join(projectRoot, 'bin/ka-node'),
    '-n',
    '-l',
    '-D',
    '-G',
    '-f',
    join(work, 'x.conf'),
  ];
  const daemon = startHere([...program, ...pids], (text) => (log += text));
  const table = (): string => savedTable(name);
  const full = [service, server].toSorted().join('\n');
  assert.equal(await until(table, () => full, limitMs), full, log);
  // The checkers run in a process of their own.
  const pid = `${daemon.pid ?? 0}\n`;
  const isOwn = (): string => String(/^\d+\n$/.test(read('c')) && read('c') !== pid);
  assert.equal(await until(isOwn, () => 'true', limitMs), 'true', log);

  // The quorum was gained at the start.
  const told = ' down quorum_down quorum_up';
  await end(first, 'SIGKILL');
  assert.equal(await until(table, () => service, limitMs), service, log);
  assert.equal(
    await until(
      () => read('told').split('\n').toSorted().join(' '),
      () => told,
      limitMs,
    ),
    told,
    log,
  );
  const second = listen();
  assert.equal(await until(table, () => full, limitMs), full, log);

  const other = '-A -f 7 -s rr';
  const added = '-a -f 7 -r 10.9.0.2:0 -g -w 1';
  const reloaded = [...full.split('\n'), other, added].toSorted().join('\n');
  writeFileSync(
    join(work, 'x.conf'),
    configuration(
      'virtual_server fwmark 7 {\n  lvs_sched rr\n  lvs_method DR\n  real_server 10.9.0.2 0 {\n  }\n}\n',
    ),
  );
  daemon.kill('SIGHUP');
  assert.equal(await until(table, () => reloaded, limitMs), reloaded, log);

  await end(daemon, 'SIGTERM');
  assert.equal(daemon.exitCode, 0, log);
  assert.equal(table(), '', log);
  assert.equal(existsSync(join(work, 'c')), false);
  await end(second, 'SIGKILL');
});
