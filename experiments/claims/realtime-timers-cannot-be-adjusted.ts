/** Tian on hrtimers of CLOCK_REALTIME. */
import { NS_PER_S } from '@skewbed/proto/units.ts';
import { type Claim, K1, timerLate, trial } from './claim.ts';

export const claim: Claim = {
  name: 'realtime-timers-cannot-be-adjusted',
  who: 'Tian',
  says: 'Timers on CLOCK_REALTIME use getnstimeofday and cannot be adjusted when the wall changes.',
  predicts: 'In T1 timers that were armed before the stop come back late, absolute and relative ones.',
  trials: [
    trial({
      case: 't1',
      kernel: K1,
      change: () => ({
        timers: [{ kind: 'absolute-realtime', lengthNs: 100n * NS_PER_S, armed: { side: 'before-stop', ns: 0n } }],
      }),
      predicts: 'an absolute timer is late',
      holds: timerLate(1),
    }),
    trial({
      case: 't1',
      kernel: K1,
      predicts: 'a relative sleep is late',
      holds: ({ result }) => (result.probes.oldSleep?.late ?? 0) > 1,
    }),
  ],
  finding: 'partly',
  because:
    'An absolute time comes later when the clock is set back: POSIX wants that. A relative sleep is converted to CLOCK_MONOTONIC when it is armed, and comes back on time.',
};
