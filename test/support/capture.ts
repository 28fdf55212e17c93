/**
 * Packets on a host's wire, recorded by tcpdump and decoded by tshark: other people's eyes. The lines that tcpdump prints
 * meanwhile can be waited for.
 */
import { type LabHost } from './lab-host.js';
import { runOk, type Line, type Program, type WaitOptions } from './program.js';

/** What VRRP tests usually look at: adverts, and what a new owner tells its neighbours. */
export const vrrpTraffic = 'proto 112 or ip6 proto 112 or arp or (icmp6 and ip6[40] == 136)';

let captures = 0;

export class Capture implements AsyncDisposable {
  private constructor(
    readonly file: string,
    readonly program: Program,
  ) {}

  /** Records what passes `device` of `host` and matches the pcap `filter`; resolves once it does. Any device: 'any'. */
  static async start(host: LabHost, filter: string = vrrpTraffic, device = 'eth0'): Promise<Capture> {
    const file = host.write(`capture-${++captures}.pcap`, '');
    const options = [
      '-i',
      device,
      '-Z',
      'root',
      '-n',
      '-v',
      '-l',
      '-U',
      '--immediate-mode',
      '--print',
      '-w',
      file,
    ];
    const program = await host.start(['tcpdump', ...options, filter]);
    await program.waitForLine(/listening on/);
    return new Capture(file, program);
  }

  /** The first line that tcpdump prints, or has printed, that matches; its words are those of `tcpdump -n -v`. */
  waitForLine(pattern: RegExp, options?: WaitOptions): Promise<Line> {
    return this.program.waitForLine(pattern, options);
  }

  /** Ends the recording. Idempotent. */
  async stop(): Promise<void> {
    await this.program.stop('SIGINT');
  }

  /**
   * The packets so far that match the tshark display filter, each as the named fields ('vrrp.prio', 'frame.time_epoch');
   * a field that a packet lacks is '', one that it has several times is joined by commas.
   */
  async packets(
    fields: readonly string[],
    displayFilter = '',
  ): Promise<readonly Readonly<Record<string, string>>[]> {
    const options = ['-n', '-r', this.file, ...(displayFilter === '' ? [] : ['-Y', displayFilter])];
    const columns = ['-T', 'fields', '-E', 'separator=/t', ...fields.flatMap((name) => ['-e', name])];
    const rows = (await runOk(['tshark', ...options, ...columns])).split('\n').filter((row) => row !== '');
    return rows.map((row) => {
      const values = row.split('\t');
      return Object.fromEntries(fields.map((name, index) => [name, values[index] ?? '']));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
