/** clock_was_set, an empty macro in 2.6.18, made to do what it does from 2.6.28 on: re-base CLOCK_REALTIME timers. */
import type { Patch } from '../patch.ts';

export const clockWasSetReal: Patch = {
  name: 'clock-was-set-real',
  side: 'guest',
  kernels: ['xenlinux-2.6.18-2007', 'xenlinux-2.6.18', 'suse-2.6.25', 'suse-2.6.31'],
  source: 'linux 2.6.28 kernel/hrtimer.c, retrigger_next_event; asked for by Tian',
  claims: 'Timers on CLOCK_REALTIME learn that it was set.',
  objections: 'It moves no clock. These kernels scan xtime itself, which has the new wall already.',
  guestTime: () => ({
    clockWasSet(g) {
      g.state.realtimeOffset = -g.state.wallToMonotonic;
    },
  }),
};
