/**
 * The clocks of Skewbed as types. Every time value is a bigint of nanoseconds whose type names the clock it was read
 * from, so that a host's uptime cannot be handed to something which wants its wall. Arithmetic is in model/time/nanos.ts.
 * Source of the distinction: Xen publishes two independent clocks to a PV guest, system_time and wc_sec/wc_nsec
 * (xen/include/public/xen.h, struct vcpu_time_info and struct shared_info).
 */

declare const clock: unique symbol;

/** Nanoseconds on the clock named C. */
export type Ns<C extends string> = bigint & { readonly [clock]: C };

/** The clock outside all hosts: the simulator's, or the coordinator's. Zero is where the run started. */
export type TrueNs = Ns<'true'>;
/** UTC as one host believes it, since 1970. */
export type HostWallNs = Ns<'host-wall'>;
/** Xen system time of one host: since that hypervisor booted. */
export type HostUptimeNs = Ns<'host-uptime'>;
/** What Xen tells one domain as system time. Equal to the host's uptime unless a patch gives the domain an offset. */
export type SystemTimeNs = Ns<'system-time'>;
/** CLOCK_REALTIME of a guest, since 1970. */
export type GuestWallNs = Ns<'guest-wall'>;
/** CLOCK_MONOTONIC of a guest. */
export type GuestMonotonicNs = Ns<'guest-monotonic'>;
/** A length of time, on whatever clock the name of the variable says. */
export type DurationNs = bigint;

export const NS_PER_US = 1_000n;
export const NS_PER_MS = 1_000_000n;
export const NS_PER_S = 1_000_000_000n;

export const trueNs = (ns: bigint): TrueNs => ns as TrueNs;
export const hostWallNs = (ns: bigint): HostWallNs => ns as HostWallNs;
export const hostUptimeNs = (ns: bigint): HostUptimeNs => ns as HostUptimeNs;
export const systemTimeNs = (ns: bigint): SystemTimeNs => ns as SystemTimeNs;
export const guestWallNs = (ns: bigint): GuestWallNs => ns as GuestWallNs;
export const guestMonotonicNs = (ns: bigint): GuestMonotonicNs => ns as GuestMonotonicNs;

/** Nanoseconds as seconds for people and JSON figures, to the microsecond: 1_500_000_000n -> 1.5. */
export function secondsOf(ns: bigint): number {
  const us = ns >= 0n ? (ns + 500n) / 1_000n : (ns - 500n) / 1_000n;
  return Number(us) / 1e6;
}
