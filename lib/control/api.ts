/** The operations of the control socket, as a table: the server answers by it, and share/openapi.json is written from it. */
import type { Side } from './messages.js';
import type { SchemaName } from './schema.js';

export interface Operation {
  readonly id: string;
  readonly method: 'GET' | 'POST';
  /** `{name}` stands for one segment. */
  readonly path: string;
  readonly summary: string;
  /** Body of a POST; an empty one counts as `{}`. */
  readonly request?: SchemaName;
  readonly answer: Answer;
}

export type Answer =
  | { readonly kind: 'json'; readonly schema: SchemaName }
  | { readonly kind: 'text'; readonly type: string }
  /** Server-sent events. */
  | { readonly kind: 'events' };

const json = (schema: SchemaName): Answer => ({ kind: 'json', schema });

/**
 * `Prefer` of a client that wants an interim answer (102) at once: who hears nothing soon knows that the daemon is frozen. Only on
 * demand, since not every HTTP client expects one.
 */
export const signWish = 'sign-of-life';

export const operations: readonly Operation[] = [
  {
    id: 'status',
    method: 'GET',
    path: '/v1/status',
    summary: 'Instances and sync groups',
    answer: json('Status'),
  },
  {
    id: 'why',
    method: 'GET',
    path: '/v1/instances/{name}/why',
    summary: 'Why an instance is what it is: the chain of causes with evidence, from the flight recorder',
    answer: json('Why'),
  },
  {
    id: 'standby',
    method: 'POST',
    path: '/v1/instances/{name}/standby',
    summary: 'Takes an instance and its sync group out of service, unless nobody would take over',
    request: 'MaintenanceRequest',
    answer: json('MaintenanceResult'),
  },
  {
    id: 'switchover',
    method: 'POST',
    path: '/v1/instances/{name}/switchover',
    summary:
      'Moves mastership: a master gives it away and does not preempt, a backup of higher priority takes it',
    request: 'MaintenanceRequest',
    answer: json('MaintenanceResult'),
  },
  {
    id: 'resume',
    method: 'POST',
    path: '/v1/instances/{name}/resume',
    summary: 'Ends standby, or the patience that follows a switchover',
    answer: json('MaintenanceResult'),
  },
  { id: 'lvs', method: 'GET', path: '/v1/lvs', summary: 'Virtual and real servers', answer: json('Lvs') },
  {
    id: 'weight',
    method: 'POST',
    path: '/v1/lvs/weight',
    summary: 'Sets the weight of a real server by hand, or gives it back',
    request: 'WeightRequest',
    answer: json('WeightResult'),
  },
  {
    id: 'reload',
    method: 'POST',
    path: '/v1/reload',
    summary: 'Reads the configuration again, as SIGHUP does',
    answer: json('ReloadResult'),
  },
  {
    id: 'events',
    method: 'GET',
    path: '/v1/events',
    summary: 'What happens, as server-sent events; resumed with Last-Event-ID',
    answer: { kind: 'events' },
  },
  {
    id: 'metrics',
    method: 'GET',
    path: '/metrics',
    summary: 'Metrics for Prometheus',
    answer: { kind: 'text', type: 'text/plain; version=0.0.4; charset=utf-8' },
  },
  {
    id: 'openapi',
    method: 'GET',
    path: '/openapi.json',
    summary: 'This description',
    answer: { kind: 'text', type: 'application/json' },
  },
];

/** HTTP status of error codes; 500 for all others. */
export const failureStatus: Readonly<Record<string, number>> = {
  KA_CONTROL_REQUEST: 400,
  KA_CONTROL_FORBIDDEN: 403,
  KA_CONTROL_NOT_FOUND: 404,
  KA_CONTROL_UNKNOWN: 404,
  KA_CONTROL_ALLOW: 405,
  KA_CONTROL_REFUSED: 409,
  KA_CONTROL_TOO_LARGE: 413,
  KA_CONTROL_GONE: 503,
  KA_CONTROL_TIMEOUT: 503,
};

/** Which side answers an operation that one side answers. */
export const sideOf: Readonly<Record<string, Side>> = {
  why: 'vrrp',
  standby: 'vrrp',
  switchover: 'vrrp',
  resume: 'vrrp',
  lvs: 'checkers',
  weight: 'checkers',
};

/** The operation for a method and a path (without query), with the parts that `{...}` stood for. */
export function findOperation(
  method: string,
  path: string,
):
  | { readonly kind: 'found'; readonly operation: Operation; readonly names: readonly string[] }
  /** `allowed`: the methods that there are. */
  | { readonly kind: 'method'; readonly allowed: readonly string[] }
  | { readonly kind: 'path' } {
  const allowed: string[] = [];
  for (const operation of operations) {
    const names = match(operation.path, path);
    if (names === undefined) continue;
    if (operation.method === method) return { kind: 'found', operation, names };
    allowed.push(operation.method);
  }
  return allowed.length > 0 ? { kind: 'method', allowed } : { kind: 'path' };
}

function match(pattern: string, path: string): readonly string[] | undefined {
  const wanted = pattern.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return undefined;
  const names: string[] = [];
  for (const [i, part] of wanted.entries()) {
    const here = given[i] ?? '';
    if (!part.startsWith('{')) {
      if (part !== here) return undefined;
      continue;
    }
    try {
      names.push(decodeURIComponent(here));
    } catch {
      return undefined;
    }
  }
  return names;
}
