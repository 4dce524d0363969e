import { type TrueNs, trueNs } from '@skewbed/proto/units.ts';
import { describe, expect, test } from 'vitest';
import { type Alarm, LiveTimers } from './timers.ts';

const MS = 1_000_000n;
const DAY_MS = 86_400_000n;

/** A clock and an alarm which the test moves by hand. */
function workbench() {
  let now = 0n;
  let armed: { ms: number; wake: () => void } | null = null;
  const waits: number[] = [];
  const alarm: Alarm = (ms, wake) => {
    const mine = { ms, wake };
    armed = mine;
    waits.push(ms);
    return () => {
      if (armed === mine) armed = null;
    };
  };
  const timers = new LiveTimers({ now: (): TrueNs => trueNs(now), uncertainty: () => 0n }, alarm);
  return {
    timers,
    waits,
    armed: () => armed !== null,
    /** The alarm goes off, at this time. */
    wake(at: bigint) {
      now = at;
      const mine = armed as { wake: () => void } | null;
      armed = null;
      mine?.wake();
    },
    setClock(at: bigint) {
      now = at;
    },
  };
}

describe('live timers', () => {
  test('wait in stretches that setTimeout can hold', () => {
    const bench = workbench();
    let fired = false;
    bench.timers.at(trueNs(40n * DAY_MS * MS), () => {
      fired = true;
    });
    expect(bench.waits).toEqual([2_147_483_647]);
    bench.wake(2_147_483_647n * MS);
    expect(bench.waits[1]).toBe(Number(40n * DAY_MS - 2_147_483_647n));
    expect(fired).toBe(false);
    bench.wake(40n * DAY_MS * MS);
    expect(fired).toBe(true);
    expect(bench.armed()).toBe(false);
  });

  test('woken early wait for the rest, in whole milliseconds rounded up', () => {
    const bench = workbench();
    let fired = 0;
    bench.timers.at(trueNs(10n * MS + 1n), () => fired++);
    expect(bench.waits).toEqual([11]);
    bench.wake(10n * MS);
    expect(fired).toBe(0);
    expect(bench.waits).toEqual([11, 1]);
    bench.wake(10n * MS + 1n);
    expect(fired).toBe(1);
  });

  test('a nearer deadline sets the alarm anew, a farther one leaves it', () => {
    const bench = workbench();
    bench.timers.at(trueNs(10n * MS), () => undefined);
    bench.timers.at(trueNs(20n * MS), () => undefined);
    bench.timers.at(trueNs(5n * MS), () => undefined);
    expect(bench.waits).toEqual([10, 5]);
  });

  test('no alarm is left when every timer was cancelled: the process may end', () => {
    const bench = workbench();
    const one = bench.timers.at(trueNs(10n * MS), () => undefined);
    const two = bench.timers.at(trueNs(20n * MS), () => undefined);
    one.cancel();
    expect(bench.armed()).toBe(true);
    two.cancel();
    expect(bench.armed()).toBe(false);
  });

  test('a late wake fires everything that is due, in order, at its own deadline', () => {
    const bench = workbench();
    const order: number[] = [];
    for (const ms of [3, 1, 2, 9]) bench.timers.at(trueNs(BigInt(ms) * MS), () => order.push(ms));
    bench.wake(5n * MS);
    expect(order).toEqual([1, 2, 3]);
  });

  test('one that keeps setting itself for the past does not hold the event loop', () => {
    const bench = workbench();
    let fired = 0;
    const again = (): void => {
      fired++;
      bench.timers.at(trueNs(0n), again);
    };
    bench.timers.at(trueNs(0n), again);
    bench.wake(0n);
    expect(fired).toBe(1);
    expect(bench.armed()).toBe(true);
  });

  test('what one throws does not lose the others', () => {
    const bench = workbench();
    let fired = false;
    bench.timers.at(trueNs(1n), () => {
      throw new Error('from inside');
    });
    bench.timers.at(trueNs(2n), () => {
      fired = true;
    });
    expect(() => bench.wake(5n)).toThrow('from inside');
    expect(bench.armed()).toBe(true);
    bench.wake(5n);
    expect(fired).toBe(true);
  });

  test('a better clock sets the alarm anew; a stepped one takes its deadlines along', () => {
    const bench = workbench();
    let fired = false;
    bench.timers.at(trueNs(10n * MS), () => {
      fired = true;
    });
    bench.setClock(4n * MS);
    bench.timers.clockAdjusted(0n);
    expect(bench.waits).toEqual([10, 6]);
    bench.setClock(1004n * MS);
    bench.timers.clockAdjusted(1000n * MS);
    expect(bench.waits).toEqual([10, 6, 6]);
    bench.wake(1009n * MS);
    expect(fired).toBe(false);
    bench.wake(1010n * MS);
    expect(fired).toBe(true);
  });
});
