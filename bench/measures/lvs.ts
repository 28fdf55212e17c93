/** IPVS: both daemons in one run of the virtual machine (bench/lvs/guest.ts), since this kernel need not have it. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { projectRoot } from '../../test/support/daemons.js';
import { machineObstacle, runInMachine } from '../../test/vm/machine.js';
import type { GuestRow } from '../lvs/guest.js';
import type { Measure } from '../measure.js';
import { TableBuilder, type Findings } from '../result.js';
import { median } from '../statistics.js';

const guest = fileURLToPath(new URL('../lvs/guest.js', import.meta.url));

export const lvs: Measure = {
  name: 'lvs',
  title: 'Load balancing',
  async run(bench): Promise<Findings> {
    const obstacle = machineObstacle();
    if (obstacle !== undefined) throw new Error(`the virtual machine: ${obstacle}`);
    let rows: readonly GuestRow[] = [];
    const result = await runInMachine({
      argv: (exchange) => [
        process.execPath,
        guest,
        join(exchange, 'rows.json'),
        bench.quick ? 'quick' : 'full',
      ],
      cwd: projectRoot,
      memoryMb: 2560,
      // The servers that die answer with a reset, by a rule of nftables.
      modules: ['nft_reject_ipv4'],
      timeoutS: 3_000,
      onOutput: (text) => bench.progress(text.trimEnd()),
      collect: (exchange) => {
        const file = join(exchange, 'rows.json');
        if (existsSync(file)) rows = JSON.parse(readFileSync(file, 'utf8')) as readonly GuestRow[];
      },
    });
    if (result.kind === 'failed') throw new Error(`${result.reason}\n${result.console}`);
    if (result.status !== 0) throw new Error(`the guest ended with ${String(result.status)}`);
    return { tables: tables(rows, result.accelerator) };
  },
};

function tables(rows: readonly GuestRow[], accelerator: string): Findings['tables'] {
  const emulated =
    accelerator === 'tcg'
      ? 'an emulated processor: compare, do not take the times for a real one’s'
      : accelerator;
  const titles: readonly [GuestRow['table'], string, string][] = [
    ['programming', 'Programming IPVS', `${emulated}; ipvsadm: ipvsadm -R of the same table`],
    ['reload', 'From SIGHUP to one changed weight in 1,000 services with 4,000 destinations', emulated],
    [
      'checks',
      'Health checks of 5,000 real servers, delay_loop 10',
      'processor time of the daemon alone, counted connections',
    ],
    ['memory', 'Memory of all processes, 10,000 real servers with TCP_CHECK', 'MB of 10^6 bytes'],
    [
      'removal',
      'A dead server leaves the table',
      'delay_loop 4, retry 1, delay_before_retry 1; from the first refusal and that second on',
    ],
  ];
  return titles.map(([name, title, note]) => {
    const builder = new TableBuilder(title, note);
    const own = rows.filter((row) => row.table === name);
    // What was measured several times is told by its median.
    for (const { label, unit, subject } of own) {
      const same = own.filter((row) => row.label === label && row.subject === subject);
      builder.set(label, unit, subject, median(same.map(({ value }) => value)));
    }
    return builder.build();
  });
}
