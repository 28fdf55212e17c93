/** An explanation as text for a terminal: the first line answers, the others are the evidence. */
import type { Explanation, Step } from './explain.js';
import { clockTime, duration } from './words.js';

export function formatExplanation(explanation: Explanation): string {
  const { instance, state, sinceMs, atMs, headline, troubles, steps } = explanation;
  const since =
    sinceMs === 0 ? '' : ` since ${clockTime(sinceMs, atMs)} (${duration(Math.max(0, atMs - sinceMs))})`;
  const lines = [`${instance} is ${state}${since}: ${headline}`];
  if (troubles.length > 0) lines.push('', 'wrong now:');
  for (const { text, evidence } of troubles) {
    lines.push(`  ${text}`);
    for (const fact of evidence) lines.push(`      ${fact}`);
  }
  if (steps.length > 0) lines.push('', 'what happened, newest first:');
  for (const step of steps) {
    lines.push(`  ${clockTime(step.atMs, atMs)}  ${title(step)}${step.text}`);
    for (const fact of step.evidence) lines.push(`      ${fact}`);
  }
  return `${lines.join('\n')}\n`;
}

function title({ from, to }: Step): string {
  if (from === undefined || to === undefined) return '';
  return from === to ? `${to}: ` : `${from} -> ${to}: `;
}
