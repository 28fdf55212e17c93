/** What ka-node does otherwise than keepalived 2.2.7, on purpose. Kept by hand: the section of `docs/compat.md`. */

export interface Difference {
  readonly what: string;
  readonly why: string;
}

export const differences: readonly Difference[] = [
  {
    what: 'A test does not change what the daemon would do, and sees everything.',
    why: '`-t` answers with the statuses of keepalived, oddities included, but reports every mistake of the file in one run: keepalived ends itself at a keyword without its value, and hides the checks across blocks behind a missing interface. `ka-node check` has statuses of its own: 0 good or warnings, 1 errors, 2 cannot be read.',
  },
  {
    what: 'A file whose braces do not fit is told of as it was meant.',
    why: 'It runs as keepalived runs it, and `-t` has the same status; but the messages, and `ka-node check`, are about the blocks that were meant, and tell a missing or needless brace once (`KA2001` to `KA2008`, `KA2020`). A definition that contains itself is refused (`KA1201`) where keepalived reads it until a line is full or for ever, and so is a sequence over what can be no name (`~SEQ(1,3)`, `KA1203`), which keepalived repeats.',
  },
  {
    what: 'keepalived 2.2.7 crashes are not imitated.',
    why: 'Where a file ends keepalived with a signal, ka-node reads on and says what is wrong.',
  },
  {
    what: 'The byte ff is a byte.',
    why: 'keepalived 2.2.7 refuses it in the payload and in the expected reply of UDP_CHECK (`0102ff`); ka-node sends and expects it.',
  },
  {
    what: 'Keywords of later versions are known.',
    why: 'Up to 2.4; each is told as `KA2016` with the version that brought it. Keywords of parts that Debian leaves out of its build are read too (`KA2007`).',
  },
  {
    what: 'A pending configuration is tested before it replaces the running one.',
    why: 'A reload with an error leaves the old configuration running, whether or not reload_check_config is there.',
  },
  {
    what: 'A late wake-up is not taken for a dead master.',
    why: 'Received adverts are looked at before timers fire, adverts keep their phase, and the grace for lateness is given once. See [decision 3](decisions/0003-lateness-is-not-silence.md).',
  },
  {
    what: 'Virtual addresses that somebody else deletes are put back while MASTER.',
    why: 'keepalived leaves MASTER and comes back a moment later. After a few times within a window ka-node leaves the address alone and says so. See [decision 4](decisions/0004-addresses-are-desired-state.md).',
  },
  {
    what: 'Unicast adverts over IPv6 have hop limit 255.',
    why: 'RFC 9568 section 5.1.2.3 asks for it; keepalived leaves the default of the kernel, 64.',
  },
  {
    what: 'Health checks are spread over their interval.',
    why: 'The first attempts of many checkers fall evenly into `warmup` instead of at random, so that thousands of them make no bursts.',
  },
  {
    what: 'Regular expressions of HTTP_GET run in linear time.',
    why: 'They are RE2: a pattern cannot stall the checkers. Back references and look-around are refused with a message, and regex_stack has nothing to limit.',
  },
  {
    what: 'A VRRP process that dies is master again before its peers have missed it.',
    why: 'The supervisor remembers what it held, and starts it again at once (three times in a row; then after 1, 2, 4 ... 60 s, its addresses removed meanwhile). keepalived starts it as BACKUP.',
  },
  {
    what: 'The configuration is read by a process of its own at a reload.',
    why: 'It hands each side what is meant for it; the VRRP process never reads text, nor sees virtual servers. A file that is empty is refused, where keepalived removes everything. Processes have the telling names of process_names always.',
  },
  {
    what: 'A flood of adverts of lower priority starts no flood of scripts.',
    why: 'Of each second the first twenty run notify_master_rx_lower_pri and are written to the pipes.',
  },
  {
    what: 'A pipe and the script that reads it live through a reload.',
    why: 'Where nothing about them changes, lines of the reload are not lost; keepalived opens the pipe anew and starts the script again.',
  },
  {
    what: 'Gratuitous ARPs and neighbour adverts are counted, not logged.',
    why: 'keepalived writes a line for each with `-D`; ka-node counts them for each instance (`ka_node_vrrp_announcements_total`).',
  },
  {
    what: 'Causes are told.',
    why: 'Beside the lines of keepalived the log has one line for each transition that says why it happened.',
  },
];
