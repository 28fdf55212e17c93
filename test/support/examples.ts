/** The nodes that examples/ are written for: 10.0.0.18/16 and 10.0.0.28/16 on eth0, and a client that uses the address. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { projectRoot, startKaNode, type Daemon } from './daemons.js';
import { NetLab, type LabHost } from './net-lab.js';

export interface ExampleLab extends AsyncDisposable {
  readonly lab: NetLab;
  readonly ka1: LabHost;
  readonly ka2: LabHost;
  readonly client: LabHost;
}

/** Virtual address of nearly all examples. */
export const vip = '10.0.0.100';

export async function exampleLab(name: string): Promise<ExampleLab> {
  const lab = await NetLab.create(name);
  const lan = await lab.switch('lan');
  const ka1 = await lab.host('ka1', [{ switch: lan, addresses: ['10.0.0.18/16'] }]);
  const ka2 = await lab.host('ka2', [{ switch: lan, addresses: ['10.0.0.28/16'] }]);
  const client = await lab.host('client', [{ switch: lan, addresses: ['10.0.0.50/16'] }]);
  return { lab, ka1, ka2, client, [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose]() };
}

/** Text of a file of examples/. */
export function exampleText(file: string): string {
  return readFileSync(join(projectRoot, 'examples', file), 'utf8');
}

/** Starts ka-node on a file of examples/, as written or as `change` leaves it. */
export function startExample(
  host: LabHost,
  file: string,
  change: (text: string) => string = (text) => text,
): Promise<Daemon> {
  return startKaNode(host, change(exampleText(file)));
}

/** Replaces text that must be there. */
export function replaced(text: string, what: string, by: string): string {
  assert.ok(text.includes(what), `the example contains: ${what}`);
  return text.replace(what, by);
}

/** Resolves when `host` is the only one of both that has the address. */
export async function onlyOn(address: string, host: LabHost, other: LabHost): Promise<void> {
  await host.waitForAddress(address);
  await other.waitForAddress(address, false);
}
