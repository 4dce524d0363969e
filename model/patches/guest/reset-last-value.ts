/** pvclock_resume: the guard starts from zero on a new host (d0054d672ff0, 2010-10-25). cs_last is the same guard in K2. */
import type { Patch } from '../patch.ts';

export const resetLastValue: Patch = {
  name: 'reset-last-value',
  side: 'guest',
  kernels: ['suse-2.6.25', 'pvops-2.6.35'],
  source: 'linux d0054d672ff0, Jeremy Fitzhardinge, 2010-10-25',
  claims: 'The system clock may revert to a smaller value on resume, so last_value must not outlive it.',
  objections: 'Where cycle_last is not rebased as well, what the guard prevented happens: M4.',
  guestTime: (base) => ({
    resume(g, outcome) {
      g.state.guard = 0n;
      base.resume(g, outcome);
    },
  }),
};
