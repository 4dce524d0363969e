/**
 * What a guest kernel is, as far as time goes: the variables it keeps, and the table of operations which read and move
 * them. A kernel file (kernels/<name>.ts) fills the table; a guest-side patch wraps entries of it (patches/guest/*.ts).
 * Nothing in here knows that a guest can hang: that is for the probes to find out.
 *
 * All times are system time of Xen, or clocks derived from it, in ns. Arithmetic is exact and wraps at 64 bits where
 * the kernels wrap. Left out: NTP slewing, leap seconds, per-CPU jitter, ticks of secondary vCPUs.
 */
import type { HeldVariable } from '@skewbed/proto/history.ts';
import type { KernelName } from '../xen/host-event.ts';
import type { RunstateRecord } from '../xen/runstate-area.ts';

/** What a guest sees of Xen: its shared page, its own memory, and the hypercalls that these kernels make. */
export interface GuestXen {
  /** vcpu_time_info of vCPU 0 read with the version protocol, plus the scaled TSC delta. */
  systemTime(): bigint;
  /** wc_* of shared_info, read with the version protocol: UTC at system time 0. */
  wallclock(): { readonly version: number; readonly wcNs: bigint };
  setPeriodicTimer(periodNs: bigint): void;
  stopPeriodicTimer(): void;
  /** Absolute deadline in system time. A deadline that is past fires at once. */
  setSingleshotTimer(deadlineNs: bigint): void;
  /** VCPUOP_register_runstate_memory_area: the record is copied to the guest's page at once. */
  registerRunstateArea(): void;
  /** The guest's own page, whoever wrote it last, on whatever host. */
  runstateArea(): RunstateRecord;
  console(line: string): void;
}

/** Every variable that a kernel of ours keeps about time. A kernel uses the groups that its file names. */
export type TimeState = {
  jiffies: bigint;
  /** Wall clock at the last tick, ns since 1970. */
  xtime: bigint;
  /** What turns xtime into CLOCK_MONOTONIC. */
  wallToMonotonic: bigint;

  // XenLinux and its forward ports: ticks are counted against system time.
  /** System time up to which ticks were processed. */
  processedSystemTime: bigint;
  /** wc_version at the last update_wallclock. */
  shadowTvVersion: number;
  /** Last value that gettimeofday gave to anybody, in us. */
  monotonicTv: bigint;

  // Generic time-keeping: xtime follows a clocksource.
  /** Reading of the clocksource up to which xtime was advanced. */
  cycleLast: bigint;
  /** Largest value that the guarded clocksource returned: cs_last (SUSE), last_value (pvclock). */
  guard: bigint;

  // pv-ops: a tick emulated by one-shot timers, and the suspend path of generic time-keeping.
  /** CLOCK_MONOTONIC at which the next tick is due. */
  tickNext: bigint;
  /** CLOCK_MONOTONIC up to which jiffies were counted. */
  lastJiffiesUpdate: bigint;
  /** System time of the one-shot deadline that was given to Xen last. */
  nextEvent: bigint;
  /** What the high-resolution REALTIME base believes is CLOCK_REALTIME - CLOCK_MONOTONIC. */
  realtimeOffset: bigint;
  /** Persistent clock at suspend. */
  suspendTime: bigint;
  /** xtime - persistent clock, as kept from an earlier suspend. */
  suspendDelta: bigint;
  schedClockOffset: bigint;
  schedClockSaved: bigint;
};

export const freshTimeState = (): TimeState => ({
  jiffies: 0n,
  xtime: 0n,
  wallToMonotonic: 0n,
  processedSystemTime: 0n,
  shadowTvVersion: 0,
  monotonicTv: 0n,
  cycleLast: 0n,
  guard: 0n,
  tickNext: 0n,
  lastJiffiesUpdate: 0n,
  nextEvent: 0n,
  realtimeOffset: 0n,
  suspendTime: 0n,
  suspendDelta: 0n,
  schedClockOffset: 0n,
  schedClockSaved: 0n,
});

/** One guest's time-keeping: its variables, its window on Xen, its tick. */
export type GuestTime = {
  readonly state: TimeState;
  readonly xen: GuestXen;
  readonly tickNs: bigint;
  readonly build: 'smp' | 'up';
  /** The kernel's own table, patched: operations call each other through it, so that a patch is seen everywhere. */
  readonly ops: GuestTimeOps;
};

/** A base on which timers expire. jiffies timers count ticks, the others ns. */
export type TimerBase = 'monotonic' | 'realtime' | 'jiffies';

/** What a timer interrupt did beside moving clocks: iterations of a loop with interrupts off, see M4. */
export type TickOutcome = { readonly catchUpLoops: bigint };

export interface GuestTimeOps {
  /** First code that runs: set the clocks from Xen, start the tick. */
  boot(g: GuestTime): void;
  /** CLOCK_REALTIME for a program. May move a guard. */
  gettimeofday(g: GuestTime): bigint;
  /** CLOCK_MONOTONIC for a program, and the clock from which relative timers are armed. */
  ktimeGet(g: GuestTime): bigint;
  /** The clock that the expiry scan compares with, for ns bases. */
  expiryNow(g: GuestTime, base: 'monotonic' | 'realtime'): bigint;
  /** printk's and the scheduler's clock. */
  schedClock(g: GuestTime): bigint;
  /** The clocksource of generic time-keeping; system time itself in kernels without one. */
  clocksourceRead(g: GuestTime): bigint;
  /** VIRQ_TIMER: account ticks, notice a changed wc_version. Timers are scanned after it by the caller. */
  timerInterrupt(g: GuestTime): TickOutcome;
  /** Take the wall clock from shared_info. */
  updateWallclock(g: GuestTime): void;
  /** Tell the timers that CLOCK_REALTIME was set. */
  clockWasSet(g: GuestTime): void;
  /** settimeofday(2) inside an ordinary domU. */
  settimeofday(g: GuestTime, toNs: bigint): void;
  /** Program the next timer interrupt; `earliest` is the earliest expiry in CLOCK_MONOTONIC, if any. */
  programNextEvent(g: GuestTime, earliest: bigint | null): void;
  /** Before HYPERVISOR_suspend. */
  suspend(g: GuestTime): void;
  /** After HYPERVISOR_suspend returned, on whatever host; `cancelled` when it is the same domain. */
  resume(g: GuestTime, outcome: 'restored' | 'cancelled'): void;
  /** A debugger's look at the variables that can hold a clock, with the clock that has to reach each. */
  held(g: GuestTime): HeldVariable[];
}

/** A guest kernel. */
export type Kernel = {
  readonly name: KernelName;
  /** Its label in the facts: K0..K5. */
  readonly label: string;
  /** periodic: Xen's 1/hz timer; oneshot: a clockevent programmed with absolute deadlines. */
  readonly tick: 'periodic' | 'oneshot';
  /** A low-resolution scan fires a timer when now > expires; a high-resolution one when now >= expires. */
  readonly expiry: 'strict' | 'inclusive';
  /** The base FUTEX_WAIT and select use. */
  readonly futexWait: TimerBase;
  readonly ops: GuestTimeOps;
};

/** Difference below which XenLinux and pvclock do not complain: permitted_clock_jitter. */
export const PERMITTED_CLOCK_JITTER_NS = 10_000_000n;
