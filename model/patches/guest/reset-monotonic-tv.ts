/** Clears gettimeofday's guard wherever the kernel takes a new wall: in update_wallclock, which time_resume calls too. */
import type { Patch } from '../patch.ts';

export const resetMonotonicTv: Patch = {
  name: 'reset-monotonic-tv',
  side: 'guest',
  kernels: ['xenlinux-2.6.18'],
  source: 'facts K.5; what settimeofday in the same file does',
  claims: 'gettimeofday follows the wall that the kernel was told, back as well as forward.',
  objections: 'The clock is seen to step back, which the guard was there to hide.',
  guestTime: (base) => ({
    updateWallclock(g) {
      base.updateWallclock(g);
      g.state.monotonicTv = 0n;
    },
  }),
};
