/**
 * K0: XenLinux 2.6.18 of June 2007 (linux-2.6-xen-sparse in xen.git at c58e445d1c^; RHEL 5.0's 2.6.18-8.el5 is alike).
 * Keeps: xtime, wall_to_monotonic, jiffies, processed_system_time, shadow_tv_version.
 * Reads: gettimeofday = xtime + (system time - processed_system_time), with no guard: the wall may be seen to step back.
 * Arms relative timers with gettimeofday + wall_to_monotonic, expires them with xtime + wall_to_monotonic.
 * Resume: time_resume takes processed_system_time from Xen and the wall from shared_info.
 */
import type { Kernel } from '../kernel.ts';
import { XENLINUX_OPS } from '../xenlinux.ts';

export const xenlinux2007: Kernel = {
  name: 'xenlinux-2.6.18-2007',
  label: 'K0',
  tick: 'periodic',
  expiry: 'strict',
  futexWait: 'jiffies',
  ops: XENLINUX_OPS,
};
