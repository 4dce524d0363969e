/** Test only: time_resume as it would be if it did not take processed_system_time from the new host (mechanism M0). */
import type { Patch } from '../patch.ts';

export const withoutPReset: Patch = {
  name: 'without-p-reset',
  side: 'guest',
  kernels: ['xenlinux-2.6.18-2007', 'xenlinux-2.6.18', 'suse-2.6.25', 'suse-2.6.31'],
  testOnly: true,
  source: 'facts K.5, row "time_resume resetting P", taken away',
  claims: 'None: it is a fault on purpose.',
  objections: 'Ticks stop on a younger host.',
  guestTime: (base) => ({
    resume(g, outcome) {
      const processed = g.state.processedSystemTime;
      base.resume(g, outcome);
      g.state.processedSystemTime = processed;
      g.ops.updateWallclock(g);
    },
  }),
};
