/** The page of `ka-node --help`, and what commander says behind a mistake. */

export const usageHint = 'Add --help to see what it takes.';

export const helpPage = `ka-node keeps virtual addresses alive: it runs an existing keepalived.conf.

  ka-node                          in the background, on keepalived's own file
  ka-node -n -l -D -f FILE         run in the foreground and show every step
  ka-node -t -f FILE               test a file with keepalived's exit codes
  ka-node check FILE...            every mistake, its place, its repair
  ka-node fmt FILE...              canonical layout, same meaning
  ka-node show FILE                what a file means, with all defaults
  ka-node explain WORD             a keyword, a block or a code like KA3012
  ka-node doctor [FILE]            what on this machine would get in its way
  ka-node install-service          the systemd unit, for this program
  ka-node reload                   read the file again, and say how it went
  ka-node genhash OPTIONS          the digest of a page, for HTTP_GET (also: -T)
  ka-node status [--watch]         instances: state, why, priority, master
  ka-node why [INSTANCE]           the chain of causes, with evidence
  ka-node standby INSTANCE         out of service; resume ends it
  ka-node switchover INSTANCE      move the mastership
  ka-node lvs [drain VS RS]        virtual and real servers; take one out gently
  ka-node help COMMAND             more on a command

What to run
  -f, --use-file FILE              default /etc/keepalived/keepalived.conf
  -P, --vrrp                       only VRRP
  -C, --check                      only health checkers and load balancing
  -i, --config-id ID               id for @ID lines, default the host name
  -s, --namespace NAME             run in this network namespace
  -e, --all-config                 a missing included file is an error
  -t, --config-test[=FILE]         test the configuration, report to FILE

How to run
  -n, --dont-fork                  stay in the foreground
  -p, --pid FILE                   pid file, default /run/keepalived.pid
  -r, --vrrp_pid FILE              of VRRP, default /run/vrrp.pid
  -c, --checkers_pid FILE          of checkers, default /run/checkers.pid
  -u, --umask MASK                 for files that are written, default 0177
  -V, --dont-release-vrrp          leave virtual addresses in place at the end
  -I, --dont-release-ipvs          leave IPVS entries in place at the end
      --ignore-sigint              Ctrl-C does not stop it
      --single-process             VRRP and checkers in one process
      --control-socket PATH|none   default /run/ka-node/control.sock
      --control-group GROUP        may read from the control socket
      --control-group-changes      and may change things through it
      --metrics-address ADDR:PORT  /metrics for Prometheus on TCP, too
  -R, --dont-respawn               a child that dies ends the daemon

What to tell
  -l, --log-console                log to stderr too
  -D, --log-detail                 more lines; twice: even more
  -S, --log-facility FACILITY      0-7, local0-local7, user, daemon (default)
  -G, --no-syslog                  no syslog
  -g, --log-file[=FILE]            to a file too, default /tmp/keepalived.log
      --flush-log-file             write each line at once
      --log-json                   stderr and file as JSON, an object a line
      --signum NAME                number of STOP RELOAD DATA STATS JSON ...
  -v, --version                    version
  -h, --help                       this page

Signals
  TERM, INT   stop: priority 0 is sent, addresses are removed, notify_stop runs
  HUP         reload: only what changed is touched, unless the file is invalid
  USR1, USR2  write keepalived*.data, keepalived.stats to $TMPDIR or /tmp
  36, 63      write keepalived.json; statistics, which are then cleared

All other options of keepalived are accepted; they say in one line what they do
instead.
`;
