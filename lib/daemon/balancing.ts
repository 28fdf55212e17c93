/**
 * The load balancer inside the daemon: what it tells goes to scripts, the LVS pipe and mail; addresses that come and go are followed
 * through ha_suspend, VRRP states through the sync daemon. Loaded only when a configuration has virtual servers.
 */
import { AddressWatch } from '../../bindings/address-watch.js';
import { Prober } from '../../bindings/prober.js';
import { systemAccounts } from '../accounts.js';
import type { Config, ScriptCommand } from '../config/model.js';
import type { ControlEvent } from '../control/messages.js';
import { start, type Command } from '../exec.js';
import { sleep, type Host, type Timer } from '../host.js';
import { Balancer, type BalancerEvent } from '../lvs/balancer.js';
import { withServersOf } from '../lvs/carry-over.js';
import { Ipvs } from '../lvs/ipvs.js';
import type { DrainResult } from '../lvs/drain.js';
import { markTables } from '../lvs/mark-tables.js';
import { removeLeftovers } from '../lvs/leftovers.js';
import { recall, type Recalled } from '../lvs/recall.js';
import type { VirtualServerReport } from '../lvs/report.js';
import { syncDaemonOf } from '../lvs/sync-choice.js';
import { SyncDaemons } from '../lvs/sync-daemon.js';
import { ConnectionTimeouts, type TimeoutsMemory } from '../lvs/timeouts.js';
import { realServerLine, virtualServerLine } from '../notify/fifo.js';
import { checkerReason, quorumReason, realServerMail, virtualServerMail } from '../notify/mail-text.js';
import { Nftables } from '../nftables.js';
import { Outlets } from '../notify/outlets.js';
import { resolveScript, type ScriptPolicy } from '../script-security.js';
import { FileTracker } from '../track/file.js';
import { logVerdict, scriptPolicy } from '../vrrp/tracker-set.js';

export interface BalancingOptions {
  readonly host: Host;
  /** Path of the network namespace of the table; absent: that of the process, where the checks are made. */
  readonly ipvsNetns?: string | undefined;
  /** --dont-release-ipvs. */
  readonly keepsIpvs: boolean;
  /** An earlier process of this daemon died: what it left in the kernel is ours. */
  readonly isRestart: boolean;
  /** Other configurations that earlier processes may have put to work. */
  readonly past?: readonly Config[];
  /** See `BalancerOptions`. */
  readonly weights?: Readonly<Record<string, number>>;
  readonly onWeights?: (weights: Readonly<Record<string, number>>) => void;
  /** Of lvs_timeouts. */
  readonly timeouts?: TimeoutsMemory;
  /** Hears of servers that come and go. */
  readonly tell: (event: ControlEvent) => void;
}

export type DrainRequest = Parameters<Balancer['drain']>[2];

export class Balancing {
  readonly #options: BalancingOptions;
  readonly #ipvs: Ipvs;
  readonly #prober: Prober;
  readonly #balancer: Balancer;
  readonly #sync: SyncDaemons;
  readonly #timeouts: ConnectionTimeouts;
  /** nftables_ipvs; undefined: never used so far. */
  #nftables: Nftables | undefined;
  readonly #outlets: Outlets;
  #config: Config;
  #policy: ScriptPolicy;
  #files: readonly FileTracker[] = [];
  /** The kernel's table was reached: there is something to remove at the end. */
  #isRunning = false;
  #isClosed = false;
  #addresses: AddressWatch | undefined;
  #inspection: Timer | undefined;
  /** notify scripts that have not ended. */
  readonly #scripts = new Set<Promise<unknown>>();

