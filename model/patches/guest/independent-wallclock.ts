/** The boot switch of XenLinux: the guest keeps its own wall and takes no notice of wc_* (independent_wallclock=1). */
import type { Patch } from '../patch.ts';

export const independentWallclock: Patch = {
  name: 'independent-wallclock',
  side: 'guest',
  kernels: ['xenlinux-2.6.18-2007', 'xenlinux-2.6.18', 'suse-2.6.25', 'suse-2.6.31'],
  source: 'XenLinux boot parameter and sysctl xen.independent_wallclock; recommended by the open-sharedroot FAQ',
  claims: 'A wall that never steps cannot step back.',
  objections: 'The guest has to run NTP itself. In suse-2.6.25 a date that is wrong after a move stays wrong.',
  guestTime: () => ({
    updateWallclock(g) {
      g.state.shadowTvVersion = g.xen.wallclock().version;
    },
  }),
};
