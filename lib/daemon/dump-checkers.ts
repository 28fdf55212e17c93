/** keepalived_check.data: the virtual servers as they are understood, and what their checkers say, in keepalived's words. */
import { systemAccounts } from '../accounts.js';
import type { Config } from '../config/model.js';
import type { Balancer } from '../lvs/balancer.js';
import { globalText } from './dump.js';
import { dumpDirectory, dumpName, writeDump } from './dump-file.js';

/** Writes the file. @returns its path. @throws {KaError} KA_DUMP_WRITE */
export function dumpCheckers(config: Config, balancer: Balancer): string {
  const { dataUseInstance } = config.globalDefs;
  const parts = dataUseInstance ? [config.netNamespace, config.instance] : [];
  const text = globalText(config, systemAccounts) + checkersText(config, balancer.status());
  return writeDump(dumpDirectory(), dumpName('keepalived_check.data', parts), text);
}

export function checkersText(config: Config, status: ReturnType<Balancer['status']>): string {
  const lines = ['------< LVS Topology >------', ' ------< Virtual server >------'];
  status.forEach((server, index) => {
    const virtual = config.virtualServer[index];
    lines.push(
      ` VS ${server.name}`,
      ...(virtual === undefined
        ? []
        : [
            `   delay_loop = ${seconds(virtual.delayLoop)}`,
            `   quorum = ${virtual.quorum}, hysteresis = ${virtual.hysteresis}`,
          ]),
      `   alive = ${server.servers.filter(({ isAlive }) => isAlive).length}`,
      `   quorum_state_up = ${bit(server.isQuorumUp)}`,
      `   sorry server active = ${bit(server.isSorryActive)}`,
    );
    for (const real of server.servers) {
      lines.push(
        '   ------< Real server >------',
        `   RS ${real.name}`,
        `   effective weight = ${real.weight}`,
        `   alive = ${bit(real.isAlive)}`,
        `   num failed checkers = ${real.checkers.filter(({ isUp }) => !isUp).length}`,
      );
    }
  });
  return `${lines.join('\n')}\n`;
}

function bit(value: boolean): number {
  return value ? 1 : 0;
}

/** keepalived: six digits after the point. */
function seconds(us: number): string {
  return (us / 1e6).toFixed(6);
}
