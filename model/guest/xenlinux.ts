/**
 * Time-keeping of XenLinux 2.6.18 (arch/i386/kernel/time-xen.c of linux-2.6.18-xen): ticks are counted against Xen's
 * system time, xtime advances by whole ticks, gettimeofday interpolates with the distance to processed_system_time.
 * Kernels K0 and K1 are this table; K2 and K2' take its tick and its wall clock.
 * Left out: lost ticks (wall_jiffies is always jiffies here), stolen-time accounting, NTP.
 */
import type { HeldVariable } from '@skewbed/proto/history.ts';
import { NS_PER_US } from '@skewbed/proto/units.ts';
import { type GuestTime, type GuestTimeOps, PERMITTED_CLOCK_JITTER_NS, type TickOutcome } from './kernel.ts';

const NO_LOOPS: TickOutcome = { catchUpLoops: 0n };

/** Counts whole ticks up to system time; none while processed_system_time lies ahead of it (mechanism M0). */
export function processTicks(g: GuestTime): bigint {
  const { state, tickNs } = g;
  const now = g.xen.systemTime();
  const delta = now - state.processedSystemTime;
  if (delta < -PERMITTED_CLOCK_JITTER_NS) {
    g.xen.console(
      `Timer ISR/0: Time went backwards: delta=${delta} delta_cpu=${delta} shadow=${now} off=0 processed=${state.processedSystemTime} cpu_processed=${state.processedSystemTime}`,
    );
  }
  if (delta < tickNs) return 0n;
  const ticks = delta / tickNs;
  state.processedSystemTime += ticks * tickNs;
  state.jiffies += ticks;
  return ticks;
}

/** True when the dom0 of this host has set the clock since the guest last looked. */
export function wallclockChanged(g: GuestTime): boolean {
  return g.xen.wallclock().version !== g.state.shadowTvVersion;
}

/** xtime := wc + processed_system_time; wall_to_monotonic makes up for it, so xtime + wtm does not move. */
export function updateWallclock(g: GuestTime): void {
  const { state } = g;
  const { version, wcNs } = g.xen.wallclock();
  state.shadowTvVersion = version;
  const xtime = wcNs + state.processedSystemTime;
  state.wallToMonotonic += state.xtime - xtime;
  state.xtime = xtime;
}

/** What gettimeofday computes before any guard, to the microsecond. */
export function computedWall(g: GuestTime): bigint {
  const ns = g.state.xtime + g.xen.systemTime() - g.state.processedSystemTime;
  return ns - (((ns % NS_PER_US) + NS_PER_US) % NS_PER_US);
}

/** processed_system_time as something that can hold the clocks back. */
export function heldProcessed(g: GuestTime): HeldVariable[] {
  const clockNs = g.xen.systemTime();
  const holdsNs = g.state.processedSystemTime;
  return [{ variable: 'processed_system_time', mechanism: 'M0', holdsNs, waitsOn: 'uptime', clockNs }];
}

/** Starts processed_system_time, xtime and the tick; CLOCK_MONOTONIC begins at 0. */
export function bootXenlinux(g: GuestTime): void {
  const { state, xen } = g;
  state.processedSystemTime = xen.systemTime();
  const { version, wcNs } = xen.wallclock();
  state.shadowTvVersion = version;
  state.xtime = wcNs + state.processedSystemTime;
  state.wallToMonotonic = -state.xtime;
  xen.setPeriodicTimer(g.tickNs);
  xen.registerRunstateArea();
}

/** time_resume, which also runs after a cancelled suspend: system time may have jumped, jiffies go on. */
export function timeResume(g: GuestTime): void {
  g.xen.setPeriodicTimer(g.tickNs);
  g.xen.registerRunstateArea();
  g.state.processedSystemTime = g.xen.systemTime();
  g.ops.updateWallclock(g);
}

/** K0: XenLinux of June 2007, before gettimeofday had a guard (xen.git c58e445d1c^, linux-2.6-xen-sparse). */
export const XENLINUX_OPS: GuestTimeOps = {
  boot: bootXenlinux,
  gettimeofday: computedWall,
  ktimeGet: (g) => g.ops.gettimeofday(g) + g.state.wallToMonotonic,
  expiryNow: (g, base) => (base === 'realtime' ? g.state.xtime : g.state.xtime + g.state.wallToMonotonic),
  schedClock: (g) => g.xen.systemTime(),
  clocksourceRead: (g) => g.xen.systemTime(),
  timerInterrupt(g) {
    const ticks = processTicks(g);
    g.state.xtime += ticks * g.tickNs;
    if (wallclockChanged(g)) {
      g.ops.updateWallclock(g);
      g.ops.clockWasSet(g);
    }
    return NO_LOOPS;
  },
  updateWallclock,
  // An empty macro in 2.6.18 (include/linux/hrtimer.h): the scan reads xtime, so there is nothing to tell.
  clockWasSet: () => undefined,
  // An ordinary domU does not own the time: the call succeeds and changes nothing (K1 clears its guard).
  settimeofday: (g) => g.ops.clockWasSet(g),
  programNextEvent: () => undefined,
  suspend: () => undefined,
  resume: (g) => timeResume(g),
  held: heldProcessed,
};
