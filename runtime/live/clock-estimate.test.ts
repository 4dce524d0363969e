import { trueNs } from '@skewbed/proto/units.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EstimatedClock } from './clock.ts';
import { ClockEstimate, UNKNOWN_NS } from './clock-estimate.ts';

const US = 1_000n;
const MS = 1_000_000n;

describe('the estimate of true time', () => {
  test('is the middle of the round trip, and half of it is not known', () => {
    const estimate = new ClockEstimate();
    estimate.sample({ sentLocalNs: 1000n * MS, trueNs: trueNs(7000n * MS), receivedLocalNs: 1004n * MS });
    expect(estimate.trueAt(1004n * MS)).toBe(7002n * MS);
    expect(estimate.uncertaintyAt(1004n * MS)).toBe(2n * MS);
  });

  test('always contains the truth, whatever the two ways take and however the clocks drift', () => {
    const trip = fc.record({
      gapNs: fc.bigInt({ min: 0n, max: 2_000n * MS }),
      outNs: fc.bigInt({ min: 0n, max: 50n * MS }),
      backNs: fc.bigInt({ min: 0n, max: 50n * MS }),
    });
    fc.assert(
      fc.property(
        fc.array(trip, { minLength: 1, maxLength: 60 }),
        fc.bigInt({ min: -(10n ** 18n), max: 10n ** 18n }),
        fc.integer({ min: -190, max: 190 }),
        (trips, offsetNs, ppm) => {
          const trueOf = (local: bigint): bigint => local + offsetNs + (local * BigInt(ppm)) / 1_000_000n;
          const estimate = new ClockEstimate();
          let local = 0n;
          let last: bigint | null = null;
          for (const { gapNs, outNs, backNs } of trips) {
            local += gapNs;
            const sentLocalNs = local;
            const answered = trueNs(trueOf(local + outNs));
            local += outNs + backNs;
            estimate.sample({ sentLocalNs, trueNs: answered, receivedLocalNs: local });
            const shown = estimate.trueAt(local);
            const error = shown - trueOf(local);
            // One microsecond for roundings and for the drift within a round trip.
            expect((error < 0n ? -error : error) <= estimate.uncertaintyAt(local) + 20n * US).toBe(true);
            if (last !== null) expect(shown >= last).toBe(true);
            last = shown;
          }
        },
      ),
    );
  });

  test('keeps the best round trip while it is young, and gives it up when drift has eaten its advantage', () => {
    const estimate = new ClockEstimate();
    estimate.sample({ sentLocalNs: 0n, trueNs: trueNs(0n), receivedLocalNs: 20n * US });
    estimate.sample({ sentLocalNs: 100n * MS, trueNs: trueNs(100n * MS), receivedLocalNs: 104n * MS });
    expect(estimate.uncertaintyAt(104n * MS)).toBeLessThan(40n * US);
    estimate.sample({ sentLocalNs: 60_000n * MS, trueNs: trueNs(60_000n * MS), receivedLocalNs: 60_004n * MS });
    expect(estimate.uncertaintyAt(60_004n * MS)).toBe(2n * MS);
  });

  test('waits instead of going back, and says that it is off', () => {
    const estimate = new ClockEstimate();
    estimate.sample({ sentLocalNs: 0n, trueNs: trueNs(100n * MS), receivedLocalNs: 10n * MS });
    const shown = estimate.trueAt(10n * MS);
    expect(shown).toBe(105n * MS);
    // A better one: true time was 101 ms at local 11 ms, and not 106 ms.
    estimate.sample({ sentLocalNs: 11n * MS, trueNs: trueNs(101n * MS), receivedLocalNs: 11n * MS });
    expect(estimate.trueAt(12n * MS)).toBe(shown);
    expect(estimate.uncertaintyAt(12n * MS)).toBeGreaterThanOrEqual(3n * MS);
    expect(estimate.trueAt(16n * MS)).toBe(106n * MS);
  });

  test('before the first sample runs on local time and knows nothing; the first one steps it', () => {
    const estimate = new ClockEstimate();
    expect(estimate.trueAt(5n)).toBe(5n);
    expect(estimate.uncertaintyAt(5n)).toBe(UNKNOWN_NS);
    const stepped = estimate.sample({ sentLocalNs: 10n, trueNs: trueNs(3n), receivedLocalNs: 10n });
    expect(stepped).toBe(-7n);
    expect(estimate.trueAt(10n)).toBe(3n);
  });

  test('steps when a sample is beyond all drift: another coordinator, or a machine that has slept', () => {
    const estimate = new ClockEstimate();
    const at = (local: bigint, truth: bigint): bigint =>
      estimate.sample({ sentLocalNs: local, trueNs: trueNs(truth), receivedLocalNs: local });
    at(0n, 5000n * MS);
    expect(at(10n * MS, 5010n * MS)).toBe(0n);
    expect(estimate.trueAt(20n * MS)).toBe(5020n * MS);
    expect(at(30n * MS, 30n * MS)).toBe(-5000n * MS);
    expect(estimate.trueAt(30n * MS)).toBe(30n * MS);
    expect(estimate.uncertaintyAt(30n * MS)).toBe(0n);
    expect(at(40n * MS, 90_000n * MS)).toBe(89_960n * MS);
  });

  test('a contradiction of less than a second is believed, but waited for', () => {
    const estimate = new ClockEstimate();
    estimate.sample({ sentLocalNs: 0n, trueNs: trueNs(5000n * MS), receivedLocalNs: 0n });
    const shown = estimate.trueAt(10n * MS);
    expect(estimate.sample({ sentLocalNs: 10n * MS, trueNs: trueNs(4510n * MS), receivedLocalNs: 10n * MS })).toBe(0n);
    expect(estimate.trueAt(20n * MS)).toBe(shown);
    expect(estimate.uncertaintyAt(20n * MS)).toBeGreaterThanOrEqual(490n * MS);
    expect(estimate.trueAt(1000n * MS)).toBe(5500n * MS);
  });

  test('refuses an answer that came before its question', () => {
    const estimate = new ClockEstimate();
    expect(() => estimate.sample({ sentLocalNs: 2n, trueNs: trueNs(0n), receivedLocalNs: 1n })).toThrow(
      /before it was sent/,
    );
  });
});

test('the clock of a process tells its listeners of every sample, and by how much it stepped', () => {
  let local = 50n;
  const clock = new EstimatedClock(() => local);
  const heard: bigint[] = [];
  clock.onAdjusted((steppedNs) => heard.push(steppedNs));
  expect(clock.synchronised).toBe(false);
  clock.sample({ sentLocalNs: 50n, trueNs: trueNs(1050n), receivedLocalNs: 50n });
  local = 60n;
  clock.sample({ sentLocalNs: 60n, trueNs: trueNs(1060n), receivedLocalNs: 60n });
  expect(heard).toEqual([1000n, 0n]);
  expect(clock.now()).toBe(1060n);
  expect(clock.synchronised).toBe(true);
});
