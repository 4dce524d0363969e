/** timekeeping_resume's rebase alone: cycle_last is read again on the new host, the guard is left as it is. */
import type { Patch } from '../patch.ts';

export const rebaseCycleLast: Patch = {
  name: 'rebase-cycle-last',
  side: 'guest',
  kernels: ['suse-2.6.25'],
  source: 'linux kernel/time/timekeeping.c, timekeeping_resume; facts K.5',
  claims: 'The difference of two hosts does not become time that passed.',
  objections: 'A guarded clocksource still reads the old value on a younger host.',
  guestTime: (base) => ({
    resume(g, outcome) {
      base.resume(g, outcome);
      g.state.cycleLast = g.ops.clocksourceRead(g);
    },
  }),
};
