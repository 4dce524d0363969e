/** Runs the clocksource's resume hook and timekeeping's rebase on restore, as sysdev_resume does in SUSE's 2.6.31. */
import type { Patch } from '../patch.ts';

export const sysdevResume: Patch = {
  name: 'sysdev-resume',
  side: 'guest',
  kernels: ['suse-2.6.25'],
  source: 'openSUSE-kernel 4792b985, machine_reboot.c',
  claims: 'cs_last and cycle_last start from the new host.',
  objections: 'None on record.',
  guestTime: (base) => ({
    resume(g, outcome) {
      g.state.guard = g.xen.systemTime();
      base.resume(g, outcome);
      g.state.cycleLast = g.ops.clocksourceRead(g);
    },
  }),
};
