/** Tian's worry about uptimes. */
import { type Claim, K1, K2, K4, onKernels } from './claim.ts';

const DAYS = 700_000;

export const claim: Claim = {
  name: 'timers-wait-for-ever',
  who: 'Tian',
  says: 'A difference of the uptimes may make timers wait nearly for ever.',
  predicts: 'In T3 a sleep of one second comes back days later.',
  trials: onKernels([K1, K2, K4], {
    case: 't3',
    predicts: 'sleep(1) takes days',
    holds: ({ result }) => (result.probes.newSleep?.late ?? 0) > DAYS,
  }),
  finding: 'partly',
  because:
    'K1 re-bases its timers in time_resume. The clock source of K2 stands still (M2), and K4 asks Xen for a deadline in the uptime of the source (M2b).',
};
