/**
 * K1: XenLinux 2.6.18 of November 2008 (branch linode of linux-2.6.18.8-ovz-xen; RHEL 5.1's 2.6.18-53.el5 is alike).
 * As K0, and gettimeofday keeps monotonic_tv, the largest value it ever returned, and returns that when the wall is
 * behind it. Relative timers are armed with the guarded clock and expired with the unguarded one: after a step back of
 * the wall, `date` stands still until the wall has caught up, and what was armed meanwhile is late by the rest (M1).
 * settimeofday in the guest clears the guard, even where it may not change the time.
 */
import { NS_PER_US } from '@skewbed/proto/units.ts';
import type { GuestTime, Kernel } from '../kernel.ts';
import { computedWall, heldProcessed, XENLINUX_OPS } from '../xenlinux.ts';

function guardedWall(g: GuestTime): bigint {
  const us = computedWall(g) / NS_PER_US;
  if (us > g.state.monotonicTv) g.state.monotonicTv = us;
  return g.state.monotonicTv * NS_PER_US;
}

export const xenlinux: Kernel = {
  name: 'xenlinux-2.6.18',
  label: 'K1',
  tick: 'periodic',
  expiry: 'strict',
  futexWait: 'jiffies',
  ops: {
    ...XENLINUX_OPS,
    gettimeofday: guardedWall,
    settimeofday(g) {
      g.state.monotonicTv = 0n;
      g.ops.clockWasSet(g);
    },
    held: (g) => [
      ...heldProcessed(g),
      {
        variable: 'monotonic_tv',
        mechanism: 'M1',
        holdsNs: g.state.monotonicTv * NS_PER_US,
        waitsOn: 'wall',
        clockNs: computedWall(g),
      },
    ],
  },
};
