/** Opens the control socket where the options of the daemon want it. */
import { ControlListener } from '../control/listener.js';
import type { ControlHost } from '../control/messages.js';
import { controlPath } from '../control/paths.js';
import { systemClock, type Logger } from '../host.js';
import type { DaemonOptions } from './options.js';
import type { ReadFacts } from './protocol.js';

/** Never rejects: what cannot be opened is said in the log. */
export function openControl(
  host: ControlHost,
  options: DaemonOptions,
  logger: Logger,
  { instance }: Pick<ReadFacts, 'instance'>,
): Promise<ControlListener> {
  return ControlListener.open(host, {
    path: controlPath({ given: options.controlSocket, instance, namespace: options.namespace }),
    group: options.controlGroup,
    groupMayChange: options.controlGroupChanges,
    metrics: options.metricsAddress,
    logger,
    clock: systemClock,
  });
}
