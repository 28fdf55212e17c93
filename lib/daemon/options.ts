/** What the daemon was asked for. */
export interface DaemonOptions {
  readonly configFile: string;
  readonly runVrrp: boolean;
  readonly runCheckers: boolean;
  readonly isForeground: boolean;
  readonly logsToConsole: boolean;
  /** 0, 1 (-D) or 2 (-D -D). */
  readonly detail: number;
  readonly logsToSyslog: boolean;
  /** syslog facility number: 3 daemon, 16 to 23 local0 to local7, 1 user. */
  readonly facility: number;
  readonly logFile: string | undefined;
  readonly flushesLogFile: boolean;
  /** Console and file get a JSON object a line; syslog keeps its form. */
  readonly logsJson: boolean;
  readonly umask: number;
  readonly keepsVrrp: boolean;
  readonly keepsIpvs: boolean;
  readonly pidFile: string | undefined;
  readonly vrrpPidFile: string | undefined;
  readonly checkersPidFile: string | undefined;
  readonly namespace: string | undefined;
  readonly configId: string | undefined;
  readonly strictIncludes: boolean;
  readonly ignoresSigint: boolean;
  /** VRRP and checkers in the process that was started. */
  readonly isSingleProcess: boolean;
  /** A child that dies is started again; false (-R): the daemon ends. */
  readonly respawns: boolean;
  /** Path of the control socket, `none`, or undefined for the default. */
  readonly controlSocket: string | undefined;
  /** Group that may read from it. */
  readonly controlGroup: string | undefined;
  /** That group may change things, too. */
  readonly controlGroupChanges: boolean;
  /** `ADDRESS:PORT` that metrics are served on as well. */
  readonly metricsAddress: string | undefined;
  /** Lines about options that do something else here. */
  readonly notes: readonly string[];
}
