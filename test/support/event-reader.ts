/** The event stream of a daemon, read by another program. */
import type { z } from 'zod';

import { schemas } from '../../lib/control/schema.js';
import type { LabHost } from './net-lab.js';
import type { Program } from './program.js';

/**
 * Follows the events of the daemon behind a control socket; resolves once the daemon has said hello.
 * @param last the id of the last event that the reader has; one of another run of the daemon: it gets all of this run.
 */
export async function followEvents(host: LabHost, socket: string, last?: string): Promise<Program> {
  const since = last === undefined ? '' : `Last-Event-ID: ${last}\r\n`;
  const input = `GET /v1/events HTTP/1.1\r\nHost: x\r\n${since}\r\n`;
  const reader = await host.start(['socat', '-t', '600', '-', `UNIX-CONNECT:${socket},shut-none`], { input });
  await reader.waitForLine(/^event: hello/);
  return reader;
}

/** The next event of this kind after line `from`. @throws when it is not as share/openapi.json describes it. */
export async function toldEvent(
  reader: Program,
  kind: string,
  from = 0,
): Promise<z.infer<typeof schemas.Event>> {
  const pattern = new RegExp(`^data: .*"kind":"${kind}"`);
  const { text } = await reader.waitForLine(pattern, { from, timeoutMs: 30_000 });
  return schemas.Event.parse(JSON.parse(text.slice('data: '.length)));
}
