/**
 * One number for the histories of many seeds that does not depend on who ran which: the sum, modulo 2^256, of
 * sha256("seed hash"). Sums of shards add up to the sum of the whole. Against mistakes, not against an adversary.
 */
import { createHash } from 'node:crypto';

const MODULUS = 1n << 256n;
const HEX_DIGITS = 64;

/** The sum over seeds with the hash of their history. */
export const historiesSum = (seeds: readonly { readonly seed: number; readonly hash: string }[]): string =>
  addHistories(seeds.map(({ seed, hash }) => createHash('sha256').update(`${seed} ${hash}`).digest('hex')));

/** The sum of sums. */
export const addHistories = (sums: readonly string[]): string =>
  (sums.reduce((total, sum) => total + BigInt(`0x${sum}`), 0n) % MODULUS).toString(16).padStart(HEX_DIGITS, '0');
