/**
 * Randomness from a seed: xoshiro128** by Blackman and Vigna (public domain, https://prng.di.unimi.it), its state filled
 * by a 32-bit mixer from the seed and a label. Two labels of one seed give streams that have nothing to do with each
 * other, so that one more consumer somewhere does not change what the others see. Not for secrets.
 */
import { SkewbedError } from '@skewbed/proto/errors.ts';
import type { Random } from './ports/random.ts';

const TWO_32 = 2 ** 32;
const TWO_21 = 2 ** 21;

/** The stream of numbers named `label` of a seed: any safe integer from 0. */
export class SeededRandom implements Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor(seed: number, label: string) {
    if (!Number.isSafeInteger(seed) || seed < 0) {
      throw new SkewbedError('bad-argument', `seed ${seed}: give an integer from 0 to 2^53 - 1`);
    }
    let mix = hashOf(label) ^ (seed >>> 0) ^ Math.imul(Math.floor(seed / TWO_32) + 1, 0x9e3779b1);
    const next = (): number => {
      mix = (mix + 0x9e3779b9) | 0;
      let z = mix ^ (mix >>> 16);
      z = Math.imul(z, 0x21f0aaad);
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
      return (z ^ (z >>> 15)) >>> 0;
    };
    this.#a = next();
    this.#b = next();
    this.#c = next();
    // The one state that xoshiro cannot leave is all zero.
    this.#d = next() | 1;
  }

  below(bound: number): number {
    if (!Number.isInteger(bound) || bound < 1 || bound > TWO_32) {
      throw new SkewbedError('bad-argument', `random bound ${bound}: give an integer from 1 to 2^32`);
    }
    // Numbers in the incomplete last stretch would be more likely than the others.
    const limit = TWO_32 - (TWO_32 % bound);
    for (;;) {
      const drawn = this.#next();
      if (drawn < limit) return drawn % bound;
    }
  }

  /** An integer in [0, bound) for lengths of time. bound is at most 2^53. */
  belowNs(bound: bigint): bigint {
    if (bound < 1n || bound > 2n ** 53n) {
      throw new SkewbedError('bad-argument', `random bound ${bound} ns: give 1 ns to 2^53 ns`);
    }
    if (bound <= BigInt(TWO_32)) return BigInt(this.below(Number(bound)));
    const wide = 2n ** 53n;
    const limit = wide - (wide % bound);
    for (;;) {
      const drawn = BigInt(this.#next()) * BigInt(TWO_21) + BigInt(this.below(TWO_21));
      if (drawn < limit) return drawn % bound;
    }
  }

  #next(): number {
    const five = Math.imul(this.#b, 5);
    const result = Math.imul((five << 7) | (five >>> 25), 9) >>> 0;
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result;
  }
}

/** FNV-1a over UTF-16 code units: labels differ, that is all that is asked of it. */
function hashOf(label: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < label.length; i++) hash = Math.imul(hash ^ label.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