  /** @throws {NativeError} when IPVS or the namespace is out of reach. */
  static async start(config: Config, options: BalancingOptions): Promise<Balancing> {
    const balancing = new Balancing(config, options);
    try {
      // keepalived: without IPVS the daemon ends; a balancer that balances nothing would only look like one.
      const table = await balancing.#ipvs.table();
      balancing.#isRunning = true;
      if (config.globalDefs.lvsFlush && !options.isRestart) await balancing.#ipvs.flush();
      await balancing.#load(config, options.isRestart ? recall(config, table) : []);
      await removeLeftovers(balancing.#ipvs, options.past ?? [], config, options.host.logger);
      balancing.#inspectLater(firstInspectionMs);
    } catch (error) {
      await balancing.close();
      throw error;
    }
    return balancing;
  }

  private constructor(config: Config, options: BalancingOptions) {
    const { host, ipvsNetns } = options;
    this.#options = options;
    this.#config = config;
    this.#policy = scriptPolicy(config, systemAccounts);
    const receiveBuffer = config.globalDefs.lvsNetlinkCmdRcvBufs;
    this.#ipvs = new Ipvs({
      clock: host.clock,
      ...(ipvsNetns === undefined ? {} : { netns: ipvsNetns }),
      ...(receiveBuffer === 0 ? {} : { receiveBuffer }),
    });
    this.#sync = new SyncDaemons(this.#ipvs, host.logger);
    this.#timeouts = new ConnectionTimeouts(this.#ipvs, options.timeouts);
    this.#prober = new Prober();
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
      command: ({ miscPath, user }) => {
        const script = user === undefined ? miscPath : { ...miscPath, user: user.user, group: user.group };
        return this.#command(script, 'MISC_CHECK', this.#policy);
      },
      fileValue: (name) => {
        const state = this.#files.find((file) => file.name === name)?.state;
        return state?.kind === 'value' ? state.value : 0;
      },
      hasAddress: (address) => this.#addresses?.has(address) ?? true,
      rsInitNotifies: config.globalDefs.rsInitNotifies,
      ...(options.weights === undefined ? {} : { weights: options.weights }),
      ...(options.onWeights === undefined ? {} : { onWeights: options.onWeights }),
    });
  }

  get ipvs(): Ipvs {
    return this.#ipvs;
  }

  get balancer(): Balancer {
    return this.#balancer;
  }

  /** Applies a configuration; what stays the same keeps its state and its connections. */
  reload(config: Config): Promise<void> {
    return this.#load(withServersOf(this.#config, config), []);
  }

  async #load(config: Config, recalled: readonly (Recalled | undefined)[]): Promise<void> {
    const before = this.#config;
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
    await this.#timeouts.configure(config.globalDefs.lvsTimeouts);
    await this.#sync.configure(syncDaemonOf(config));
    await this.#watchAddresses(config.virtualServer.some(({ haSuspend }) => haSuspend));
    await this.#balancer.load(config, recalled);
    // Marks come after their services: until then the packets are nobody's either way.
    const table = config.globalDefs.nftablesIpvs ?? before.globalDefs.nftablesIpvs;
    if (table !== undefined) this.#marks().want(table, markTables(config));
  }

  #marks(): Nftables {
    const { host, ipvsNetns } = this.#options;
    this.#nftables ??= new Nftables({ host, netns: ipvsNetns, without: notMarked });
    return this.#nftables;
  }

  /** The VRRP instances that are MASTER now: `lvs_sync_daemon` with `inst` follows one. */
  follow(masters: readonly string[]): Promise<void> {
    return this.#sync.follow(masters);
  }

  /** Health, last check results, weights set by hand, connections and rates of every virtual server. */
  report(): Promise<readonly VirtualServerReport[]> {
    return this.#balancer.report();
  }

  /** See `Balancer.setWeight`. Resolves when the kernel has it. */
  async setWeight(virtualName: string, serverName: string, weight: number | undefined): Promise<boolean> {
    const isThere = this.#balancer.setWeight(virtualName, serverName, weight);
    await this.#balancer.settled();
    return isThere;
  }

  /** See `Balancer.drain`. */
  drain(virtualName: string, serverName: string, options: DrainRequest): Promise<DrainResult> {
    return this.#balancer.drain(virtualName, serverName, options);
  }

  /** Ends the checkers and removes our services from the kernel. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#inspection?.cancel();
    this.#addresses?.close();
    for (const file of this.#files) file.close();
    await this.#balancer.close({
      keep: this.#options.keepsIpvs || !this.#isRunning,
      flush: this.#config.globalDefs.lvsFlushOnStop,
    });
    const { nftablesIpvs } = this.#config.globalDefs;
    if (nftablesIpvs !== undefined && this.#isRunning && !this.#options.keepsIpvs)
      this.#marks().want(nftablesIpvs, []);
    await this.#nftables?.settled();
    if (this.#isRunning) {
      await this.#sync.close();
      await this.#timeouts.close();
    }
    await this.#scriptsDone();
    await this.#outlets.close();
    this.#prober.close();
    await this.#ipvs.close();
  }

  /** Looks again and again whether others changed our services; a large table is not looked at all the time. */
  #inspectLater(delayMs: number): void {
    const { clock, logger } = this.#options.host;
    this.#inspection = clock.schedule(delayMs, () => {
      const startedMs = clock.nowMs();
      this.#balancer
        .repair()
        .catch((error: unknown) => {
          const reason = error instanceof Error ? error.message : String(error);
          logger.log('error', `IPVS table cannot be read: ${reason}`);
        })
        .finally(() => {
          if (this.#isClosed) return;
          const pauseMs = (clock.nowMs() - startedMs) * inspectionPause;
          this.#inspectLater(Math.min(Math.max(inspectionMs, pauseMs), longestPauseMs));
        });
    });
  }

  /** The watch is there while some virtual server has ha_suspend. */
  async #watchAddresses(isNeeded: boolean): Promise<void> {
    if (!isNeeded) {
      this.#addresses?.close();
      this.#addresses = undefined;
      return;
    }
    this.#addresses ??= new AddressWatch({
      onChange: ({ address, isPresent }) => {
        const verb = isPresent ? 'added' : 'removed';
        this.#options.host.logger.log('info', `Netlink reflector reports IP ${address} ${verb}`);
        this.#balancer.setAddressPresence(address, isPresent);
      },
    });
    await this.#addresses.ready;
  }

  /** keepalived: notify scripts have a second to end. */
  async #scriptsDone(): Promise<void> {
    if (this.#scripts.size === 0) return;
    const patience = new AbortController();
    await Promise.race([
      Promise.allSettled(this.#scripts),
      sleep(this.#options.host.clock, scriptGraceMs, patience.signal).catch(() => undefined),
    ]);
    patience.abort();
  }

  #onEvent(event: BalancerEvent): void {
    const { virtualName, isUp } = event;
    switch (event.kind) {
      case 'server': {
        const { realServer, serverName, isRemoval } = event;
        this.#tell('real-server', { virtualServer: virtualName, realServer: serverName, isUp, isRemoval });
        this.#run(isUp ? realServer.notifyUp : realServer.notifyDown, serverName);
        this.#outlets.write(realServerLine(serverName, virtualName, isUp));
        if (isRemoval && realServer.smtpAlert)
          this.#outlets.mail(realServerMail(serverName, virtualName, isUp, 'Removing'));
        return;
      }
      case 'virtual': {
        const { virtualServer, change } = event;
        this.#tell('virtual-server', { virtualServer: virtualName, isUp });
        this.#run(isUp ? virtualServer.quorumUp : virtualServer.quorumDown, virtualName);
        this.#outlets.write(virtualServerLine(virtualName, isUp));
        if (virtualServer.smtpAlert && change !== undefined)
          this.#outlets.mail(virtualServerMail(virtualName, isUp, quorumReason(change)));
        return;
      }
      case 'checker': {
        const { checker, realServer, serverName, isServerChange } = event;
        const reason = checkerReason(checker, isUp, event.reason);
        if (reason === undefined) return;
        // no_checker_emails: only when the real server itself changes.
        if (!realServer.smtpAlert || (this.#config.globalDefs.noCheckerEmails && !isServerChange)) return;
        this.#outlets.mail(realServerMail(serverName, virtualName, isUp, reason));
        return;
      }
    }
  }

  #tell(kind: string, news: Readonly<Record<string, string | boolean>>): void {
    const { host, tell } = this.#options;
    tell({ kind, ...news, happenedMs: host.clock.wallMs() });
  }

  #run(script: ScriptCommand | undefined, what: string): void {
    if (script === undefined) return;
    const command = this.#command(script, what, this.#policy);
    if (command === undefined) return;
    const { finished } = start(command, { clock: this.#options.host.clock });
    this.#scripts.add(finished);
    void finished.finally(() => this.#scripts.delete(finished));
  }

  #command(script: ScriptCommand, what: string, policy: ScriptPolicy): Command | undefined {
    const verdict = resolveScript(script, policy);
    logVerdict(this.#options.host, what, verdict);
    return verdict.command;
  }
}

const notMarked = 'packets to virtual_server_groups are not marked';

/** The table is compared with what it ought to be so long after the start, and then so often. */
const firstInspectionMs = 1_000;
const inspectionMs = 5_000;
/** A comparison that takes long is followed by a pause so many times as long, up to a limit. */
const inspectionPause = 20;
const longestPauseMs = 60_000;
const scriptGraceMs = 1_000;
