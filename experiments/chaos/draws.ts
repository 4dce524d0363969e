/**
 * Draws from a seeded stream, in the units of a schedule: whole milliseconds, hosts by name, entries of a weight table.
 * A schedule is drawn once and then travels as data, so nothing depends on how another machine rounds a power of two.
 */
import type { Random } from '@skewbed/runtime/ports/random.ts';

const TWO_32 = 2 ** 32;

/** A number in [0, 1). */
export const unit = (random: Random): number => random.below(TWO_32) / TWO_32;

/** An integer in [low, high]. */
export const between = (random: Random, low: number, high: number): number => low + random.below(high - low + 1);

/** True in `percent` of 100 draws. */
export const chance = (random: Random, percent: number): boolean => random.below(100) < percent;

/** One of these, all alike. */
export function pick<T>(random: Random, list: readonly T[]): T {
  return list[random.below(list.length)] as T;
}

/** One of these by weight; an entry of weight 0 never comes. */
export function weighted<T>(random: Random, table: readonly (readonly [T, number])[]): T {
  const total = table.reduce((sum, [, weight]) => sum + weight, 0);
  let left = random.below(total);
  for (const [entry, weight] of table) {
    if (left < weight) return entry;
    left -= weight;
  }
  return (table[0] as readonly [T, number])[0];
}

/** 1.5^(6 + 25u) ms, u in [0, 1): 11 ms to 288 s. Jepsen's bump of a clock (jepsen.nemesis.time, bump-gen). */
export const bumpMs = (random: Random): number => Math.round(1.5 ** (6 + 25 * unit(random)));

/** base^(from + span * u) ms. */
export const powerMs = (random: Random, { base, from, span }: { base: number; from: number; span: number }): number =>
  Math.max(1, Math.round(base ** (from + span * unit(random))));

/** The number or its negative. */
export const eitherSign = (random: Random, value: number): number => (random.below(2) === 0 ? value : -value);
