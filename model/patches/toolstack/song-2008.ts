/**
 * James Song's patch as posted to xen-devel in November 2008 (base hg a5ed0dbc829f), all six hunks:
 *  1 tools/libxc/xc_domain_restore.c: issue XEN_DOMCTL_restoredomain before the first record; a failure aborts
 *  2 the same file: copy wc_nsec and wc_sec, not wc_version, out of the saved shared_info
 *  3 xen/arch/x86/time.c: update_domain_wallclock_time skips once when after_restore is set, and clears it
 *  4 xen/common/domctl.c: the new case sets after_restore; an unknown domid returns 0, not -ESRCH
 *  5 xen/include/public/domctl.h: the number 51, which set_machine_address_size had since 2008-07-11 (X:41296317a3)
 *  6 xen/include/xen/sched.h: int after_restore in struct domain
 */
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { SHARED_INFO } from '../../xen/shared-info.ts';
import { viewOf } from '../../xen/vcpu-info.ts';
import type { Patch } from '../patch.ts';

const NAME = 'song-2008';
const XEN_DOMCTL_RESTOREDOMAIN = 51;

export const song2008: Patch = {
  name: NAME,
  side: 'toolstack',
  source: 'xen-devel 2008-11-21 to 2008-11-27, James Song; not applied',
  claims:
    'A PV guest that is restored on a host whose clock is behind hangs, because Xen gives it the native wc_sec; with the saved wc_sec it does not.',
  objections:
    'Tian: a later settime undoes it, and the cause is not explained. Keir Fraser: guests expect system time to jump. Found here: it freezes a guest whose walls agreed when the uptimes differ.',
  domctl(table, host) {
    if (table.has(XEN_DOMCTL_RESTOREDOMAIN)) {
      throw new SkewbedError(
        'domctl-clash',
        `host ${host}: the patch song-2008 takes domctl 51, which is set_machine_address_size there (X:41296317a3, 2008-07-11); leave out domctl51 or the patch, 54 was the first free number`,
      );
    }
    table.set(XEN_DOMCTL_RESTOREDOMAIN, (_, domain) => {
      domain?.patchState.set(NAME, true);
    });
  },
  restore: (base) => ({
    begin(host, domain) {
      host.domctl(XEN_DOMCTL_RESTOREDOMAIN, domain);
      base.begin(host, domain);
    },
    copySharedInfo(saved, page) {
      base.copySharedInfo(saved, page);
      const from = viewOf(saved);
      const to = viewOf(page);
      for (const field of [SHARED_INFO.wcSec, SHARED_INFO.wcNsec])
        to.setUint32(field, from.getUint32(field, true), true);
    },
  }),
  hypervisorTime: (base) => ({
    updateDomainWallclockTime(host, domain) {
      if (!domain.patchState.delete(NAME)) return base.updateDomainWallclockTime(host, domain);
      host.tell({ kind: 'wallclock-skipped', domain: domain.name, patch: NAME });
    },
  }),
};
