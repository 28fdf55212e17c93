/** What a measure is, and what it gets to work with. */
import { setTimeout as delay } from 'node:timers/promises';

import { NetLab, type LabHost, type Switch } from '../test/support/net-lab.js';
import type { Findings, SubjectName } from './result.js';
import { bareLoop, kaNode, keepalived, type Running, type Subject } from './subject.js';

export interface Bench {
  /** Those to be measured, in the order of the columns. */
  readonly subjects: readonly Subject[];
  /** Shorter samples: for a look, not for the record. */
  readonly quick: boolean;
  progress(text: string): void;
}

export interface Measure {
  readonly name: string;
  readonly title: string;
  run(bench: Bench): Promise<Findings>;
}

/** The daemons among the subjects: what is meant by a configuration file cannot be asked of the loop. */
export function daemons(bench: Bench): readonly Subject[] {
  return bench.subjects.filter((subject) => subject !== bareLoop);
}

export function subjectByName(name: SubjectName): Subject {
  switch (name) {
    case 'bare loop':
      return bareLoop;
    case 'keepalived':
      return keepalived;
    case 'ka-node':
      return kaNode;
  }
}

/** Two hosts on `cables` switches, with interfaces eth0, eth1 ..., gone after `use`. */
export async function withPair<T>(
  cables: number,
  use: (one: LabHost, two: LabHost) => Promise<T>,
): Promise<T> {
  await using lab = await NetLab.create('bench');
  const switches: Switch[] = [];
  for (let i = 0; i < cables; i++) switches.push(await lab.switch(`lan${i}`));
  const ports = (host: number) =>
    switches.map((each, i) => ({ switch: each, addresses: [`10.${i}.0.${host}/24`] }));
  return await use(await lab.host('one', ports(1)), await lab.host('two', ports(2)));
}

/** Stops the running subject after `use`, however that ends. */
export async function running<T>(start: Promise<Running>, use: (running: Running) => Promise<T>): Promise<T> {
  const subject = await start;
  try {
    return await use(subject);
  } finally {
    await subject.stop();
  }
}

/** Measuring takes its time: this is not a wait for an event. */
export function pass(seconds: number): Promise<void> {
  return delay(seconds * 1000);
}
