/** Keir Fraser on hrtimers. */
import { type Claim, K1, trial } from './claim.ts';

export const claim: Claim = {
  name: 'hrtimers-do-not-warp',
  who: 'Keir Fraser',
  says: 'hrtimers add wall_to_monotonic, so they do not warp.',
  predicts: 'In T1 sleeps come back on time, whenever they were armed.',
  trials: [
    trial({
      case: 't1',
      kernel: K1,
      predicts: 'a sleep armed before is on time',
      holds: ({ result }) => (result.probes.oldSleep?.late ?? 1) < 0.1,
    }),
    trial({
      case: 't1',
      kernel: K1,
      predicts: 'a sleep armed after is on time',
      holds: ({ result }) => (result.probes.newSleep?.late ?? 1) < 0.1,
    }),
  ],
  finding: 'partly',
  because:
    'True of the side that expires timers (xtime + wall_to_monotonic). Arming reads the guarded gettimeofday, so a new sleep gets a deadline too far by the wall step.',
};
