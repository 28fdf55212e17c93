/** For each diagnostic what it means and how it is mended: the pages of `docs/diagnostics.md` and of `ka-node explain`. */
import { lintMessages } from '../lint/messages.js';
import { messages, type Message } from '../messages.js';
import type { Advice } from './advice/advice.js';
import { lvsAdvice } from './advice/lvs.js';
import { machineAdvice } from './advice/machine.js';
import { readingAdvice } from './advice/reading.js';
import { structureAdvice } from './advice/structure.js';
import { vrrpAdvice } from './advice/vrrp.js';

export type { Advice } from './advice/advice.js';

export const advice: Readonly<Record<keyof typeof messages, Advice>> = {
  ...readingAdvice,
  ...structureAdvice,
  ...vrrpAdvice,
  ...lvsAdvice,
  ...machineAdvice,
};

/** Every message that there is. */
export function allMessages(): readonly Pick<Message<never>, 'code' | 'severity' | 'hint'>[] {
  return [...Object.values(messages), ...Object.values(lintMessages)];
}

/** By code: `KA3012`. */
export function adviceOf(code: string): Advice | undefined {
  const lint = Object.values(lintMessages).find((message) => message.code === code);
  if (lint !== undefined) return [lint.means, lint.repair];
  const name = Object.entries(messages).find(([, message]) => message.code === code)?.[0];
  return Object.entries(advice).find(([key]) => key === name)?.[1];
}
