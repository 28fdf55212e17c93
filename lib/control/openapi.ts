/** Writes share/openapi.json from the tables. */
import { z } from 'zod';
import { operations, sideOf, type Answer, type Operation } from './api.js';
import { schemas } from './schema.js';

/** The OpenAPI 3.1 description of the control socket. */
export function openApi(version: string): unknown {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of operations)
    paths[operation.path] = {
      ...paths[operation.path],
      [operation.method.toLowerCase()]: describe(operation),
    };
  return {
    openapi: '3.1.0',
    info: {
      title: 'ka-node control socket',
      version,
      description:
        'HTTP on a Unix socket. Every answer says how old it is: in its body (atMs, ageMs), or in the header Age.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: 'http://localhost' }],
    paths,
    components: {
      schemas: Object.fromEntries(
        Object.entries(schemas).map(([name, schema]) => {
          const { $schema: _, ...rest } = z.toJSONSchema(schema);
          return [name, rest];
        }),
      ),
    },
  };
}

const reference = (name: string) => ({ $ref: `#/components/schemas/${name}` });

/** The statuses that an operation can fail with, and what they mean. */
function failuresOf({ id, method, path, request }: Operation): ReadonlyMap<number, string> {
  const changes = method === 'POST';
  const asks = sideOf[id] !== undefined;
  return new Map([
    ...(request === undefined ? [] : [[400, 'the body is not what it has to be'] as const]),
    ...(changes ? [[403, 'this socket is for looking'] as const] : []),
    ...(path.includes('{') || id === 'weight' ? [[404, 'there is none of this name'] as const] : []),
    ...(changes && asks ? [[409, 'refused, and why'] as const] : []),
    ...(request === undefined ? [] : [[413, 'the body is too large'] as const]),
    [500, 'a defect'] as const,
    ...(asks ? [[503, 'the process that could answer does not run, or stands still'] as const] : []),
  ]);
}

function describe(operation: Operation): unknown {
  const { id, path, summary, request, answer } = operation;
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '');
  return {
    operationId: id,
    summary,
    ...(names.length === 0
      ? {}
      : {
          parameters: names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
        }),
    ...(request === undefined
      ? {}
      : { requestBody: { content: { 'application/json': { schema: reference(request) } } } }),
    responses: {
      '200': { description: 'Done', content: content(answer) },
      ...Object.fromEntries(
        [...failuresOf(operation)].map(([status, why]) => [
          String(status),
          { description: why, content: { 'application/json': { schema: reference('Failure') } } },
        ]),
      ),
    },
  };
}

function content(answer: Answer): unknown {
  switch (answer.kind) {
    case 'json':
      return { 'application/json': { schema: reference(answer.schema) } };
    case 'text':
      return { [answer.type]: { schema: { type: 'string' } } };
    case 'events':
      return {
        'text/event-stream': {
          schema: {
            type: 'string',
            description: 'The data of an event is JSON, an Event; hello and lost say where the reader is',
          },
          'x-event-data': reference('Event'),
        },
      };
  }
}
