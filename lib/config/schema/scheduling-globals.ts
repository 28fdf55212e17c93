/** Rows of global_defs: how the kernel schedules each process. */
import { micros } from '../../units.js';
import { alias, defaulted, type Effect } from './dsl.js';
import { cpuList, rttime } from './global-values.js';
import { integer, present } from './values.js';

const works = { effect: 'works' } as const;
const reported = { missing: 'reported' } as const;

const niceRow = (who: string, effect: 'works' | 'parsed'): ReturnType<typeof defaulted<number>> =>
  defaulted(integer(-20, 19), 0, `nice value of the ${who} process`, { missing: 'reported', effect });
const realTimeRow = (who: string, effect: Effect): ReturnType<typeof defaulted<number>> =>
  defaulted(
    integer(1, 99, { clamp: true }),
    0,
    `real-time priority (SCHED_RR) of the ${who} process; without it, ordinary scheduling`,
    { missing: 'reported', defaultText: 'not real-time', effect },
  );

export const scheduling = {
  vrrp_priority: niceRow('VRRP', 'works'),
  checker_priority: niceRow('checker', 'works'),
  bfd_priority: niceRow('BFD', 'parsed'),
  vrrp_no_swap: defaulted(present, false, 'keeps the VRRP process in memory', works),
  checker_no_swap: defaulted(present, false, 'keeps the checker process in memory', works),
  bfd_no_swap: defaulted(present, false, 'keeps the BFD process in memory'),
  vrrp_rt_priority: realTimeRow('VRRP', 'works'),
  checker_rt_priority: realTimeRow('checker', 'works'),
  bfd_rt_priority: realTimeRow('BFD', 'parsed'),
  vrrp_cpu_affinity: defaulted(cpuList, [], 'CPUs that the VRRP process may use', { ...reported, ...works }),
  checker_cpu_affinity: defaulted(cpuList, [], 'CPUs that the checker process may use', {
    ...reported,
    ...works,
  }),
  bfd_cpu_affinity: defaulted(cpuList, [], 'CPUs that the BFD process may use', reported),
  vrrp_rlimit_rttime: defaulted(rttime, micros(10000), 'real-time CPU time without a pause', {
    ...works,
    note: 'beyond it a thread goes on without real-time priority until it sleeps; keepalived is killed',
  }),
  vrrp_rlimit_rtime: alias('vrrp_rlimit_rttime', 'old spelling', { isCounted: false }),
  checker_rlimit_rttime: defaulted(rttime, micros(10000), 'real-time CPU time without a pause', {
    ...works,
    note: 'applied when it is written and is not the default, which a garbage collection may exceed',
  }),
  checker_rlimit_rtime: alias('checker_rlimit_rttime', 'old spelling', { isCounted: false }),
  bfd_rlimit_rttime: defaulted(rttime, micros(10000), 'real-time CPU time without a pause'),
  bfd_rlimit_rtime: alias('bfd_rlimit_rttime', 'old spelling', { isCounted: false }),
};
