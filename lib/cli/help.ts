/** The page of `ka-node --help`. */

export const helpPage = `ka-node keeps virtual addresses alive: it runs an existing keepalived.conf.

  ka-node                          run on /etc/keepalived/keepalived.conf, in the background
  ka-node -n -l -D -f FILE         run in the foreground and show every step
  ka-node -t -f FILE               test a file with keepalived's exit codes
  ka-node check FILE...            every mistake of a file, with its place and its repair
  ka-node COMMAND --help           more on a command

What to run
  -f, --use-file FILE              configuration, default /etc/keepalived/keepalived.conf
  -P, --vrrp                       only VRRP
  -C, --check                      only health checkers and load balancing
  -i, --config-id ID               id for @ID lines, default the host name
  -s, --namespace NAME             run in this network namespace
  -e, --all-config                 a missing included file is an error
  -t, --config-test[=FILE]         test the configuration, append the report to FILE

How to run
  -n, --dont-fork                  stay in the foreground
      --single-process             everything in one process
  -R, --dont-respawn               a child that dies ends the daemon
  -p, --pid FILE                   pid file, default /run/keepalived.pid
  -r, --vrrp_pid FILE              pid file of the VRRP process, default /run/vrrp.pid
  -c, --checkers_pid FILE          pid file of the checker process, default /run/checkers.pid
  -u, --umask MASK                 for files that are written, default 0177
  -V, --dont-release-vrrp          leave virtual addresses in place at the end
  -I, --dont-release-ipvs          leave IPVS entries in place at the end
      --ignore-sigint              Ctrl-C does not stop it

What to tell
  -l, --log-console                log to stderr too
  -D, --log-detail                 more lines; twice: even more
  -S, --log-facility FACILITY      0-7, local0-local7, user, daemon (default)
  -G, --no-syslog                  no syslog
  -g, --log-file[=FILE]            log to a file too, default /tmp/keepalived.log
      --flush-log-file             write each line at once
  -d, --dump-conf                  log the configuration that was read
      --signum NAME                number of a signal: STOP RELOAD DATA STATS STATS_CLEAR JSON
  -v, --version                    version
  -h, --help                       this page

Signals
  TERM, INT   stop: priority 0 is sent, addresses are removed, notify_stop runs
  HUP         reload: only what changed is touched, an invalid file changes nothing

All other options of keepalived are accepted and say in one line what they do instead.
`;
