/** Song's first mail: the recipe itself. */
import { type Claim, EVERY_KERNEL, frozen, onKernels } from './claim.ts';

export const claim: Claim = {
  name: 'older-wall-hangs',
  who: 'James Song',
  says: 'A PV guest that is restored on a host whose wall clock is behind hangs.',
  predicts: 'T1 freezes every kernel.',
  trials: onKernels(EVERY_KERNEL, { case: 't1', predicts: 'frozen', holds: frozen }),
  finding: 'partly',
  because:
    'Only a guest that guards its wall (monotonic_tv, M1) waits for it: xenlinux-2.6.18. The tree of June 2007 has no such guard, the others have none on the wall.',
};
