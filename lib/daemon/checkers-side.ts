/** The load balancer's half of the daemon, in a process of its own or in the only one. */
import type { Config } from '../config/model.js';
import { checkersHandlers } from '../control/checkers-handlers.js';
import { systemClock } from '../host.js';
import { Balancing } from './balancing.js';
import { CheckersScheduling } from './checkers-scheduling.js';
import { balancerText, dumpCheckers } from './dump-checkers.js';
import { readHalfAt } from './half-file.js';
import { ipvsNamespace } from './namespace.js';
import type { RunningSide, SideContext } from './side.js';

/** @throws {NativeError} when IPVS or the namespace is out of reach. */
export async function startCheckers(config: Config, context: SideContext): Promise<RunningSide> {
  const { options, log, generation } = context;
  const balancing = await Balancing.start(config, {
    host: { clock: systemClock, logger: log },
    ipvsNetns: ipvsNamespace(config, context),
    keepsIpvs: options.keepsIpvs,
    isRestart: context.isRestart ?? false,
    past: (context.memory?.past ?? []).map((path) => readHalfAt(path).config),
    weights: context.memory?.weights ?? {},
    tell: context.tell,
    onWeights: (weights) => context.report({ kind: 'weights', weights }),
    timeouts: {
      before: context.memory?.timeouts,
      onBefore: (timeouts) => context.report({ kind: 'timeouts', timeouts }),
    },
  });
  // After the start: the prober's thread is there by now. A process that runs VRRP too is scheduled by its engine.
  const scheduling = options.isSingleProcess ? undefined : new CheckersScheduling(log);
  scheduling?.apply(config.globalDefs);
  let running = config;
  return {
    get summary() {
      const count = running.virtualServer.length;
      return `${count} virtual server${count === 1 ? '' : 's'}`;
    },
    handlers: checkersHandlers({
      generation,
      balancer: () => balancing.balancer,
      ipvs: () => balancing.ipvs,
      clock: systemClock,
    }),
    async reload(next) {
      await balancing.reload(next);
      scheduling?.apply(next.globalDefs);
      running = next;
      return '';
    },
    dump(kind) {
      if (kind !== 'data') return;
      log.log('info', `Printing checker data for process(${process.pid}) on signal`);
      try {
        dumpCheckers(running, balancing.balancer);
      } catch (error) {
        log.log('error', error instanceof Error ? error.message : String(error));
      }
    },
    dataText: () => balancerText(running, balancing.balancer),
    follow: (masters) => balancing.follow(masters),
    close: () => balancing.close(),
  };
}
