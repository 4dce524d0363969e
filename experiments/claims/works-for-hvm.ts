/** Song on fully virtualised guests. */
import type { Claim } from './claim.ts';

export const claim: Claim = {
  name: 'works-for-hvm',
  who: 'James Song',
  says: 'It works for fully virtualised guests, but maybe not for modified PV guests.',
  predicts:
    'Not tested: an HVM guest has clocks of its own (PIT, RTC, HPET, its own TSC), and this testbed models PV guests alone.',
  trials: [],
  finding: 'out-of-scope',
  because: 'HVM, PVHVM and PVH clocks are outside the model (facts K.9).',
};
