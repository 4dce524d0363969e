/** Keir Fraser on what had been mended before (X:16e00ecd92, August 2007). */
import { type Claim, frozen, healthy, K1, trial } from './claim.ts';

export const claim: Claim = {
  name: 'wc-corruption-was-fixed',
  who: 'Keir Fraser',
  says: 'We had problems with corrupting wc_sec and wc_nsec in xc_domain_restore.c, but that was fixed some time ago.',
  predicts: 'T3 freezes the guest when the whole shared_info is copied, and no more since only fields are.',
  trials: [
    trial({ case: 't3', kernel: K1, restore: 'copy-all', predicts: 'frozen', holds: frozen }),
    trial({ case: 't3', kernel: K1, restore: 'fields-2007', predicts: 'healthy', holds: healthy }),
  ],
  finding: 'true',
  because:
    'Copying wc_* gives the wall of the source minus its uptime plus that of the target. The posted patch brings just this back.',
};
