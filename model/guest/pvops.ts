/**
 * Time-keeping of paravirt_ops Linux (arch/x86/xen/time.c, kernel/time/*): generic time-keeping over the pvclock, a
 * high-resolution tick emulated by one-shot timers whose absolute deadlines are counted from a read of that same clock
 * (get_abs_timeout). K3 is this table; K4 adds the guard, K5 the later fixes.
 * Nothing in a pv-ops domU follows wc_version while it runs. Left out: NO_HZ (the tick never stops), the secondary
 * vcpu_time_info area.
 */
import type { HeldVariable } from '@skewbed/proto/history.ts';
import { NS_PER_S } from '@skewbed/proto/units.ts';
import type { GuestTime, GuestTimeOps, TickOutcome } from './kernel.ts';
import {
  accumulate,
  cyclesSinceLast,
  forwardNow,
  injectSleep,
  runstateSchedClock,
  startClocks,
} from './timekeeping.ts';

/** read_persistent_clock: wc + the clocksource, as the kernels read it, guard and all. */
export const persistentClock = (g: GuestTime): bigint => g.xen.wallclock().wcNs + g.ops.clocksourceRead(g);

/** The same in whole seconds, as kernels before 3.x kept it. */
export const persistentSeconds = (g: GuestTime): bigint => {
  const ns = persistentClock(g);
  return ns - (ns % NS_PER_S);
};

/** tick_sched_timer: count jiffies, advance xtime, move the tick beyond now. */
function tickSchedTimer(g: GuestTime): TickOutcome {
  const { state, tickNs } = g;
  const now = g.ops.ktimeGet(g);
  if (now < state.tickNext) return { catchUpLoops: 0n };
  const ticks = (now - state.lastJiffiesUpdate) / tickNs;
  state.lastJiffiesUpdate += ticks * tickNs;
  state.jiffies += ticks;
  const catchUpLoops = accumulate(g);
  state.tickNext += ((now - state.tickNext) / tickNs + 1n) * tickNs;
  return { catchUpLoops };
}

/** The one-shot deadline that Xen holds for this guest, as something that can hold all timers back (mechanism M2b). */
export function heldDeadline(g: GuestTime): HeldVariable {
  return {
    variable: 'one-shot deadline in Xen',
    mechanism: 'M2b',
    holdsNs: g.state.nextEvent,
    waitsOn: 'uptime',
    clockNs: g.xen.systemTime(),
  };
}

/** The pvclock guard as something that can hold the clocksource back (mechanism M2). */
export function heldLastValue(g: GuestTime): HeldVariable {
  return {
    variable: 'pvclock last_value',
    mechanism: 'M2',
    holdsNs: g.state.guard,
    waitsOn: 'uptime',
    clockNs: g.xen.systemTime(),
  };
}

/** A stamp in the runstate page that Xen no longer refreshes (mechanism M3). */
export function heldStateEntry(g: GuestTime): HeldVariable {
  return {
    variable: 'runstate state_entry_time',
    mechanism: 'M3',
    holdsNs: g.xen.runstateArea().stateEntryTimeNs,
    waitsOn: 'uptime',
    clockNs: g.xen.systemTime(),
  };
}

/** K3: 2.6.27/28, neither guard nor runstate registration on resume. */
export const PVOPS_OPS: GuestTimeOps = {
  boot(g) {
    g.xen.stopPeriodicTimer();
    startClocks(g, g.xen.wallclock().wcNs + g.xen.systemTime());
    g.state.tickNext = g.tickNs;
    g.xen.registerRunstateArea();
  },
  gettimeofday: (g) => g.state.xtime + cyclesSinceLast(g),
  ktimeGet: (g) => g.ops.gettimeofday(g) + g.state.wallToMonotonic,
  expiryNow: (g, base) => g.ops.ktimeGet(g) + (base === 'realtime' ? g.state.realtimeOffset : 0n),
  schedClock: runstateSchedClock,
  clocksourceRead: (g) => g.xen.systemTime(),
  timerInterrupt: tickSchedTimer,
  updateWallclock: () => undefined,
  // retrigger_next_event: the REALTIME base learns its offset again.
  clockWasSet(g) {
    g.state.realtimeOffset = -g.state.wallToMonotonic;
  },
  settimeofday(g, toNs) {
    const step = toNs - g.ops.gettimeofday(g);
    g.state.xtime += step;
    g.state.wallToMonotonic -= step;
    g.ops.clockWasSet(g);
  },
  programNextEvent(g, earliest) {
    const { state } = g;
    const due = earliest !== null && earliest < state.tickNext ? earliest : state.tickNext;
    const delta = due - g.ops.ktimeGet(g);
    state.nextEvent = g.ops.clocksourceRead(g) + (delta > 0n ? delta : 0n);
    g.xen.setSingleshotTimer(state.nextEvent);
  },
  suspend(g) {
    g.state.suspendTime = persistentSeconds(g);
    forwardNow(g);
  },
  resume(g) {
    // xen_timer_resume, then timekeeping_resume, then clock_was_set (drivers/xen/manage.c, do_suspend).
    g.xen.stopPeriodicTimer();
    injectSleep(g, persistentSeconds(g));
    g.state.cycleLast = g.ops.clocksourceRead(g);
    g.ops.clockWasSet(g);
  },
  held: (g) => [heldStateEntry(g), heldDeadline(g)],
};

/** pvclock_clocksource_read with its global last_value (489fb490dbf8, 2010-05-11). */
export function guardedRead(g: GuestTime): bigint {
  const ret = g.xen.systemTime();
  if (ret < g.state.guard) return g.state.guard;
  g.state.guard = ret;
  return ret;
}

/** Every HeldVariable of a table but those of one mechanism. */
export const without = (held: HeldVariable[], mechanism: HeldVariable['mechanism']): HeldVariable[] =>
  held.filter((h) => h.mechanism !== mechanism);
