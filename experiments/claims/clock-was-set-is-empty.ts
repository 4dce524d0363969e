/** Tian on clock_was_set. */
import { type Claim, frozen, healthy, K1, trial } from './claim.ts';

export const claim: Claim = {
  name: 'clock-was-set-is-empty',
  who: 'Tian',
  says: 'clock_was_set is a no-op in 2.6.18 and real later: a guest which cannot adjust its timers hangs.',
  predicts: 'T1 freezes as it is, and a real clock_was_set cures it.',
  trials: [
    trial({ case: 't1', kernel: K1, predicts: 'frozen', holds: frozen }),
    trial({
      case: 't1',
      kernel: K1,
      patches: ['clock-was-set-real'],
      predicts: 'healthy with a real one',
      holds: healthy,
    }),
  ],
  finding: 'partly',
  because:
    'It is empty in 2.6.18 indeed (hrtimer.h), but a real one re-bases timers on CLOCK_REALTIME only: it cannot free a clock that reads a constant.',
};
