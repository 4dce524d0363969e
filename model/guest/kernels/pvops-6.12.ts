/**
 * K5: current pv-ops (Linux 6.12; 5.10, 6.1 and 6.12 behave alike on real Xen, facts/xen-lab.md). The guard is cleared
 * on resume (pvclock_resume), sched_clock is the pvclock minus an offset that a suspend does not change (867cefb4cb10),
 * the runstate area is registered again, a clocksource delta below zero counts as none.
 * The persistent clock is kept in ns; at suspend a small change of its distance to xtime is folded into it, so that the
 * wall returns onto Xen's after a forward resume; a distance that changed by -1 s or less, or 2 s or more, is kept.
 */

import { NS_PER_S } from '@skewbed/proto/units.ts';
import { floorDiv } from '../../time/nanos.ts';
import type { GuestTime, Kernel } from '../kernel.ts';
import { guardedRead, heldDeadline, heldLastValue, PVOPS_OPS, persistentClock } from '../pvops.ts';
import { forwardNow, injectSleep } from '../timekeeping.ts';

/** timekeeping_suspend's bookkeeping: |whole seconds of the normalised difference| >= 2 is a wall that somebody set. */
function rememberPersistent(g: GuestTime): void {
  const { state } = g;
  const persistent = persistentClock(g);
  forwardNow(g);
  const delta = state.xtime - persistent;
  const changed = delta - state.suspendDelta;
  const seconds = floorDiv(changed, NS_PER_S);
  const kept = seconds >= 2n || seconds <= -2n;
  state.suspendTime = kept ? persistent : persistent + changed;
  if (kept) state.suspendDelta = delta;
}

export const pvops612: Kernel = {
  name: 'pvops-6.12',
  label: 'K5',
  tick: 'oneshot',
  expiry: 'inclusive',
  futexWait: 'monotonic',
  ops: {
    ...PVOPS_OPS,
    boot(g) {
      PVOPS_OPS.boot(g);
      g.state.schedClockOffset = g.ops.clocksourceRead(g);
    },
    gettimeofday(g) {
      const cycles = g.ops.clocksourceRead(g) - g.state.cycleLast;
      return g.state.xtime + (cycles > 0n ? cycles : 0n);
    },
    clocksourceRead: guardedRead,
    schedClock: (g) => g.ops.clocksourceRead(g) - g.state.schedClockOffset,
    suspend(g) {
      rememberPersistent(g);
      g.state.schedClockSaved = g.ops.clocksourceRead(g) - g.state.schedClockOffset;
    },
    resume(g) {
      g.xen.stopPeriodicTimer();
      g.xen.registerRunstateArea();
      g.state.guard = 0n;
      g.state.schedClockOffset = g.ops.clocksourceRead(g) - g.state.schedClockSaved;
      injectSleep(g, persistentClock(g));
      g.state.cycleLast = g.ops.clocksourceRead(g);
      g.ops.clockWasSet(g);
    },
    held: (g) => [heldLastValue(g), heldDeadline(g)],
  },
};
