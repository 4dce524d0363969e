/** Tian's first objection. */
import { type Claim, K1, trial } from './claim.ts';

export const claim: Claim = {
  name: 'not-only-save-restore',
  who: 'Tian',
  says: 'The problem is not specific to save and restore: the wall can be changed at run time as well.',
  predicts: 'T5 freezes the guest of T1, without any move.',
  trials: [
    trial({
      case: 't5',
      kernel: K1,
      predicts: 'frozen by M1',
      holds: ({ result }) => result.verdict === 'frozen' && result.mechanism === 'M1',
    }),
  ],
  finding: 'true',
  because: 'monotonic_tv does not ask why the wall went back.',
};
