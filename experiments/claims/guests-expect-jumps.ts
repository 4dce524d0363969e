/** Keir Fraser's answer. */
import { type Claim, EVERY_KERNEL, healthy, onKernels } from './claim.ts';

export const claim: Claim = {
  name: 'guests-expect-jumps',
  who: 'Keir Fraser',
  says: 'Guests expect system time to jump across a restore, and deal with it.',
  predicts: 'T3 is healthy on every kernel.',
  trials: onKernels(EVERY_KERNEL, { case: 't3', predicts: 'healthy', holds: healthy }),
  finding: 'partly',
  because:
    'True where the resume path resets what it remembers. K2 does not run the resume hook of its clock source, and K4 has a guard that nobody resets.',
};
