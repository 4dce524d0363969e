/**
 * K4: pv-ops with the global pvclock guard and without its reset (489fb490dbf8 in, d0054d672ff0 not yet; read in
 * linux-2.6.32-xen-oprofile before d0054d672ff0). One last_value for all vCPUs, never cleared: on a younger host every
 * clock stands still until that host's system time has caught up (M2), and because deadlines are counted from the same
 * guarded read, Xen is asked for an interrupt that far away (M2b). The wall at resume is read through the guard too.
 * sched_clock is the pvclock (8a22b9996b00), the runstate area is registered on resume.
 */
import type { Kernel } from '../kernel.ts';
import { guardedRead, heldDeadline, heldLastValue, PVOPS_OPS } from '../pvops.ts';

export const pvops2635: Kernel = {
  name: 'pvops-2.6.35',
  label: 'K4',
  tick: 'oneshot',
  expiry: 'inclusive',
  futexWait: 'monotonic',
  ops: {
    ...PVOPS_OPS,
    clocksourceRead: guardedRead,
    schedClock: (g) => g.ops.clocksourceRead(g),
    resume(g, outcome) {
      g.xen.registerRunstateArea();
      PVOPS_OPS.resume(g, outcome);
    },
    held: (g) => [heldLastValue(g), heldDeadline(g)],
  },
};
