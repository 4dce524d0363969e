/** What every Timers does, on its Clock. */
import { type TrueNs, trueNs } from '@skewbed/proto/units.ts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Harness, HarnessFactory, Place } from './harness.ts';

const MS = 1_000_000n;

/** Declares the tests of one runtime's clock and timers. */
export function timersSuite(factory: HarnessFactory): void {
  let harness: Harness;
  let place: Place;

  beforeEach(async () => {
    harness = factory();
    place = await harness.start('a');
  });
  afterEach(() => harness.close());

  const soon = (ns: bigint): TrueNs => trueNs(place.clock.now() + ns);

  describe('timers', () => {
    test('fire in the order of their deadlines, those of one deadline in the order in which they were set', async () => {
      const order: string[] = [];
      const first = soon(5n * MS);
      const second = soon(9n * MS);
      place.timers.at(second, () => order.push('second a'));
      place.timers.at(first, () => order.push('first a'));
      place.timers.at(second, () => order.push('second b'));
      place.timers.at(first, () => order.push('first b'));
      await harness.until('all have fired', () => order.length === 4);
      expect(order).toEqual(['first a', 'first b', 'second a', 'second b']);
    });

    test('never fire early', async () => {
      const early: bigint[] = [];
      let left = 40;
      for (let i = 0n; i < 40n; i++) {
        const deadline = soon(i * 300_000n);
        place.timers.at(deadline, () => {
          left--;
          if (place.clock.now() < deadline) early.push(i);
        });
      }
      await harness.until('all have fired', () => left === 0);
      expect(early).toEqual([]);
    });

    test('fire once', async () => {
      let fired = 0;
      place.timers.at(soon(MS), () => fired++);
      let after = false;
      place.timers.at(soon(5n * MS), () => {
        after = true;
      });
      await harness.until('a later one has fired', () => after);
      expect(fired).toBe(1);
    });

    test('in the past fire soon, but not within the call', async () => {
      let fired = 0;
      place.timers.at(trueNs(-5n), () => fired++);
      place.timers.at(place.clock.now(), () => fired++);
      expect(fired).toBe(0);
      await harness.until('both have fired', () => fired === 2);
    });

    test('in the past still come in the order of their deadlines', async () => {
      const order: number[] = [];
      const now = place.clock.now();
      for (const ago of [1, 7, 3]) place.timers.at(trueNs(now - BigInt(ago) * MS), () => order.push(ago));
      await harness.until('all have fired', () => order.length === 3);
      expect(order).toEqual([7, 3, 1]);
    });

    test('cancelled ones do not fire, whether early, twice, or by one of the same deadline', async () => {
      const order: string[] = [];
      const deadline = soon(5n * MS);
      const early = place.timers.at(deadline, () => order.push('cancelled early'));
      early.cancel();
      early.cancel();
      place.timers.at(deadline, () => {
        order.push('canceller');
        victim.cancel();
      });
      const victim = place.timers.at(deadline, () => order.push('victim'));
      place.timers.at(deadline, () => order.push('last'));
      await harness.until('the last has fired', () => order.includes('last'));
      expect(order).toEqual(['canceller', 'last']);
    });

    test('cancelling after firing does nothing', async () => {
      let fired = 0;
      const timer = place.timers.at(soon(0n), () => fired++);
      await harness.until('it has fired', () => fired === 1);
      timer.cancel();
      place.timers.at(soon(0n), () => fired++);
      await harness.until('the next has fired', () => fired === 2);
    });

    test('may set timers from timers, for the past too', async () => {
      let fired = 0;
      const again = (): void => {
        if (++fired < 100) place.timers.at(trueNs(0n), again);
      };
      again();
      await harness.until('all have fired', () => fired === 100);
    });

    test('a century ahead holds still while others fire', async () => {
      let wrong = false;
      const far = place.timers.at(soon(36_525n * 86_400n * 1_000n * MS), () => {
        wrong = true;
      });
      let fired = false;
      place.timers.at(soon(MS), () => {
        fired = true;
      });
      await harness.until('the near one has fired', () => fired);
      far.cancel();
      expect(wrong).toBe(false);
    });
  });

  test('the clock never goes back', async () => {
    let last = place.clock.now();
    let back = false;
    let left = 50;
    const look = (): void => {
      const now = place.clock.now();
      if (now < last) back = true;
      last = now;
      if (--left > 0) place.timers.at(soon(10_000n), look);
    };
    look();
    await harness.until('it was looked at often', () => left === 0);
    expect(back).toBe(false);
    expect(place.clock.uncertainty()).toBe(0n);
  });
}
