import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type {
  IpvsDestination,
  IpvsEntry,
  IpvsService,
  IpvsServiceKey,
} from '../../../bindings/ipvs-types.js';
import { diff } from '../../../lib/lvs/diff.js';
import {
  destinationId,
  isSameDestination,
  isSameService,
  serviceId,
  type Table,
} from '../../../lib/lvs/table.js';
import { IpvsTableModel } from '../../support/ipvs-table-model.js';

// Few addresses and ports, so that two random tables share many keys.
/** As fast-check's, with ordinary prototypes, so that strict comparison sees values only. */
const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record<T>(model, { noNullPrototype: true });

const keys: fc.Arbitrary<IpvsServiceKey> = fc.oneof(
  record({
    kind: fc.constant('address' as const),
    protocol: fc.constantFrom('TCP' as const, 'UDP' as const, 'SCTP' as const),
    address: fc.constantFrom('10.0.0.1', '10.0.0.2', '2001:db8::1'),
    port: fc.constantFrom(80, 443),
  }),
  record({
    kind: fc.constant('fwmark' as const),
    family: fc.constantFrom(4 as const, 6 as const),
    fwmark: fc.constantFrom(1, 2),
  }),
);
const services: fc.Arbitrary<IpvsService> = record({
  key: keys,
  scheduler: fc.constantFrom('rr', 'wlc', 'mh'),
  schedFlags: fc.constantFrom(0, 0x08, 0x18),
  onePacket: fc.boolean(),
  persistence: fc.option(
    record({
      timeoutS: fc.constantFrom(60, 360),
      granularity: fc.constantFrom('255.255.255.255', '255.255.255.0'),
      engine: fc.constantFrom(undefined, 'sip'),
    }),
    { nil: undefined },
  ),
});
const destinations: fc.Arbitrary<IpvsDestination> = record({
  address: fc.constantFrom('10.1.0.1', '10.1.0.2', '10.1.0.3', '2001:db8::5'),
  port: fc.constantFrom(80, 8080),
  forward: fc.constantFrom('NAT' as const, 'DR' as const, 'TUN' as const),
  weight: fc.integer({ min: 0, max: 3 }),
  upperThreshold: fc.constantFrom(0, 100),
  lowerThreshold: fc.constantFrom(0, 50),
  tunnelType: fc.constantFrom('ipip' as const, 'gre' as const),
}).map(({ tunnelType, ...d }) => ({
  ...d,
  tunnel: d.forward === 'TUN' ? { type: tunnelType, port: 0, csum: 'nocsum' as const } : undefined,
}));
const tables: fc.Arbitrary<Table> = fc.uniqueArray(
  record({
    service: services,
    destinations: fc.uniqueArray(destinations, { maxLength: 6, selector: destinationId }),
  }),
  { maxLength: 6, selector: (entry) => serviceId(entry.service.key) },
);

/** Order does not matter to the kernel's behaviour. */
function normal(table: Table): unknown {
  return table
    .map(({ service, destinations: list }) => ({
      service,
      destinations: list.toSorted((a, b) => destinationId(a).localeCompare(destinationId(b))),
    }))
    .toSorted((a, b) => serviceId(a.service.key).localeCompare(serviceId(b.service.key)));
}

function byId<T>(list: readonly T[], id: (item: T) => string): Map<string, T> {
  return new Map(list.map((item) => [id(item), item]));
}

const idOf = (entry: IpvsEntry): string => serviceId(entry.service.key);

/** Counts what differs, without regard to how a diff would be made: the least number of commands. */
function leastCommands(kernel: Table, desired: Table): number {
  const wanted = byId(desired, idOf);
  const present = byId(kernel, idOf);
  let count = [...present.keys()].filter((id) => !wanted.has(id)).length;
  for (const [id, entry] of wanted) {
    const before = present.get(id);
    if (before === undefined || !isSameService(before.service, entry.service)) count += 1;
    const old = byId(before?.destinations ?? [], destinationId);
    const now = byId(entry.destinations, destinationId);
    count += [...old.keys()].filter((key) => !now.has(key)).length;
    for (const [key, destination] of now) {
      const was = old.get(key);
      if (was === undefined || !isSameDestination(was, destination)) count += 1;
    }
  }
  return count;
}

const takesTraffic = (entry: IpvsEntry | undefined): boolean =>
  entry?.destinations.some((d) => d.weight > 0) === true;

test('the commands of a diff lead from any table to any other, none of them refused', () => {
  fc.assert(
    fc.property(tables, tables, (kernel, desired) => {
      const model = new IpvsTableModel(kernel);
      for (const command of diff(kernel, desired)) assert.equal(model.apply(command), undefined);
      assert.deepEqual(normal(model.table()), normal(desired));
    }),
    { numRuns: 1000 },
  );
});

test('a diff has no command too many', () => {
  fc.assert(
    fc.property(tables, tables, (kernel, desired) => {
      assert.equal(diff(kernel, desired).length, leastCommands(kernel, desired));
    }),
    { numRuns: 1000 },
  );
});

test('equal tables need no command, in whatever order they are', () => {
  fc.assert(
    fc.property(tables, (table) => {
      const mixed = table.toReversed().map((e) => ({ ...e, destinations: e.destinations.toReversed() }));
      assert.deepEqual(diff(table, mixed), []);
    }),
  );
});

test('a service that serves before and after serves at every step between', () => {
  fc.assert(
    fc.property(tables, tables, (kernel, desired) => {
      const before = byId(kernel, idOf);
      const steady = desired.filter((entry) => takesTraffic(entry) && takesTraffic(before.get(idOf(entry))));
      const model = new IpvsTableModel(kernel);
      for (const command of diff(kernel, desired)) {
        model.apply(command);
        const now = byId(model.table(), idOf);
        for (const entry of steady) assert.ok(takesTraffic(now.get(idOf(entry))), idOf(entry));
      }
    }),
    { numRuns: 1000 },
  );
});

test('services that may not be deleted stay, those that may go', () => {
  fc.assert(
    fc.property(tables, tables, keys.map(serviceId), (kernel, desired, foreign) => {
      const model = new IpvsTableModel(kernel);
      for (const command of diff(kernel, desired, { mayDelete: (id) => id !== foreign }))
        model.apply(command);
      const wanted = new Set(desired.map(idOf));
      const kept = kernel.filter((entry) => idOf(entry) === foreign && !wanted.has(foreign));
      assert.deepEqual(normal(model.table()), normal([...desired, ...kept]));
    }),
  );
});

test('an IPv6 address written in another way is the same service and destination', () => {
  const service = (address: string): IpvsService => ({
    key: { kind: 'address', protocol: 'TCP', address, port: 80 },
    scheduler: 'rr',
    schedFlags: 0,
    onePacket: false,
    persistence: undefined,
  });
  const destination = (address: string): IpvsDestination => ({
    address,
    port: 80,
    forward: 'DR',
    tunnel: undefined,
    weight: 1,
    upperThreshold: 0,
    lowerThreshold: 0,
  });
  const kernel = [{ service: service('2001:db8::1'), destinations: [destination('2001:db8::a')] }];
  const desired = [{ service: service('2001:0DB8:0:0::1'), destinations: [destination('2001:db8:0::A')] }];
  assert.deepEqual(diff(kernel, desired), []);
});
