/**
 * Generic time-keeping of Linux 2.6.21 and later (kernel/time/timekeeping.c): xtime follows a clocksource, of which
 * cycle_last was the reading at the last accumulation. One cycle is one ns for every clocksource here.
 * The subtraction is done modulo 2^64 as the kernels do it: a clocksource that went backwards without a rebase gives an
 * offset of almost 2^64, and the accumulation loop then runs for hours (mechanism M4).
 */
import { wrap64 } from '../time/nanos.ts';
import type { GuestTime } from './kernel.ts';

/** Cycles since cycle_last, modulo 2^64. */
export function cyclesSinceLast(g: GuestTime): bigint {
  return wrap64(g.ops.clocksourceRead(g) - g.state.cycleLast);
}

/** update_wall_time: whole ticks of the clocksource go into xtime. Returns how often the loop went round. */
export function accumulate(g: GuestTime): bigint {
  const { state, tickNs } = g;
  const loops = cyclesSinceLast(g) / tickNs;
  state.xtime += loops * tickNs;
  state.cycleLast = wrap64(state.cycleLast + loops * tickNs);
  return loops;
}

/** timekeeping_forward_now: xtime takes what has passed, however little. */
export function forwardNow(g: GuestTime): void {
  const now = g.ops.clocksourceRead(g);
  g.state.xtime += wrap64(now - g.state.cycleLast);
  g.state.cycleLast = now;
}

/** timekeeping_resume's forward step: time asleep goes into xtime and out of wall_to_monotonic; never backwards. */
export function injectSleep(g: GuestTime, persistentNow: bigint): void {
  const asleep = persistentNow - g.state.suspendTime;
  if (asleep <= 0n) return;
  g.state.xtime += asleep;
  g.state.wallToMonotonic -= asleep;
}

/** Makes CLOCK_MONOTONIC begin at 0 with the wall at `wallNs`. */
export function startClocks(g: GuestTime, wallNs: bigint): void {
  g.state.xtime = wallNs;
  g.state.wallToMonotonic = -wallNs;
  g.state.realtimeOffset = wallNs;
  g.state.cycleLast = g.ops.clocksourceRead(g);
}

/** unstolen time of this vCPU as the runstate area tells it: sched_clock of K2, K2' and K3. */
export function runstateSchedClock(g: GuestTime): bigint {
  const { stateEntryTimeNs, timeNs } = g.xen.runstateArea();
  const sinceEntry = g.xen.systemTime() - stateEntryTimeNs;
  return timeNs[0] + timeNs[2] + (sinceEntry > 0n ? sinceEntry : 0n);
}
