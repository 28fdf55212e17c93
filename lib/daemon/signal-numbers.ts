/** What `--signum` prints: keepalived's numbers on Linux. SIGRTMIN is 34 and SIGRTMAX 64 there. */
export const signalNumbers = {
  STOP: 15,
  RELOAD: 1,
  DATA: 10,
  STATS: 12,
  STATS_CLEAR: 63,
  JSON: 36,
} as const;
