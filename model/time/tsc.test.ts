import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { khzOf, scaleDelta, setTimeScale, ticksOf } from './tsc.ts';

describe('TSC scaling', () => {
  test.each([
    [800_000_000n, 0xa0000000, 1, 1_000_000_000n, 3_600_000_000_000n, 800_000],
    [1_000_000_000n, 0x80000000, 1, 1_000_000_000n, 3_600_000_000_000n, 1_000_000],
    [1_600_000_000n, 0xa0000000, 0, 1_000_000_000n, 3_600_000_000_000n, 1_600_000],
    [2_000_000_000n, 0x80000000, 0, 1_000_000_000n, 3_600_000_000_000n, 2_000_000],
    [2_400_000_000n, 0xd5555555, -1, 999_999_999n, 3_599_999_999_664n, 2_400_000],
    [2_666_666_666n, 0xc0000000, -1, 999_999_999n, 3_599_999_999_100n, 2_666_666],
    [3_200_000_000n, 0xa0000000, -1, 1_000_000_000n, 3_600_000_000_000n, 3_200_000],
  ])('a TSC of %d Hz', (hz, mul, shift, second, hour, khz) => {
    const scale = setTimeScale(hz);
    expect(scale).toEqual({ mul, shift });
    expect(scaleDelta(hz, scale)).toBe(second);
    expect(scaleDelta(hz * 3_600n, scale)).toBe(hour);
    expect(khzOf(scale)).toBe(khz);
  });

  test('the factor always uses its highest bit, and is right within one part in 10^9', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 10n ** 12n }), (hz) => {
        const scale = setTimeScale(hz);
        expect(scale.mul).toBeGreaterThanOrEqual(0x80000000);
        expect(scale.mul).toBeLessThanOrEqual(0xffffffff);
        const day = 86_400_000_000_000n;
        const error = day - scaleDelta((day * hz) / 1_000_000_000n, scale);
        // Halving a frequency drops a bit of it, which makes the clock fast; the factor's own end makes it slow.
        expect(error).toBeGreaterThanOrEqual(-day / 1_000_000_000n - 1n);
        expect(error).toBeLessThanOrEqual((day >> 31n) + 2_000_000_000n / hz + 2n);
      }),
    );
  });

  test('a delta is 64 bits, its product 96', () => {
    const scale = { mul: 0xffffffff, shift: 0 };
    expect(scaleDelta(0xffff_ffff_ffff_ffffn, scale)).toBe((0xffff_ffff_ffff_ffffn * 0xffff_ffffn) >> 32n);
    // A TSC behind its stamp is a huge delta, not a negative one.
    expect(scaleDelta(-1n, { mul: 0x80000000, shift: 0 })).toBe(0x7fff_ffff_ffff_ffffn);
    expect(scaleDelta(-1n, { mul: 0x80000000, shift: -1 })).toBe(0x3fff_ffff_ffff_ffffn);
    expect(scaleDelta(2n ** 63n + 3n, { mul: 0x80000000, shift: 1 })).toBe(3n);
  });

  test('what the TSC shows after a time', () => {
    expect(ticksOf(1_000_000_000n, 2_400_000_000n)).toBe(2_400_000_000n);
    expect(ticksOf(1n, 2_400_000_000n)).toBe(2n);
  });

  test('a TSC that stands is refused', () => {
    expect(() => setTimeScale(0n)).toThrow(expect.objectContaining({ code: 'bad-argument' }));
  });
});
