/** The kernel's table as a value with the kernel's rules: what exists cannot be added, what does not cannot be changed. */
import type { IpvsCommand, IpvsDestination, IpvsService } from '../../bindings/ipvs-types.js';
import { destinationId, serviceId, type Table } from '../../lib/lvs/table.js';

interface ModelService {
  service: IpvsService;
  readonly destinations: Map<string, IpvsDestination>;
}

export class IpvsTableModel {
  readonly #services = new Map<string, ModelService>();

  constructor(table: Table = []) {
    for (const { service, destinations } of table)
      this.#services.set(serviceId(service.key), {
        service,
        destinations: new Map(destinations.map((d) => [destinationId(d), d])),
      });
  }

  table(): Table {
    return [...this.#services.values()].map(({ service, destinations }) => ({
      service,
      destinations: [...destinations.values()],
    }));
  }

  /** Carries out one command; the name of the errno when the kernel would refuse it. */
  apply(command: IpvsCommand): string | undefined {
    switch (command.kind) {
      case 'add-service': {
        const id = serviceId(command.service.key);
        if (this.#services.has(id)) return 'EEXIST';
        this.#services.set(id, { service: command.service, destinations: new Map() });
        return undefined;
      }
      case 'set-service': {
        const present = this.#services.get(serviceId(command.service.key));
        if (present === undefined) return 'ESRCH';
        present.service = command.service;
        return undefined;
      }
      case 'delete-service':
        return this.#services.delete(serviceId(command.service)) ? undefined : 'ESRCH';
      case 'add-destination':
      case 'set-destination': {
        const destinations = this.#services.get(serviceId(command.service))?.destinations;
        if (destinations === undefined) return 'ESRCH';
        const id = destinationId(command.destination);
        if (destinations.has(id) === (command.kind === 'add-destination'))
          return command.kind === 'add-destination' ? 'EEXIST' : 'ENOENT';
        destinations.set(id, command.destination);
        return undefined;
      }
      case 'delete-destination': {
        const destinations = this.#services.get(serviceId(command.service))?.destinations;
        if (destinations === undefined) return 'ESRCH';
        return destinations.delete(destinationId(command.destination)) ? undefined : 'ENOENT';
      }
      case 'flush':
        this.#services.clear();
        return undefined;
      case 'start-daemon':
      case 'stop-daemon':
      case 'set-timeouts':
      case 'zero':
        return undefined;
    }
  }
}
