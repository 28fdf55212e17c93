/** Time grows with the length of a file, whatever its parts name and repeat: eight times the file takes no 24 times the time. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { lintConfig } from '../../lib/config/lint/lint.js';
import { subnetOf } from '../../lib/config/lint/networks.js';
import { parseConfig } from '../../lib/config/load.js';
import { fakeFiles, fakeMachine } from './machine.js';

const few = 500;
const many = 8 * few;

const repeat = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => line(index)).join('\n');
const host = (net: number, index: number): string => `10.${net}.${index >> 8}.${index & 255}`;
const instance = (index: number): string => `vrrp_instance V${index} {
 interface eth0
 virtual_router_id ${(index % 255) + 1}
 unicast_peer {
  ${host(8, index)} min_ttl 255
 }
 virtual_ipaddress {
  ${host(9, index)}/32
 }
}`;
const server = (key: string): string =>
  `virtual_server ${key} {\n real_server 192.0.2.1 80 {\n  HTTP_GET {\n  }\n }\n}`;

const files: Readonly<Record<string, (count: number) => string>> = {
  'static addresses of as many subnets': (count) =>
    `static_ipaddress {\n${repeat(count, (i) => `11.${i >> 8}.${i & 255}.1/24 dev eth0`)}\n}\n` +
    repeat(count, (i) => instance(i)),
  'servers of groups, each with a mistake': (count) =>
    repeat(count, (i) => `virtual_server_group G${i} {\n ${host(1, i)} 80\n}\n${server(`group G${i}`)}`),
  'the same server again and again': (count) => repeat(count, () => server('192.0.2.9 80')),
};

/** Processor time, which others on the machine do not use up; the least of three. */
function cost(text: string): number {
  const once = (): number => {
    const before = process.cpuUsage();
    const { model, diagnostics } = parseConfig(
      { text },
      { mode: 'test', machine: fakeMachine(), files: fakeFiles({}) },
    );
    assert.ok(model !== undefined);
    const own = subnetOf('10.0.0.1', 16);
    lintConfig(model, { networks: () => (own === undefined ? [] : [own]), told: diagnostics });
    const { user, system } = process.cpuUsage(before);
    return user + system;
  };
  return Math.min(once(), once(), once());
}

for (const [name, file] of Object.entries(files))
  test(`time grows with the length: ${name}`, () => {
    const short = cost(file(few));
    const long = cost(file(many));
    assert.ok(long < 24 * short, `${few}: ${short} us, ${many}: ${long} us`);
  });
