/** Keir Fraser's comparison. */
import { type Claim, K1, trial } from './claim.ts';

const m1 =
  (late: number) =>
  ({ result }: Parameters<Claim['trials'][number]['holds']>[0]): boolean =>
    result.mechanism === 'M1' && Math.abs((result.probes.newSleep?.late ?? 0) - late) < 0.1;

export const claim: Claim = {
  name: 'date-is-the-same',
  who: 'Keir Fraser',
  says: 'For the guest a change by date is basically the same as save and restore.',
  predicts: 'T1 and T5 show one mechanism, each as long as its wall step.',
  trials: [
    trial({ case: 't1', kernel: K1, predicts: 'M1 for 570 s', holds: m1(570) }),
    trial({ case: 't5', kernel: K1, predicts: 'M1 for 600 s', holds: m1(600) }),
  ],
  finding: 'true',
  because: 'Both are a wall that goes back under monotonic_tv. It was meant to reassure, and does not.',
};
