/**
 * The load balancer inside the daemon: what it tells goes to scripts, the LVS pipe and mail; virtual addresses that move follow it
 * through ha_suspend. Loaded only when a configuration has virtual servers.
 */
import { Prober } from '../../bindings/prober.js';
import { systemAccounts } from '../accounts.js';
import type { Config, ScriptCommand } from '../config/model.js';
import { start, type Command } from '../exec.js';
import type { Host } from '../host.js';
import { Balancer, type BalancerEvent } from '../lvs/balancer.js';
import { Ipvs } from '../lvs/ipvs.js';
import { realServerLine, virtualServerLine } from '../notify/fifo.js';
import { realServerMail, virtualServerMail } from '../notify/mail-text.js';
import { Outlets } from '../notify/outlets.js';
import type { QuorumChange } from '../policy/quorum.js';
import { resolveScript, type ScriptPolicy } from '../script-security.js';
import { FileTracker } from '../track/file.js';
import { logVerdict, scriptPolicy } from '../vrrp/tracker-set.js';

export interface BalancingOptions {
  readonly host: Host;
  /** Path of the network namespace that the checks run in. */
  readonly netns?: string | undefined;
  /** --dont-release-ipvs. */
  readonly keepsIpvs: boolean;
}

export class Balancing {
  readonly #options: BalancingOptions;
  readonly #ipvs: Ipvs;
  readonly #prober: Prober;
  readonly #balancer: Balancer;
  readonly #outlets: Outlets;
  #config: Config;
  #policy: ScriptPolicy;
  #files: readonly FileTracker[] = [];
  /** The kernel's table was reached: there is something to remove at the end. */
  #isRunning = false;

  /** @throws {NativeError} when IPVS or the namespace is out of reach. */
  static async start(config: Config, options: BalancingOptions): Promise<Balancing> {
    const balancing = new Balancing(config, options);
    try {
      // keepalived: without IPVS the daemon ends; a balancer that balances nothing would only look like one.
      await balancing.#ipvs.table();
      balancing.#isRunning = true;
      await balancing.reload(config);
    } catch (error) {
      await balancing.close();
      throw error;
    }
    return balancing;
  }

  private constructor(config: Config, options: BalancingOptions) {
    const { host, netns } = options;
    this.#options = options;
    this.#config = config;
    this.#policy = scriptPolicy(config, systemAccounts);
    this.#ipvs = new Ipvs({ clock: host.clock, ...(netns === undefined ? {} : { netns }) });
    this.#prober = new Prober(netns === undefined ? {} : { netns });
    this.#outlets = new Outlets({
      host,
      fifos: ['lvs_notify_fifo'],
      accounts: systemAccounts,
      resolve: (script, what, now) => this.#command(script, what, scriptPolicy(now, systemAccounts)),
    });
    this.#balancer = new Balancer({
      ipvs: this.#ipvs,
      prober: this.#prober,
      host,
      onEvent: (event) => this.#onEvent(event),
      command: ({ miscPath }) => this.#command(miscPath, 'MISC_CHECK', this.#policy),
      fileValue: (name) => {
        const state = this.#files.find((file) => file.name === name)?.state;
        return state?.kind === 'value' ? state.value : 0;
      },
      rsInitNotifies: config.globalDefs.rsInitNotifies,
    });
  }

  get ipvs(): Ipvs {
    return this.#ipvs;
  }

  get balancer(): Balancer {
    return this.#balancer;
  }

  /** Applies a configuration; what stays the same keeps its state and its connections. */
  async reload(config: Config): Promise<void> {
    this.#config = config;
    this.#policy = scriptPolicy(config, systemAccounts);
    for (const file of this.#files) file.close();
    this.#files = config.trackFile.map(({ name, file }) => {
      const onState = ({ state }: { readonly state: FileTracker['state'] }): void => {
        if (state.kind === 'value') this.#balancer.setFileValue(name, state.value);
      };
      const tracker = new FileTracker({ name, file, host: this.#options.host, onState });
      tracker.start();
      return tracker;
    });
    this.#outlets.configure(config);
    await this.#balancer.load(config);
  }

  /** A virtual address came to this host or left it (ha_suspend). */
  setAddressPresence(address: string, isPresent: boolean): void {
    this.#balancer.setAddressPresence(address, isPresent);
  }

  /** Ends the checkers and removes our services from the kernel. Idempotent. */
  async close(): Promise<void> {
    for (const file of this.#files) file.close();
    await this.#balancer.close({ keep: this.#options.keepsIpvs || !this.#isRunning });
    await this.#outlets.close();
    this.#prober.close();
    await this.#ipvs.close();
  }

  #onEvent(event: BalancerEvent): void {
    const { virtualName, isUp } = event;
    switch (event.kind) {
      case 'server': {
        const { realServer, serverName } = event;
        this.#run(isUp ? realServer.notifyUp : realServer.notifyDown, serverName);
        this.#outlets.write(realServerLine(serverName, virtualName, isUp));
        return;
      }
      case 'virtual': {
        const { virtualServer, change } = event;
        this.#run(isUp ? virtualServer.quorumUp : virtualServer.quorumDown, virtualName);
        this.#outlets.write(virtualServerLine(virtualName, isUp));
        if (virtualServer.smtpAlert)
          this.#outlets.mail(virtualServerMail(virtualName, isUp, quorumReason(change)));
        return;
      }
      case 'checker': {
        const { realServer, serverName, reason, isServerChange } = event;
        // no_checker_emails: only when the real server itself changes.
        if (!realServer.smtpAlert || (this.#config.globalDefs.noCheckerEmails && !isServerChange)) return;
        this.#outlets.mail(realServerMail(serverName, virtualName, isUp, reason));
        return;
      }
    }
  }

  #run(script: ScriptCommand | undefined, what: string): void {
    if (script === undefined) return;
    const command = this.#command(script, what, this.#policy);
    if (command !== undefined) start(command, { clock: this.#options.host.clock });
  }

  #command(script: ScriptCommand, what: string, policy: ScriptPolicy): Command | undefined {
    const verdict = resolveScript(script, policy);
    logVerdict(this.#options.host, what, verdict);
    return verdict.command;
  }
}

/** keepalived: `Gained quorum 1+0=1 <= 2`, `Lost quorum 1-0=1 > 0`. */
function quorumReason({ kind, quorum, hysteresis, threshold, total }: QuorumChange): string {
  return kind === 'gained'
    ? `Gained quorum ${quorum}+${hysteresis}=${threshold} <= ${total}`
    : `Lost quorum ${quorum}-${hysteresis}=${threshold} > ${total}`;
}
