/** Writes share/openapi.json from the tables. */
import { z } from 'zod';
import { operations, type Answer, type Operation } from './api.js';
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

function describe({ id, path, summary, request, answer }: Operation): unknown {
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
      default: {
        description: 'Not done; the code says why',
        content: { 'application/json': { schema: reference('Failure') } },
      },
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
      return { 'text/event-stream': { schema: { type: 'string' } } };
  }
}
