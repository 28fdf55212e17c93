/** Two directors with VRRP and lvs_sync_daemon: the second one takes over, and established connections live on. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { Socket } from 'node:net';
import test, { after } from 'node:test';
import { Prober } from '../../bindings/prober.js';
import { DaemonProgram, eventually } from './daemon-program.js';
import { end, freshNamespace, ip, savedTable, startIn, until } from './namespaces.js';

const [lan, client, first, second, server] = ['kaF-lan', 'kaF-client', 'kaF-one', 'kaF-two', 'kaF-server'];
const vip = '192.168.70.100';
const limitMs = 240_000;
const hosts = { [client]: 1, [first]: 11, [second]: 12, [server]: 21 };

freshNamespace(lan, []);
ip('-n', lan, 'link', 'add', 'br0', 'type', 'bridge', 'mcast_snooping', '0');
ip('-n', lan, 'link', 'set', 'br0', 'up');
for (const [name, number] of Object.entries(hosts)) {
  freshNamespace(name, []);
  ip('-n', lan, 'link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
  ip('-n', lan, 'link', 'set', name, 'master', 'br0', 'up');
  ip('-n', name, 'addr', 'add', `192.168.70.${number}/24`, 'dev', 'eth0');
  ip('-n', name, 'link', 'set', 'eth0', 'up');
}
const sysctl = (netns: string, ...settings: readonly string[]): void =>
  void execFileSync('ip', ['netns', 'exec', netns, 'sysctl', '-qw', ...settings]);
// Direct routing: the real server has the virtual address and lets the directors alone speak for it.
sysctl(server, 'net.ipv4.conf.all.arp_ignore=1', 'net.ipv4.conf.all.arp_announce=2');
ip('-n', server, 'addr', 'add', `${vip}/32`, 'dev', 'lo');
// Every packet of a connection is told at once.
for (const director of [first, second]) sysctl(director, 'net.ipv4.vs.sync_threshold=0 1');

const echo = startIn(server, ['socat', 'TCP-LISTEN:8080,fork,reuseaddr,backlog=50', 'SYSTEM:"cat"']);
const directors = [first, second].map((name) => new DaemonProgram(name, 'ka-node'));
const outside = new Prober({ netns: client });
after(async () => {
  for (const director of directors) await director.stop('SIGKILL');
  await end(echo, 'SIGKILL');
  outside.close();
  for (const name of [...Object.keys(hosts), lan]) ip('netns', 'del', name);
});

const configuration = (priority: number): string => `global_defs {
  lvs_sync_daemon eth0 inst ONE
}
vrrp_instance ONE {
  interface eth0
  virtual_router_id 70
  priority ${priority}
  advert_int 1
  virtual_ipaddress {
    ${vip}
  }
}
virtual_server ${vip} 8080 {
  lvs_sched rr
  lvs_method DR
  protocol TCP
  delay_loop 2
  real_server 192.168.70.21 8080 {
    TCP_CHECK {
      connect_timeout 20
    }
  }
}
`;

const role = (netns: string): string => {
  const text = execFileSync('ip', ['netns', 'exec', netns, 'ipvsadm', '-L', '--daemon'], {
    encoding: 'utf8',
  });
  return /^(\w+) sync daemon/m.exec(text)?.[1] ?? '';
};
const connections = (netns: string): string =>
  execFileSync('ip', ['netns', 'exec', netns, 'ipvsadm', '-Lnc'], { encoding: 'utf8' });

test('a connection that goes through one director goes on through the other [keepalived: lvs_sync_daemon]', async () => {
  const [one, two] = directors;
  assert.ok(one !== undefined && two !== undefined);
  one.start(configuration(150));
  two.start(configuration(100));
  await eventually(() => role(first), 'master', limitMs, one);
  await eventually(() => role(second), 'backup', limitMs, two);
  const table = [`-A -t ${vip}:8080 -s rr`, `-a -t ${vip}:8080 -r 192.168.70.21:8080 -g -w 1`].join('\n');
  await eventually(() => savedTable(second), table, limitMs, two);

  const connected = await outside.connect({ address: vip, port: 8080, timeoutMs: limitMs });
  assert.ok(connected.kind === 'ok', JSON.stringify(connected));
  const socket = new Socket({ fd: connected.fd, readable: true, writable: true });
  const say = (text: string): Promise<string> =>
    new Promise((resolve, reject) => {
      socket.once('data', (heard: Buffer) => resolve(heard.toString())).once('error', reject);
      socket.write(text);
    });
  for (const word of ['one\n', 'two\n', 'three\n', 'four\n']) assert.equal(await say(word), word);
  const isKnown = (): string => String(connections(second).includes(`${vip}:8080`));
  assert.equal(await until(isKnown, () => 'true', limitMs), 'true', connections(first));

  ip('-n', lan, 'link', 'set', first, 'down');
  await eventually(() => role(second), 'master', limitMs, two);
  assert.equal(await say('still here\n'), 'still here\n');
  socket.destroy();

  // The first one comes back, and takes over again.
  ip('-n', lan, 'link', 'set', first, 'up');
  await eventually(() => role(second), 'backup', limitMs, two);
  await eventually(() => role(first), 'master', limitMs, one);
});
