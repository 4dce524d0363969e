/** Tian on futexes. */
import { NS_PER_S } from '@skewbed/proto/units.ts';
import { type Claim, K1, timerLate, trial } from './claim.ts';

const armed = { side: 'before-stop', ns: 0n } as const;

export const claim: Claim = {
  name: 'futex-uses-realtime',
  who: 'Tian',
  says: 'futex uses CLOCK_REALTIME.',
  predicts: 'In T1 futex waits with a time-out come back late by the wall step.',
  trials: [
    trial({
      case: 't1',
      kernel: K1,
      change: () => ({ timers: [{ kind: 'futex-lock-pi', lengthNs: 100n * NS_PER_S, armed }] }),
      predicts: 'FUTEX_LOCK_PI is late',
      holds: timerLate(1),
    }),
    trial({
      case: 't1',
      kernel: K1,
      change: () => ({ timers: [{ kind: 'futex-wait', lengthNs: 100n * NS_PER_S, armed }] }),
      predicts: 'FUTEX_WAIT is late',
      holds: timerLate(1),
    }),
  ],
  finding: 'partly',
  because:
    'Only FUTEX_LOCK_PI takes an absolute CLOCK_REALTIME time. FUTEX_WAIT counts jiffies in 2.6.18, and is on CLOCK_MONOTONIC from 2.6.22 on.',
};
