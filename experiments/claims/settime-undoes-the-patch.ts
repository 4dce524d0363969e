/** Tian's objection to the patch. */
import { NS_PER_S } from '@skewbed/proto/units.ts';
import { type Claim, frozen, K1, published, trial } from './claim.ts';

const song = {
  kernel: K1,
  restore: 'song-2008',
  change: published(30n * NS_PER_S),
  predicts: 'frozen after the settime',
  holds: frozen,
} as const;

export const claim: Claim = {
  name: 'settime-undoes-the-patch',
  who: 'Tian',
  says: 'The patch changes the restore once; the next settime of dom0 undoes it.',
  predicts: 'Under song-2008 T1 and T2 freeze as soon as dom0 publishes its clock.',
  trials: [trial({ case: 't1', ...song }), trial({ case: 't2', ...song })],
  finding: 'true',
  because:
    'The skipped update is consumed at the restore; the next one gives the guest the wall of its host, and the wall goes back then.',
};
