/** Configuration files of many virtual servers, as text. Real servers lie in 10.0.0.0/8, which is all on `lo`. */

export type Check = 'none' | 'tcp' | 'http';

export interface Balancing {
  readonly virtualServers: number;
  /** Of each. */
  readonly realServers: number;
  readonly check: Check;
  /** Seconds. */
  readonly delayLoop: number;
  /** Seconds within which the first check comes. */
  readonly warmup: number;
  /** Of the very last real server; 1 of all others. */
  readonly lastWeight?: number;
}

const block: Readonly<Record<Check, (warmup: number) => string>> = {
  none: () => '',
  tcp: (warmup) => `TCP_CHECK {\nconnect_timeout 30\nretry 1\ndelay_before_retry 1\nwarmup ${warmup}\n}\n`,
  http: (warmup) =>
    `HTTP_GET {\nurl {\npath /\nstatus_code 200\n}\nconnect_timeout 30\nretry 1\ndelay_before_retry 1\nwarmup ${warmup}\n}\n`,
};

export function configuration(balancing: Balancing): string {
  const { virtualServers, realServers, check, delayLoop, warmup, lastWeight = 1 } = balancing;
  const total = virtualServers * realServers;
  const parts: string[] = [];
  for (let v = 0; v < virtualServers; v++) {
    parts.push(
      `virtual_server 172.16.${v >> 8}.${v & 255} 80 {\ndelay_loop ${delayLoop}\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\n`,
    );
    for (let r = 0; r < realServers; r++) {
      const index = v * realServers + r;
      const weight = index === total - 1 ? lastWeight : 1;
      parts.push(`real_server ${realAddress(index)} 8080 {\nweight ${weight}\n${block[check](warmup)}}\n`);
    }
    parts.push('}\n');
  }
  return parts.join('');
}

/** Never .0, for the looks of it. */
export function realAddress(index: number): string {
  return `10.${1 + ((index >> 16) & 127)}.${(index >> 8) & 255}.${index & 255}`;
}
