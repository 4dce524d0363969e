import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EventQueue } from './event-queue.ts';

/** Takes everything out, in order. */
function drain(queue: EventQueue): bigint[] {
  const order: bigint[] = [];
  for (let due = queue.pop(null); due !== null; due = queue.pop(null)) {
    due.fire();
    order.push(due.at);
  }
  return order;
}

describe('the event queue', () => {
  test('gives what a stable sort by time gives, with any part cancelled', () => {
    const entry = fc.record({ at: fc.bigInt({ min: -3n, max: 20n }), cancelled: fc.boolean() });
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 400 }), (entries) => {
        const queue = new EventQueue();
        const fired: number[] = [];
        const handles = entries.map(({ at }, i) => queue.push(at, () => fired.push(i)));
        for (const [i, { cancelled }] of entries.entries()) if (cancelled) handles[i]?.cancel();
        const expected = entries
          .map((one, i) => ({ ...one, i }))
          .filter(({ cancelled }) => !cancelled)
          .sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : a.i - b.i))
          .map(({ i }) => i);
        expect(queue.size).toBe(expected.length);
        drain(queue);
        expect(fired).toEqual(expected);
        expect(queue.size).toBe(0);
      }),
    );
  });

  test('tells apart times that are one as doubles', () => {
    const queue = new EventQueue();
    const big = 2n ** 60n;
    for (const at of [big + 2n, big, big + 1n]) queue.push(at, () => undefined);
    expect(Number(big)).toBe(Number(big + 2n));
    expect(drain(queue)).toEqual([big, big + 1n, big + 2n]);
  });

  test('keeps what is later than asked for', () => {
    const queue = new EventQueue();
    queue.push(10n, () => undefined);
    expect(queue.pop(9n)).toBe(null);
    expect(queue.nextAt()).toBe(10n);
    expect(queue.pop(10n)?.at).toBe(10n);
    expect(queue.nextAt()).toBe(null);
  });

  test('shifts everything without changing the order, and handles still cancel', () => {
    const queue = new EventQueue();
    const order: string[] = [];
    queue.push(5n, () => order.push('a'));
    const gone = queue.push(5n, () => order.push('gone'));
    queue.push(5n, () => order.push('b'));
    queue.push(4n, () => order.push('first'));
    queue.shift(100n);
    gone.cancel();
    queue.push(105n, () => order.push('c'));
    expect(drain(queue)).toEqual([104n, 105n, 105n, 105n]);
    expect(order).toEqual(['first', 'a', 'b', 'c']);
  });

  test('does not grow with what is cancelled', () => {
    const queue = new EventQueue();
    queue.push(1n, () => undefined);
    for (let i = 0; i < 10_000; i++) queue.push(1000n, () => undefined).cancel();
    expect(queue.size).toBe(1);
    expect(drain(queue)).toEqual([1n]);
  });
});
