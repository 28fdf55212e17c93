/** `ka-node why`: asks a running daemon why its instances are what they are. */
import { ControlError, get } from '../control/client.js';
import type { Explanation } from '../recorder/explain.js';
import { formatExplanation } from '../recorder/format.js';
import { controlStatus, isStatus, shown, target, type TargetOptions } from './control.js';

export interface WhyOptions extends TargetOptions {
  readonly json?: boolean;
}

/** One instance, or one after the other. @returns its exit status: 1 when something is wrong now. */
export function why(instance: string | undefined, options: WhyOptions): Promise<number> {
  return shown(options, async () => {
    const names = instance === undefined ? await instanceNames(options) : [instance];
    const answers: Explanation[] = [];
    for (const name of names) answers.push(await ask(options, name));
    return {
      text: answers.map(formatExplanation).join('\n'),
      value: instance === undefined ? answers : answers[0],
      code: answers.some(({ troubles }) => troubles.length > 0) ? controlStatus.degraded : controlStatus.good,
    };
  });
}

async function instanceNames(options: WhyOptions): Promise<readonly string[]> {
  const answer = await get(target(options), '/v1/status');
  if (!isStatus(answer)) throw new ControlError('KA_CLIENT_ANSWER', 'the answer is no status');
  return answer.instances.map(({ name }) => name);
}

async function ask(options: WhyOptions, name: string): Promise<Explanation> {
  const answer = await get(target(options), `/v1/instances/${encodeURIComponent(name)}/why`);
  if (!isExplanation(answer)) throw new ControlError('KA_CLIENT_ANSWER', 'the answer is no explanation');
  return answer;
}

/** The daemon is of the same make; a look at what is needed first tells another one apart. */
function isExplanation(value: unknown): value is Explanation {
  const has = (key: string): unknown =>
    typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
  return typeof has('headline') === 'string' && Array.isArray(has('troubles')) && Array.isArray(has('steps'));
}
