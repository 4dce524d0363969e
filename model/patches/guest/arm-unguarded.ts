/** Arms relative timers with the wall that gettimeofday computed before its guard, the clock which expires them. */
import { computedWall } from '../../guest/xenlinux.ts';
import type { Patch } from '../patch.ts';

export const armUnguarded: Patch = {
  name: 'arm-unguarded',
  side: 'guest',
  kernels: ['xenlinux-2.6.18'],
  source: 'facts K.5; ktime_get against hrtimer_get_softirq_time in kernel/hrtimer.c 2.6.18',
  claims: 'A sleep is as long as it is, whatever gettimeofday shows.',
  objections: '`date` still stands still.',
  guestTime: () => ({ ktimeGet: (g) => computedWall(g) + g.state.wallToMonotonic }),
};
