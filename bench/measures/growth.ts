/**
 * Whether reading time grows with the length of a file, whatever its parts name and repeat: how much longer a file of eight times the parts
 * takes, without the start. 8 is linear, 64 is quadratic.
 */
import { daemons, withPair, type Bench, type Measure } from '../measure.js';
import { usage } from '../program-usage.js';
import { TableBuilder, type Findings } from '../result.js';
import { kaNodeProgram } from '../../test/support/daemons.js';
import type { LabHost } from '../../test/support/net-lab.js';

const few = 500;
const many = 8 * few;

/** Of `-t` and `check`, for files with mistakes too, as some of these are; -1: keepalived, which a signal of its own ends now and then. */
const statuses = [0, 1, 5, -1];

const repeat = (count: number, part: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => part(index)).join('\n');
const address = (net: number, index: number): string => `10.${net}.${index >> 8}.${index & 255}`;
const instance = (index: number): string => `vrrp_instance V${index} {
 interface eth0
 virtual_router_id ${(index % 255) + 1}
 unicast_peer {
  ${address(8, index)} min_ttl 255
 }
 virtual_ipaddress {
  ${address(9, index)}/32
 }
}`;
const server = (key: string): string =>
  `virtual_server ${key} {\n real_server 192.0.2.1 80 {\n  HTTP_GET {\n  }\n }\n}`;

const files: Readonly<Record<string, (count: number) => string>> = {
  'static addresses of as many subnets': (count) =>
    `static_ipaddress {\n${repeat(count, (i) => `11.${i >> 8}.${i & 255}.1/24 dev eth0`)}\n}\n` +
    repeat(count, instance),
  'servers of groups, each with a mistake': (count) =>
    repeat(count, (i) => `virtual_server_group G${i} {\n ${address(1, i)} 80\n}\n${server(`group G${i}`)}`),
  'the same server again and again': (count) => repeat(count, () => server('192.0.2.9 80')),
};

export const growth: Measure = {
  name: 'growth',
  title: 'Configuration, growth',
  run: (bench) => withPair(1, (host) => grow(bench, host)),
};

async function grow(bench: Bench, host: LabHost): Promise<Findings> {
  const table = new TableBuilder('Reading eight times the file: how much longer (8 is linear, 64 quadratic)');
  for (const { name } of daemons(bench)) {
    const command = name === 'keepalived' ? ['keepalived', '-t', '-f'] : [kaNodeProgram, 'check'];
    for (const [label, file] of Object.entries(files)) {
      bench.progress(`${name}, ${label}`);
      const cost = async (text: string): Promise<number> => {
        const path = host.write('growth.conf', text);
        const runs: number[] = [];
        for (let i = 0; i < (bench.quick ? 1 : 3); i++)
          runs.push((await usage(host, [...command, path], statuses)).cpuMs);
        return Math.min(...runs);
      };
      const start = await cost('global_defs {\n}\n');
      const [short, long] = [(await cost(file(few))) - start, (await cost(file(many))) - start];
      // Not of one that ended before it had read them.
      if (short > 0 && long > 0) table.set(label, '', name, long / short);
    }
  }
  return { tables: [table.build()] };
}
