/**
 * What can be asked of a host: the events that host.step(at, event) takes, and the shape of a guest.
 * Everything here is plain data, so that it travels in control messages unchanged.
 */
import type { DurationNs, HostWallNs, TrueNs } from '@skewbed/proto/units.ts';

export type KernelName =
  | 'xenlinux-2.6.18-2007'
  | 'xenlinux-2.6.18'
  | 'suse-2.6.25'
  | 'suse-2.6.31'
  | 'pvops-2.6.27'
  | 'pvops-2.6.35'
  | 'pvops-6.12';

/** A guest as it is created. */
export type DomainSpec = {
  readonly name: string;
  readonly kernel: KernelName;
  /** 'up' builds the clocksource without its guard (K2 only). */
  readonly build: 'smp' | 'up';
  readonly vcpus: number;
  readonly pages: number;
  /** Timer interrupts a second: 100, 250 or 1000. */
  readonly hz: number;
  /** Names of guest-side patches from the registry, compiled into this guest. */
  readonly patches: readonly string[];
  /** A program that calls gettimeofday on each tick. */
  readonly reader: 'each-tick' | 'off';
  /** Pages that the page writer goes round. 0 is no writer. */
  readonly writerPages: number;
  /** Pages that it writes each tick; 1 where nothing is said. */
  readonly writerRate?: number;
};

/** What a program in the guest is told to do, through an event channel: a frozen guest could not time it itself. */
export type GuestCall =
  /** Relative sleep on CLOCK_MONOTONIC (nanosleep). */
  | { readonly call: 'nanosleep'; readonly timer: string; readonly lengthNs: DurationNs }
  /** Absolute timer on CLOCK_REALTIME, `lengthNs` after what gettimeofday says now. */
  | { readonly call: 'absolute-realtime'; readonly timer: string; readonly lengthNs: DurationNs }
  /** FUTEX_WAIT with a relative time-out. */
  | { readonly call: 'futex-wait'; readonly timer: string; readonly lengthNs: DurationNs }
  /** FUTEX_LOCK_PI with an absolute CLOCK_REALTIME time-out. */
  | { readonly call: 'futex-lock-pi'; readonly timer: string; readonly lengthNs: DurationNs }
  /** schedule_timeout: select, poll and TCP of these kernels. */
  | { readonly call: 'schedule-timeout'; readonly timer: string; readonly lengthNs: DurationNs }
  | { readonly call: 'echo' }
  | { readonly call: 'cpu-loop' }
  /** settimeofday in the guest, as its root would type `date -s`. */
  | { readonly call: 'settimeofday'; readonly toNs: bigint };

/** What a settime event asks for: true UTC as the runner knows it, or a step relative to the host's own belief. */
export type SettimeTo =
  | { readonly kind: 'absolute'; readonly wallNs: HostWallNs }
  | { readonly kind: 'relative'; readonly byNs: DurationNs };

export type HostEvent =
  | { readonly type: 'elapse' }
  | { readonly type: 'settime'; readonly to: SettimeTo; readonly by: 'ntp' | 'date' }
  /**
   * From now on this clock departs from its present reading as the skew says: '+5s x1.0002' leaps 5 s and goes on faster.
   * A wall that does so is published by nobody before the next settime. An uptime never goes back.
   */
  | { readonly type: 'set-skew'; readonly clock: 'wall' | 'uptime'; readonly skew: string }
  /** dom0's ntp publishes the wall every so often from now on; null is off. */
  | { readonly type: 'set-ntp'; readonly periodNs: DurationNs | null }
  | { readonly type: 'create-domain'; readonly spec: DomainSpec }
  | { readonly type: 'unpause'; readonly domain: string }
  | { readonly type: 'pause'; readonly domain: string }
  | { readonly type: 'destroy'; readonly domain: string; readonly why: string }
  | { readonly type: 'call-guest'; readonly domain: string; readonly call: GuestCall }
  /** Read all probes now, without disturbing a clock of the guest. */
  | { readonly type: 'observe'; readonly domain: string }
  | { readonly type: 'audit' };

/** What a host is. Skews are texts of model/time/skew.ts: functions of true time, wall and uptime independently. */
export type HostConfig = {
  readonly name: string;
  /** The instant of true time from which utcAtZeroNs and both skews count. */
  readonly origin: TrueNs;
  /** Skew text applied to UTC: '+0s', '-10m x1.0002', ... */
  readonly wallSkew: string;
  /** UTC at the origin. */
  readonly utcAtZeroNs: bigint;
  /** Uptime at the origin, then as this skew says: '+1000000s', '41d3h x1.00005'. */
  readonly uptimeSkew: string;
  readonly ntpPeriodNs: DurationNs | null;
  readonly tscHz: bigint;
  readonly frames: number;
  /** Where this host's allocator begins to hand out frames, so that mfns differ between hosts. */
  readonly mfnSalt: number;
  /** Names of hypervisor- and toolstack-side patches from the registry. */
  readonly patches: readonly string[];
  readonly domctl51: boolean;
};
