import { SkewbedError } from '@skewbed/proto/errors.ts';
import { DURATION_MAX_NS, SKEW_RATE_MAX_PPB } from '@skewbed/proto/limits.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  firstInstantAt,
  formatSkew,
  isMonotone,
  NO_SKEW,
  nextStepAfter,
  readSkew,
  type Skew,
  type SkewShape,
  skewAt,
} from './skew.ts';

const S = 1_000_000_000n;
const at = (text: string, seconds: bigint): bigint => skewAt(readSkew(text), seconds * S);

const anyLength = fc.bigInt({ min: -DURATION_MAX_NS, max: DURATION_MAX_NS });
const anyPeriod = fc.bigInt({ min: 1n, max: DURATION_MAX_NS });
const anyInstant = fc.bigInt({ min: 0n, max: DURATION_MAX_NS });
const anyStep = (by: fc.Arbitrary<bigint>) =>
  fc.record({ kind: fc.constant('step' as const), byNs: by, atNs: anyInstant });
const anyPeriodic = fc.record({ kind: fc.constant('periodic' as const), amplitudeNs: anyLength, periodNs: anyPeriod });
const anyStrobe = fc.record({ kind: fc.constant('strobe' as const), byNs: anyLength, everyNs: anyPeriod });
const skewOf = (shape: fc.Arbitrary<SkewShape>): fc.Arbitrary<Skew> =>
  fc.record({
    ratePpb: fc.bigInt({ min: 1n, max: SKEW_RATE_MAX_PPB }),
    offsetNs: anyLength,
    shapes: fc.array(shape, { maxLength: 4 }),
  });
const anySkew = skewOf(fc.oneof(anyStep(anyLength), anyPeriodic, anyStrobe));
const forwardStep = anyStep(fc.bigInt({ min: 0n, max: DURATION_MAX_NS }));
const gentlePeriodic = fc
  .record({
    kind: fc.constant('periodic' as const),
    amplitudeNs: fc.bigInt({ min: -1_000_000_000n, max: 1_000_000_000n }),
    periodNs: anyPeriod,
  })
  .map((shape) => ({
    ...shape,
    periodNs: shape.periodNs + 40n * (shape.amplitudeNs < 0n ? -shape.amplitudeNs : shape.amplitudeNs),
  }));
const monotoneSkew = skewOf(fc.oneof(forwardStep, gentlePeriodic)).filter(isMonotone);

describe('what a skewed clock shows', () => {
  test('without skew it shows true time', () => {
    expect(skewAt(NO_SKEW, 123_456_789n)).toBe(123_456_789n);
    expect(readSkew('+0s')).toEqual(NO_SKEW);
  });

  test('an offset is there from the origin on', () => {
    expect(at('41d3h', 0n)).toBe((41n * 86_400n + 3n * 3_600n) * S);
    expect(at('-10m', 60n)).toBe(-540n * S);
  });

  test('a rate counts from the origin, in exact integers', () => {
    expect(at('-10m x1.0002', 3_600n)).toBe(3_000n * S + 720_000_000n);
    expect(at('+2s +50ppm', 100n)).toBe(102n * S + 5_000_000n);
    expect(at('+0s -0.5ppm', 2_000n)).toBe(2_000n * S - 1_000_000n);
    expect(skewAt(readSkew('x0.999999999'), 1n)).toBe(0n);
    expect(skewAt(readSkew('x0.999999999'), -1n)).toBe(-1n);
  });

  test('a step is there from its instant on', () => {
    expect(skewAt(readSkew('step +5s @30s'), 30n * S - 1n)).toBe(30n * S - 1n);
    expect(skewAt(readSkew('step +5s @30s'), 30n * S)).toBe(35n * S);
    expect(at('step +5s @30s step -7s @40s', 50n)).toBe(48n * S);
  });

  test('a strobe is off, then on, then off', () => {
    expect([0n, 1n, 2n, 3n].map((t) => at('strobe 4s/1s', t) - t * S)).toEqual([0n, 4n * S, 0n, 4n * S]);
    expect(skewAt(readSkew('strobe 4s/1s'), S - 1n)).toBe(S - 1n);
  });

  test('a periodic part is a triangle', () => {
    const departure = [0n, 15n, 30n, 45n, 60n, 75n].map((t) => at('periodic 2s/60s', t) - t * S);
    expect(departure).toEqual([0n, 2n * S, 0n, -2n * S, 0n, 2n * S]);
  });

  test('the parts add up, rounded down once', () => {
    // Two thirds and two thirds of a nanosecond make one whole.
    const thirds = 'x1 periodic 1ns/6ns periodic 1ns/6ns';
    expect(skewAt(readSkew(thirds), 1n)).toBe(2n);
    expect(at('+1s x2 step +1s @1s strobe 3s/5s periodic 4s/40s', 10n)).toBe((1n + 20n + 1n + 0n + 4n) * S);
  });
});

