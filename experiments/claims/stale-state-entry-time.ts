/** Song's second explanation, from the pv-ops file. */
import { type Claim, frozen, K3, trial } from './claim.ts';

export const claim: Claim = {
  name: 'stale-state-entry-time',
  who: 'James Song',
  says: 'When state_entry_time of the source is larger than the time on the target, the guest is not scheduled any more.',
  predicts: 'T3 on the kernel of that file: state_entry_time holds sched_clock, and the guest freezes.',
  trials: [
    trial({
      case: 't3',
      kernel: K3,
      predicts: 'sched_clock is held (M3)',
      holds: ({ result }) => result.mechanism === 'M3',
    }),
    trial({ case: 't3', kernel: K3, predicts: 'frozen', holds: frozen }),
    trial({
      case: 't3',
      kernel: K3,
      predicts: 'the cpu loop does not run',
      holds: ({ result }) => result.probes.cpuLoop?.ran === false,
    }),
  ],
  finding: 'partly',
  because:
    'The variable is right, the consequence is not: the scheduler of 2.6.27 floors its clock by the tick, so tasks run in coarse slices and only printk stamps stand still.',
};
