/** Reloads, one after the other: only what changed is looked at, and the table becomes what it would be if all were. */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { IpvsCommand } from '../../../bindings/ipvs-types.js';
import { parseConfig } from '../../../lib/config/load.js';
import type { LvsConfig } from '../../../lib/config/model-lvs.js';
import { withServersOf } from '../../../lib/lvs/carry-over.js';
import { desiredTable, type VirtualServerHealth } from '../../../lib/lvs/desired.js';
import { diff } from '../../../lib/lvs/diff.js';
import { KernelTable, type IpvsTable } from '../../../lib/lvs/kernel-table.js';
import type { Table } from '../../../lib/lvs/table.js';
import { IpvsTableModel } from '../../support/ipvs-table-model.js';

class Kernel implements IpvsTable {
  readonly model = new IpvsTableModel();
  readonly sent: IpvsCommand[] = [];

  async apply(desired: Table) {
    const commands = diff(this.model.table(), desired);
    await this.run(commands);
    return { commands };
  }

  run(commands: readonly IpvsCommand[]) {
    this.sent.push(...commands);
    return Promise.resolve(
      commands.flatMap((command) => {
        const code = this.model.apply(command);
        return code === undefined ? [] : [{ command, code, errno: 0, message: code }];
      }),
    );
  }

  table() {
    return Promise.reject(new Error('nobody asked for a dump'));
  }

  flush() {
    return Promise.reject(new Error('nobody asked for a flush'));
  }
}

/** Virtual servers by number, each with a weight; the last two share a group with each other. */
function config(weights: readonly (number | undefined)[]): LvsConfig {
  const blocks = weights.map((weight, i) => {
    if (weight === undefined) return '';
    const head = i < 4 ? `10.0.0.${i} 80` : 'group G';
    const protocol = i === 5 ? 'UDP' : 'TCP';
    return `virtual_server ${head} {\nlvs_sched rr\nlvs_method NAT\nprotocol ${protocol}\nreal_server 10.1.0.${i} 80 {\nweight ${weight}\n}\n}\n`;
  });
  const text = `virtual_server_group G {\n10.0.1.1-2 80\n}\n${blocks.join('')}`;
  const { model } = parseConfig({ text, name: 'test.conf' }, { mode: 'daemon' });
  assert.ok(model !== undefined);
  return model;
}

const health = ({ virtualServer }: LvsConfig): readonly VirtualServerHealth[] =>
  virtualServer.map(({ realServer }) => ({
    quorum: { isUp: true, isSorryActive: false },
    servers: realServer.map(({ weight }) => ({ isAlive: true, weight })),
  }));
const sorted = (table: Table): readonly string[] => table.map((entry) => JSON.stringify(entry)).toSorted();

test('a reload in which nothing changed keeps every virtual server and sends nothing', async () => {
  const kernel = new Kernel();
  const table = new KernelTable(kernel, { log: () => undefined });
  const first = config([1, 1, 1, 1, 1, 1]);
  assert.equal(table.configure(first), true);
  await table.program('all', (i) => health(first)[i] ?? assert.fail());
  kernel.sent.length = 0;
  const second = withServersOf(first, config([1, 1, 1, 1, 1, 1]));
  assert.deepEqual(
    second.virtualServer.map((each, i) => each === first.virtualServer[i]),
    [true, true, true, true, true, true],
  );
  table.configure(second);
  await table.program('all', (i) => health(second)[i] ?? assert.fail());
  assert.deepEqual(kernel.sent, []);
});

test('whatever changes from one configuration to the next, the table is that of the last', async () => {
  const weight = fc.option(fc.integer({ min: 1, max: 2 }), { nil: undefined });
  const weights = fc.array(weight, { minLength: 6, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(fc.array(weights, { minLength: 2, maxLength: 6 }), async (steps) => {
      const kernel = new Kernel();
      const table = new KernelTable(kernel, { log: () => undefined });
      let before = config([]);
      for (const step of steps) {
        const next = withServersOf(before, config(step));
        const known = new Set(before.virtualServer);
        const changed = new Set(next.virtualServer.flatMap((each, i) => (known.has(each) ? [] : [i])));
        const isAll = table.configure(next);
        const now = health(next);
        if (isAll || changed.size > 0 || table.hasStale)
          await table.program(isAll ? 'all' : changed, (i) => now[i] ?? assert.fail());
        assert.deepEqual(sorted(kernel.model.table()), sorted(desiredTable(next, now)));
        before = next;
      }
    }),
    { numRuns: 60 },
  );
});
