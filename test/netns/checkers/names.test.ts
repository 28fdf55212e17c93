/** DNS_CHECK against NSD. */
import assert from 'node:assert/strict';
import test from 'node:test';

import { dnsCheck } from '../../../lib/checkers/dns.js';
import type { Check } from '../../../lib/checkers/checker.js';
import type { DnsCheck } from '../../../lib/config/model-lvs.js';
import { milliseconds, seconds } from '../../../lib/units.js';
import { checkLab, serverAddress, serverAddress6 } from '../../support/check-lab.js';
import { assertFailure, assertSuccess, attempt, timedAttempt } from '../../support/check-rig.js';
import { connection } from '../../support/lvs-model.js';
import type { Program } from '../../support/program.js';

const { context, server } = await checkLab();
const types = ['A', 'NS', 'CNAME', 'SOA', 'MX', 'TXT', 'AAAA', 'RRSIG', 'DNSKEY'] as const;

/** Signatures and keys are served as they stand; nobody checks them here. */
const zone = `$ORIGIN example.org.
$TTL 60
@ SOA ns admin 1 60 60 60 60
@ NS ns
@ MX 10 mail
@ TXT "hello"
@ DNSKEY 257 3 13 ${Buffer.alloc(64, 7).toString('base64')}
@ RRSIG SOA 13 2 60 20360101000000 20260101000000 1 example.org. ${Buffer.alloc(64, 9).toString('base64')}
ns A 10.7.0.2
mail A 10.7.0.2
mail AAAA fd07::2
www CNAME mail
large TXT ${Array.from({ length: 12 }, (_, i) => `"${String(i).repeat(100)}"`).join(' ')}
`;
const nsd = await start();

async function start(): Promise<Program> {
  const file = server.write(
    'nsd.conf',
    `server:
  ip-address: ${serverAddress}
  ip-address: ${serverAddress6}
  username: ""
  chroot: ""
  database: ""
  zonesdir: "${server.path('')}"
  zonelistfile: "${server.path('zone.list')}"
  xfrdfile: "${server.path('xfrd.state')}"
  pidfile: "${server.path('nsd.pid')}"
  server-count: 1
  verbosity: 2
remote-control:
  control-enable: no
zone:
  name: example.org
  zonefile: "${server.write('example.org', zone)}"
zone:
  name: broken.example
  zonefile: "${server.path('nowhere')}"
`,
  );
  const program = await server.start(['nsd', '-d', '-c', file]);
  await program.waitForLine(/nsd started/);
  return program;
}

function dns(more: Partial<DnsCheck> = {}): Check {
  const place = { connectIp: serverAddress, connectPort: 53, connectTimeout: seconds(10) };
  const config: DnsCheck = {
    kind: 'DNS_CHECK',
    ...connection(place),
    type: 'SOA',
    name: 'example.org',
    ...more,
  };
  return dnsCheck(config, context);
}

test('DNS_CHECK: every type, in both families', async () => {
  for (const connectIp of [serverAddress, serverAddress6])
    for (const type of types) assertSuccess(await attempt(dns({ connectIp, type })));
  for (const name of ['www.example.org', 'mail.example.org.', 'large.example.org'])
    assertSuccess(await attempt(dns({ type: 'TXT', name })));
});

test('DNS_CHECK: a name or zone that is not there is a failure with its code', async () => {
  assertFailure(await attempt(dns({ name: 'nowhere.example.org' })), 'read error occurred. (rcode = 3)');
  assertFailure(await attempt(dns({ name: 'broken.example' })), 'read error occurred. (rcode = 2)');
  assertFailure(await attempt(dns({ name: '.' })), 'read error occurred. (rcode = 5)');
});

test('DNS_CHECK: a server that hangs times out, one that is gone refuses', async () => {
  const hurry = { connectTimeout: milliseconds(500) };
  nsd.killTree('SIGSTOP');
  const { outcome, ms } = await timedAttempt(dns(hurry));
  assertFailure(outcome, 'read timeout from socket');
  assert.ok(ms >= 450 && ms < 20_000, `${ms} ms`);
  nsd.killTree('SIGCONT');
  assertSuccess(await attempt(dns()));
  nsd.killTree('SIGKILL');
  await nsd.exited;
  assertFailure(await attempt(dns()), 'ECONNREFUSED');
});
