/**
 * K2: SUSE's forward port of XenLinux to generic time-keeping, 2.6.25/26 (arch/x86/kernel/time_32-xen.c of
 * ROCK-Kernel-Driver a5162b4da8af): the file that James Song names. The tick counts jiffies against
 * processed_system_time, xtime follows the clocksource `xen`, which the SMP build guards with cs_last.
 * A restore calls time_resume directly: processed_system_time and the wall are fresh, cs_last and cycle_last are not.
 * Hence M2 on a younger host (cs_last), a leap on an older one (cycle_last), M4 in the UP build, which has no guard.
 */
import type { HeldVariable } from '@skewbed/proto/history.ts';
import { asSigned64, wrap64 } from '../../time/nanos.ts';
import { type GuestTime, type GuestTimeOps, type Kernel, PERMITTED_CLOCK_JITTER_NS } from '../kernel.ts';
import { accumulate, cyclesSinceLast, runstateSchedClock, startClocks } from '../timekeeping.ts';
import {
  bootXenlinux,
  heldProcessed,
  processTicks,
  timeResume,
  updateWallclock,
  wallclockChanged,
} from '../xenlinux.ts';

/** clocksource mult 1 << 22, shift 22: the product wraps at 64 bits, so a read is right modulo 2^42 ns only. */
const CYC2NS_MASK = (1n << 42n) - 1n;

/** xen_clocksource_read: cs_last is compared and swapped on SMP builds only. */
function clocksourceRead(g: GuestTime): bigint {
  const ret = g.xen.systemTime();
  if (g.build === 'up') return ret;
  const behind = asSigned64(wrap64(g.state.guard - ret));
  if (behind <= 0n) {
    g.state.guard = ret;
    return ret;
  }
  if (behind > PERMITTED_CLOCK_JITTER_NS) {
    g.xen.console(
      `clocksource/0: Time went backwards: ret=${ret.toString(16)} delta=-${behind} shadow=${ret.toString(16)} offset=0`,
    );
  }
  return g.state.guard;
}

/**
 * What can hold a kernel of this family: processed_system_time, cs_last, and a cycle_last that lies ahead of what the
 * clocksource reads, which the guard prevents for as long as there is one.
 */
export function heldGeneric(g: GuestTime): HeldVariable[] {
  const clockNs = g.xen.systemTime();
  const csLast = { variable: 'cs_last', mechanism: 'M2', holdsNs: g.state.guard, waitsOn: 'uptime', clockNs } as const;
  return [
    ...heldProcessed(g),
    ...(g.build === 'up' ? [] : [csLast]),
    {
      variable: 'cycle_last',
      mechanism: 'M4',
      holdsNs: g.state.cycleLast,
      waitsOn: 'uptime',
      clockNs: g.ops.clocksourceRead(g),
    },
  ];
}

export const SUSE_OPS: GuestTimeOps = {
  boot(g) {
    bootXenlinux(g);
    startClocks(g, g.state.xtime);
  },
  gettimeofday: (g) => g.state.xtime + (cyclesSinceLast(g) & CYC2NS_MASK),
  ktimeGet: (g) => g.ops.gettimeofday(g) + g.state.wallToMonotonic,
  expiryNow: (g, base) => (base === 'realtime' ? g.state.xtime : g.state.xtime + g.state.wallToMonotonic),
  schedClock: runstateSchedClock,
  clocksourceRead,
  timerInterrupt(g) {
    const catchUpLoops = processTicks(g) > 0n ? accumulate(g) : 0n;
    if (wallclockChanged(g)) {
      g.ops.updateWallclock(g);
      g.ops.clockWasSet(g);
    }
    return { catchUpLoops };
  },
  updateWallclock,
  // Without high resolution the scan reads xtime itself.
  clockWasSet: () => undefined,
  settimeofday: (g) => g.ops.clockWasSet(g),
  programNextEvent: () => undefined,
  suspend: () => undefined,
  resume: (g) => timeResume(g),
  held: heldGeneric,
};

export const suse2625: Kernel = {
  name: 'suse-2.6.25',
  label: 'K2',
  tick: 'periodic',
  expiry: 'strict',
  futexWait: 'monotonic',
  ops: SUSE_OPS,
};
