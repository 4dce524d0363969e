/** Tian on what the guest does by itself. */
import { type Claim, EVERY_KERNEL, onKernels } from './claim.ts';

export const claim: Claim = {
  name: 'timer-interrupt-catches-up',
  who: 'Tian',
  says: 'The guest catches up changes of the wall in its timer interrupt.',
  predicts: 'After a settime on its host (T5) the date of the guest is the wall of the host in the end.',
  trials: onKernels(EVERY_KERNEL, {
    case: 't5',
    predicts: 'the date follows',
    holds: ({ result }) => !result.also.includes('wallclock-wrong'),
  }),
  finding: 'partly',
  because:
    'The XenLinux and SUSE kernels watch wc_version in the timer interrupt. A pv-ops guest reads wc_* when it boots and resumes, and never hears of a settime.',
};
