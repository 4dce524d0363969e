/** Milliseconds of a schedule, which may have decimals down to the microsecond, as nanoseconds. */
import type { DurationNs } from '@skewbed/proto/units.ts';

const NS_PER_US = 1000n;

/** 12.5 -> 12500000n. */
export const nsOfMs = (ms: number): DurationNs => BigInt(Math.round(ms * 1000)) * NS_PER_US;

/** 12500000n -> 12.5. */
export const msOfNs = (ns: DurationNs): number => Number(ns / NS_PER_US) / 1000;

/** At most microseconds. */
export const roundMs = (ms: number): number => Math.round(ms * 1000) / 1000;