describe('the text of a skew', () => {
  test.each([
    ['', 'empty', 'column 1'],
    ['+5', 'no unit', 'column 2'],
    ['+2s 7', 'second offset', 'column 5'],
    ['x1 7', 'no unit', 'column 4'],
    ['+2s x1.0 x2', 'second rate', 'column 10'],
    ['x0', 'not above x0', 'column 1'],
    ['-1000000ppm', 'not above x0', 'column 1'],
    ['x1000.1', 'at most x1000', 'column 1'],
    ['x1.0000000001', 'finer', 'column 1'],
    ['step +5s', 'instant of the step is missing', 'column 9'],
    ['step +5s 30s', 'not an instant', 'column 10'],
    ['step +5s @-30s', 'after the origin', 'column 10'],
    ['step +5s @30', 'no unit', 'column 11'],
    ['strobe 4s', 'size/period', 'column 8'],
    ['strobe 4s/0s', 'above zero', 'column 11'],
    ['wobble 4s', 'not a number', 'column 1'],
    [Array(17).fill('strobe 1s/1s').join(' '), 'more than 16', 'column 209'],
  ])('%j is refused: %s', (text, message, where) => {
    let error: unknown;
    try {
      readSkew(text);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(SkewbedError);
    expect(error).toMatchObject({ code: 'bad-argument', where });
    expect((error as Error).message).toContain(message);
  });

  test('what is formatted reads back as the same skew', () => {
    expect(formatSkew(readSkew('-10m x1.0002 step -5s @30s strobe 4s/1s periodic 2s/60s'))).toBe(
      '-10m x1.0002 step -5s @30s strobe 4s/1s periodic 2s/1m',
    );
    fc.assert(
      fc.property(anySkew, (skew) => {
        expect(readSkew(formatSkew(skew))).toEqual(skew);
      }),
    );
  });
});

describe('deadlines on a skewed clock', () => {
  test('an uptime reaches its deadline at the instant the arithmetic says', () => {
    expect(firstInstantAt(readSkew('200000s'), 1_000_000n * S)).toBe(800_000n * S);
    expect(firstInstantAt(readSkew('200000s'), 100_000n * S)).toBe(0n);
    expect(firstInstantAt(readSkew('x2'), 3n)).toBe(2n);
    expect(firstInstantAt(readSkew('step +5s @30s'), 32n * S)).toBe(30n * S);
    expect(firstInstantAt(readSkew('step +5s @30s'), 36n * S)).toBe(31n * S);
  });

  test('it is the least instant at which the clock shows the value', () => {
    const anyValue = fc.bigInt({ min: -(10n ** 19n), max: 10n ** 20n });
    fc.assert(
      fc.property(monotoneSkew, anyValue, (skew, value) => {
        const t = firstInstantAt(skew, value);
        expect(t).toBeGreaterThanOrEqual(0n);
        expect(skewAt(skew, t)).toBeGreaterThanOrEqual(value);
        if (t > 0n) expect(skewAt(skew, t - 1n)).toBeLessThan(value);
      }),
      { numRuns: 2_000 },
    );
  });

  test('it inverts the clock near every instant, not only far away', () => {
    fc.assert(
      fc.property(monotoneSkew, anyInstant, (skew, t) => {
        const first = firstInstantAt(skew, skewAt(skew, t));
        expect(first).toBeLessThanOrEqual(t);
        expect(skewAt(skew, first)).toBe(skewAt(skew, t));
      }),
      { numRuns: 2_000 },
    );
  });

  test('a clock that goes back has no deadlines', () => {
    expect(() => firstInstantAt(readSkew('step -5s @30s'), S)).toThrow(expect.objectContaining({ code: 'bad-clock' }));
  });
});

describe('clocks that may be an uptime', () => {
  test.each([
    '+0s',
    '-10m x0.5',
    'step +5s @30s',
    'step -5s @0s',
    'step -5s @3s step +5s @3s',
    'periodic 15s/60s',
    'strobe 0s/1s',
  ])('%j never goes back', (text) => expect(isMonotone(readSkew(text))).toBe(true));

  test.each([
    'step -1ns @1s',
    'step -1s @1ns',
    'strobe 1ns/1s',
    'periodic 15.000000001s/60s',
    'x0.5 periodic 10s/60s',
    'periodic 8s/60s periodic 8s/60s',
  ])('%j goes back', (text) => expect(isMonotone(readSkew(text))).toBe(false));

  test('between any two instants a monotone clock does not fall', () => {
    fc.assert(
      fc.property(monotoneSkew, anyInstant, fc.bigInt({ min: 0n, max: 10n ** 12n }), (skew, t, later) => {
        expect(skewAt(skew, t + later)).toBeGreaterThanOrEqual(skewAt(skew, t));
      }),
    );
  });
});

describe('the next step of a clock', () => {
  const next = (text: string, seconds: bigint): bigint | null => nextStepAfter(readSkew(text), seconds * S);

  test('is the first one after that instant, in whatever order they are written', () => {
    expect(next('+0s step +5s @30s step +1s @10s', 0n)).toBe(10n * S);
    expect(next('+0s step +5s @30s step +1s @10s', 10n)).toBe(30n * S);
  });

  test('is none after the last one, nor in a clock that only wobbles', () => {
    expect(next('+0s step +5s @30s', 30n)).toBeNull();
    expect(next('+0s x1.0002 periodic 2s/60s', 0n)).toBeNull();
  });
});
