/** Song's patch, as he posted it. */
import { NS_PER_S } from '@skewbed/proto/units.ts';
import { type Claim, healthy, K1, published, trial } from './claim.ts';

const song = { kernel: K1, restore: 'song-2008', predicts: 'healthy', holds: healthy } as const;

export const claim: Claim = {
  name: 'patch-cures',
  who: 'James Song',
  says: 'With the patch the guest does not hang.',
  predicts: 'Under song-2008 every recipe is healthy, with dom0 running ntp too.',
  trials: [
    trial({ case: 't1', ...song }),
    trial({ case: 't2', ...song }),
    trial({ case: 't1', ...song, change: published(30n * NS_PER_S), predicts: 'healthy, with ntp' }),
    trial({ case: 't3', ...song }),
    trial({ case: 't4', ...song }),
  ],
  finding: 'partly',
  because:
    'It cures T1 and T2 until the next settime on that host. Where the uptimes differ it joins the wc_sec of one host to the uptime of another, and freezes a guest whose walls agreed (T3).',
};
