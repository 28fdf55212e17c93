/** Removes the virtual addresses that a VRRP process left which was killed and is not started again at once. */
import type { Config } from '../config/model.js';
import { systemClock, type Logger } from '../host.js';
import { micros } from '../units.js';
import { VrrpNode } from '../vrrp/node.js';
import { namespacePath } from './namespace.js';
import type { DaemonOptions } from './options.js';

/** An engine removes what it finds when it is given its routers; held at the start, they send nothing. */
export async function removeLeftovers(config: Config, options: DaemonOptions, logger: Logger): Promise<void> {
  if (options.keepsVrrp) return;
  const silent: Logger = {
    log: (level, text) => {
      if (level === 'error') logger.log(level, text);
    },
  };
  const held: Config = {
    ...config,
    globalDefs: {
      ...config.globalDefs,
      vrrpStartupDelay: micros(3_600_000_000),
    },
    vrrpInstance: config.vrrpInstance.map((each) => ({
      ...each,
      ...{ notifyStop: undefined, notify: undefined, notifyFault: undefined },
      ...{ trackScript: [], smtpAlert: false },
    })),
    vrrpSyncGroup: [],
    vrrpScript: [],
  };
  const node = new VrrpNode({
    logger: silent,
    clock: systemClock,
    ...(options.namespace === undefined ? {} : { netns: namespacePath(options.namespace) }),
  });
  await node.start(held);
  await node.close();
}
