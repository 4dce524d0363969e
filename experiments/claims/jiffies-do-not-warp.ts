/** Keir Fraser on jiffies. */
import { type Claim, K1, K4, onKernels } from './claim.ts';

export const claim: Claim = {
  name: 'jiffies-do-not-warp',
  who: 'Keir Fraser',
  says: 'Linux uses the progress of system time to update jiffies, which therefore do not warp.',
  predicts: 'In T3 jiffies go on without a stop.',
  trials: onKernels([K1, K4], {
    case: 't3',
    predicts: 'jiffies go on',
    holds: ({ result }) => (result.probes.jiffies?.stuckFor ?? Number.POSITIVE_INFINITY) < 1,
  }),
  finding: 'partly',
  because:
    'In K1 time_resume sets processed_system_time anew. In K4 the tick itself is a timer on the frozen clock, so jiffies stop with it.',
};
