/** Song's explanation of his own recipe. */
import { type Claim, healthy, K1, K2, K4, onKernels, trial } from './claim.ts';

export const claim: Claim = {
  name: 'native-wc-sec-is-the-cause',
  who: 'James Song',
  says: 'The guest hangs because it is given the native wc_sec of the new host instead of the saved one.',
  predicts: 'With the saved wc_sec, and everything else as it was, no guest hangs.',
  trials: [
    trial({ case: 't1', kernel: K1, restore: 'song-2008', predicts: 'healthy', holds: healthy }),
    trial({ case: 't2', kernel: K1, restore: 'song-2008', predicts: 'healthy', holds: healthy }),
    ...onKernels([K2, K4], { case: 't3', restore: 'song-2008', predicts: 'healthy', holds: healthy }),
  ],
  finding: 'partly',
  because:
    'In T1 and T2 the wall goes back because of the native wc_sec. The guards of K2 and K4 wait for the uptime and never read wc_*.',
};
