/** sched_clock is plain system time, runstate plays no part in it (8a22b9996b00, 2010-07-12). */
import type { Patch } from '../patch.ts';

export const schedClockSystemTime: Patch = {
  name: 'sched-clock-system-time',
  side: 'guest',
  kernels: ['pvops-2.6.27'],
  source: 'linux 8a22b9996b00, Jeremy Fitzhardinge, 2010-07-12',
  claims: 'The scheduler wants wall time, not unstolen time.',
  objections: 'sched_clock now leaps by the difference of the uptimes.',
  guestTime: (base) => ({
    schedClock: (g) => g.ops.clocksourceRead(g),
    held: (g) => base.held(g).filter((h) => h.mechanism !== 'M3'),
  }),
};
