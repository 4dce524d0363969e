import { DURATION_MAX_NS } from '@skewbed/proto/limits.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  asSigned64,
  ceilDiv,
  floorDiv,
  floorMod,
  formatDuration,
  isNegativeText,
  maxOf,
  minOf,
  readDuration,
  wrap64,
} from './nanos.ts';

const anyInteger = fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n });
const anyDivisor = fc.bigInt({ min: 1n, max: 2n ** 70n });

describe('arithmetic that JavaScript lacks', () => {
  test('the kernels wrap at 64 bits', () => {
    expect(wrap64(-1n)).toBe(0xffff_ffff_ffff_ffffn);
    expect(wrap64(2n ** 64n)).toBe(0n);
    expect(asSigned64(0xffff_ffff_ffff_ffffn)).toBe(-1n);
    expect(asSigned64(2n ** 63n)).toBe(-(2n ** 63n));
  });

  test('divisions round towards the side that their name says', () => {
    expect([floorDiv(7n, 2n), floorDiv(-7n, 2n), ceilDiv(7n, 2n), ceilDiv(-7n, 2n)]).toEqual([3n, -4n, 4n, -3n]);
    expect([floorDiv(-8n, 2n), ceilDiv(8n, 2n), floorMod(-1n, 5n), floorMod(-5n, 5n)]).toEqual([-4n, 4n, 4n, 0n]);
    fc.assert(
      fc.property(anyInteger, anyDivisor, (value, by) => {
        const rest = value - floorDiv(value, by) * by;
        expect(rest >= 0n && rest < by).toBe(true);
        expect(rest).toBe(floorMod(value, by));
        expect(ceilDiv(value, by) - floorDiv(value, by)).toBe(rest === 0n ? 0n : 1n);
      }),
    );
  });

  test('the smaller and the larger', () => {
    expect([minOf(-1n, 2n), minOf(2n, -1n), maxOf(-1n, 2n), maxOf(2n, -1n)]).toEqual([-1n, -1n, 2n, 2n]);
  });
});

describe('lengths of time as people write them', () => {
  test.each([
    ['250ms', 250_000_000n],
    ['30s', 30_000_000_000n],
    ['41d3h', (41n * 24n + 3n) * 3_600_000_000_000n],
    ['-600s', -600_000_000_000n],
    ['+5s', 5_000_000_000n],
    ['1.5s', 1_500_000_000n],
    ['1m0.000000001s', 60_000_000_001n],
    ['2us7ns', 2_007n],
    ['0.001us', 1n],
    ['90m', 5_400_000_000_000n],
    ['36525d', DURATION_MAX_NS],
    ['-0s', 0n],
  ])('%s', (text, ns) => expect(readDuration(text)).toBe(ns));

  test.each([
    ['', 'there is no number', 1],
    ['-', 'there is no number', 2],
    ['30', 'the number 30 has no unit', 1],
    ['0', 'the number 0 has no unit', 1],
    ['41d3', 'the number 3 has no unit', 4],
    ['30sec', "there is no unit 'sec'", 1],
    ['30 s', 'the number 30 has no unit', 1],
    ['s', "'s' is not a number", 1],
    ['--5s', "'-5s' is not a number", 2],
    ['.5s', "'.5s' is not a number", 1],
    ['1e3s', "there is no unit 'e'", 1],
    ['3h41d', 'the unit d is not shorter', 3],
    ['1s1s', 'the unit s is not shorter', 3],
    ['1.5h30m', 'only the last part', 5],
    ['0.5ns', '0.5ns is finer than a nanosecond', 1],
    ['36525d1ns', 'longer than 100 years', 7],
  ])('%j is refused: %s', (text, message, column) => {
    expect(() => readDuration(text)).toThrow(
      expect.objectContaining({
        code: 'bad-argument',
        message: expect.stringContaining(message),
        where: `column ${column}`,
      }),
    );
  });

  test('the sign of -0s is in its text alone', () => {
    expect(isNegativeText('-0s')).toBe(true);
    expect(isNegativeText('0s')).toBe(false);
  });

  test.each([
    [0n, '0s'],
    [100_000_000_000n, '1m40s'],
    [-(41n * 24n + 3n) * 3_600_000_000_000n, '-41d3h'],
    [1_500_000_000n, '1.5s'],
    [3_600_000_000_001n, '1h0.000000001s'],
    [250_000_000n, '250ms'],
    [1_500n, '1.5us'],
    [-7n, '-7ns'],
  ])('%d ns is written %s', (ns, text) => expect(formatDuration(ns)).toBe(text));

  test('what is written reads back as the same length', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -DURATION_MAX_NS, max: DURATION_MAX_NS }), (ns) => {
        expect(readDuration(formatDuration(ns))).toBe(ns);
      }),
    );
  });
});
