/**
 * K3: early pv-ops, 2.6.27/28 (linux at 2008-11-13, arch/x86/xen/time.c): the other file that James Song names.
 * The pvclock is read without a guard and cycle_last is rebased on resume, so neither clock freezes; the wall goes
 * forward only. sched_clock is unstolen time from the runstate area, which is registered at CPU setup and never again
 * (until be012920ecba): on a new host the page still holds the old host's stamp (M3).
 */
import type { Kernel } from '../kernel.ts';
import { PVOPS_OPS } from '../pvops.ts';

export const pvops2627: Kernel = {
  name: 'pvops-2.6.27',
  label: 'K3',
  tick: 'oneshot',
  expiry: 'inclusive',
  futexWait: 'monotonic',
  ops: PVOPS_OPS,
};
