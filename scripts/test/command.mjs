// Runs one command of a stage: output collected, standard input closed, a limit in time, its tree killed at that limit.
import { spawn } from 'node:child_process';

import { root } from '../setup.mjs';

const children = new Set();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, () => {
    for (const child of children) signalGroup(child, signal);
    process.kill(process.pid, signal);
  });
}

/**
 * @returns {Promise<{ok: boolean, output: string}>} `ok` when it ended with 0; `output` is both streams as they came.
 */
export async function command([file, ...args], { env = {}, limitMs = 20 * 60_000, onOutput } = {}) {
  const child = spawn(file, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true, // a process group of its own, to be killed as a whole
  });
  children.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
      onOutput?.(text);
    });
  }
  let late = false;
  const limit = setTimeout(() => {
    late = true;
    signalGroup(child, 'SIGTERM');
    setTimeout(() => signalGroup(child, 'SIGKILL'), 5000).unref();
  }, limitMs);
  const code = await new Promise((resolve) => {
    child.once('error', (error) => {
      output += `${error.message}\n`;
      resolve(-1);
    });
    child.once('close', resolve);
  });
  clearTimeout(limit);
  children.delete(child);
  if (late)
    output += `\nstopped: not done after ${limitMs / 1000} s: ${[file, ...args].join(' ').slice(0, 200)}\n`;
  return { ok: code === 0 && !late, output };
}

function signalGroup(child, signal) {
  try {
    process.kill(-child.pid, signal);
  } catch {
    // ended meanwhile
  }
}
