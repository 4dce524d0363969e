/**
 * K2': SUSE's port as of 2.6.31 (machine_reboot.c of openSUSE-kernel 4792b985, time_32-xen.c of kernel-image-cuboxi
 * 7b7bd188): a restore goes through sysdev_suspend and sysdev_resume, so the clocksource's resume hook runs: it takes
 * processed_system_time from Xen and resets cs_last; timekeeping_resume rebases cycle_last.
 * It does not call update_wallclock. The wall comes from timekeeping_resume (forward only, whole seconds), and then from
 * the first tick that sees a wc_version other than the last one seen on the source (facts L.3).
 */
import type { Kernel } from '../kernel.ts';
import { persistentSeconds } from '../pvops.ts';
import { forwardNow, injectSleep } from '../timekeeping.ts';
import { SUSE_OPS } from './suse-2.6.25.ts';

export const suse2631: Kernel = {
  name: 'suse-2.6.31',
  label: "K2'",
  tick: 'periodic',
  expiry: 'strict',
  futexWait: 'monotonic',
  ops: {
    ...SUSE_OPS,
    suspend(g) {
      g.state.suspendTime = persistentSeconds(g);
      forwardNow(g);
    },
    resume(g) {
      const now = g.xen.systemTime();
      g.xen.setPeriodicTimer(g.tickNs);
      g.xen.registerRunstateArea();
      g.state.processedSystemTime = now;
      g.state.guard = now;
      injectSleep(g, persistentSeconds(g));
      g.state.cycleLast = g.ops.clocksourceRead(g);
    },
  },
};
