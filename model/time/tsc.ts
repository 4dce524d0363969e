/**
 * From ticks of the TSC to nanoseconds and back, as Xen tells a guest to do it: a 0.32 fixed-point factor and a shift
 * (xen/arch/x86/time.c: set_time_scale, scale_delta; Linux: pvclock_scale_delta, init_cpu_khz).
 * Left out: calibration against a platform timer. A host of the model knows its frequency.
 */
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { wrap64 } from './nanos.ts';

/** ns = ((ticks << shift) * mul) >> 32, where a negative shift goes right. mul is in [2^31, 2^32). */
export type TimeScale = { readonly mul: number; readonly shift: number };

const GIGA = 1_000_000_000n;

/** The scale of a TSC with that many ticks a second. The bounds are strict: 2 GHz has shift 0, 1 GHz has shift 1. */
export function setTimeScale(ticksPerSecond: bigint): TimeScale {
  if (ticksPerSecond <= 0n) {
    throw new SkewbedError(
      'bad-argument',
      `a TSC of ${ticksPerSecond} Hz; give a frequency above zero, such as 2400000000`,
    );
  }
  let ticks = ticksPerSecond;
  let shift = 0;
  while (ticks > 2n * GIGA) {
    ticks >>= 1n;
    shift--;
  }
  while (ticks <= GIGA) {
    ticks <<= 1n;
    shift++;
  }
  return { mul: Number((GIGA << 32n) / ticks), shift };
}

/** Nanoseconds of `delta` ticks (u64), with the full 96-bit product. */
export function scaleDelta(delta: bigint, { mul, shift }: TimeScale): bigint {
  const ticks = wrap64(delta);
  const shifted = shift < 0 ? ticks >> BigInt(-shift) : wrap64(ticks << BigInt(shift));
  return wrap64((shifted * BigInt(mul)) >> 32n);
}

/** The CPU's frequency as a guest works it out from the scale (L18 init_cpu_khz). */
export function khzOf({ mul, shift }: TimeScale): number {
  const khz = (1_000_000n << 32n) / BigInt(mul);
  return Number(shift < 0 ? khz << BigInt(-shift) : khz >> BigInt(shift));
}

/** What a TSC that started with the clock shows after `ns`: the inverse of the host's own frequency, rounded down. */
export const ticksOf = (ns: bigint, ticksPerSecond: bigint): bigint => wrap64((ns * ticksPerSecond) / GIGA);
