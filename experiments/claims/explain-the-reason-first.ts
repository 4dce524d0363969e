/** What Tian and Keir Fraser asked for last, and nobody answered. */
import { type Claim, K1, K3, K4, trial } from './claim.ts';

const names =
  (mechanism: string) =>
  ({ result }: Parameters<Claim['trials'][number]['holds']>[0]): boolean =>
    result.mechanism === mechanism;

export const claim: Claim = {
  name: 'explain-the-reason-first',
  who: 'Tian and Keir Fraser',
  says: 'Explain first which busy loop or which timer it is exactly.',
  predicts:
    'There is a variable that can be named for each freeze, and it waits for one clock: the wall in T1, the uptime in T3.',
  trials: [
    trial({ case: 't1', kernel: K1, predicts: 'M1: monotonic_tv waits for the wall', holds: names('M1') }),
    trial({
      case: 't3',
      kernel: K4,
      predicts: 'M2+M2b: last_value and a deadline in Xen wait for the uptime',
      holds: names('M2+M2b'),
    }),
    trial({ case: 't3', kernel: K3, predicts: 'M3: state_entry_time waits for the uptime', holds: names('M3') }),
  ],
  finding: 'true',
  because: 'Three variables in three kernels. The thread ended before anybody named one.',
};
