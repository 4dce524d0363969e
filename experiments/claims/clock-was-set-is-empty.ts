/** Tian on clock_was_set. */
import { type Claim, frozen, K1, trial } from './claim.ts';

export const claim: Claim = {
  name: 'clock-was-set-is-empty',
  who: 'Tian',
  says: 'clock_was_set is a no-op in 2.6.18, and real in later kernels.',
  predicts: 'T1 freezes with the empty one. Whether a real one would have helped is our own question.',
  trials: [
    trial({ case: 't1', kernel: K1, predicts: 'frozen', holds: frozen }),
    trial({
      case: 't1',
      kernel: K1,
      patches: ['clock-was-set-real'],
      predicts: 'ours: frozen with a real one too',
      holds: frozen,
    }),
  ],
  finding: 'true',
  because:
    'It is empty in 2.6.18 indeed (hrtimer.h). A real one re-bases timers on CLOCK_REALTIME only: it cannot free a clock that reads a constant.',
};
